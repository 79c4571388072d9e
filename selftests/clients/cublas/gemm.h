/* SPDX-License-Identifier: MIT */
/* Kinds of matrix products and the shapes that each is tried in. */
#ifndef SELFTESTS_CLIENTS_GEMM_H
#define SELFTESTS_CLIENTS_GEMM_H

#include <string>
#include <vector>
#include "rig.h"

enum gemm_how { PLAIN, EX, STRIDED, POINTERS };

struct gemm_kind {
	const char *name;
	cudaDataType in, out;
	cublasComputeType_t compute;
	enum gemm_how how;
	int batch;	/* 0: none */
};

/* op(A) is m x k, op(B) k x n, C m x n. */
struct gemm_shape {
	int m, n, k;
	bool ta, tb;
	int lda, ldb, ldc;
	double alpha, beta;
	int batch;
};

#define GEMM_SHAPES 208

/* GEMM_SHAPES shapes as @kind admits them, always the same ones. */
std::vector<gemm_shape> gemm_shapes(const gemm_kind &kind);

/* From M N K TA TB LDA LDB LDC ALPHA BETA BATCH. */
gemm_shape gemm_parse(char **word);
/* As gemm_parse() reads it. */
std::string gemm_text(const gemm_shape &s);

#endif
