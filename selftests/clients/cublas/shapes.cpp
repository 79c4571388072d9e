// SPDX-License-Identifier: MIT
// The shapes: edges of tiles and their neighbours, vectors, long and flat ones; random leading
// dimensions, transposes, alpha and beta (gemm.h).
#include "gemm.h"

static const int sizes[] = { 1, 2, 3, 5, 7, 8, 13, 16, 17, 29, 31, 32, 33, 47, 63, 64, 65, 96, 100,
			     127, 128, 129, 160, 191, 200, 255, 256, 257 };
static const int depths[] = { 1, 2, 4, 7, 8, 15, 16, 17, 31, 32, 33, 60, 64, 65, 100, 127, 128, 129,
			      256, 300, 511, 513, 1024, 1500 };
static const double factors[] = { 1, 1, -0.5, 2, 1.25, 0.375 };

template <size_t N> static int pick(const int (&of)[N], uint32_t &seed)
{
	return of[check_random(seed) % N];
}

/* A size no smaller than @least, often with a gap, a multiple of @unit. */
static int leading(int least, int unit, uint32_t &seed)
{
	static const int gaps[] = { 0, 0, 1, 2, 3, 7, 16 };

	least += pick(gaps, seed);
	return (least + unit - 1) / unit * unit;
}

std::vector<gemm_shape> gemm_shapes(const gemm_kind &kind)
{
	bool whole = kind.compute == CUBLAS_COMPUTE_32I;
	int unit = kind.in == CUDA_R_8I ? 4 : 1;	/* what cuBLAS documents for bytes */
	std::vector<gemm_shape> list;
	uint32_t seed = 20171;

	while (list.size() < GEMM_SHAPES) {
		gemm_shape s;

		s.m = pick(sizes, seed);
		s.n = pick(sizes, seed);
		s.k = pick(depths, seed);
		s.ta = check_random(seed) & 1;
		s.tb = check_random(seed) & 1;
		s.alpha = factors[check_random(seed) % 6];
		s.beta = check_random(seed) & 1 ? factors[check_random(seed) % 6] : 0;
		if (whole) {
			s.alpha = s.alpha > 1 ? 2 : 1;
			s.beta = s.beta != 0;
		}
		if (kind.in == CUDA_R_8I) {
			s.m = (s.m + 3) & ~3;
			s.k = (s.k + 3) & ~3;
		}
		s.lda = leading(s.ta ? s.k : s.m, unit, seed);
		s.ldb = leading(s.tb ? s.n : s.k, unit, seed);
		s.ldc = leading(s.m, unit, seed);
		s.batch = kind.batch ? kind.batch : 1;
		list.push_back(s);
	}
	return list;
}

gemm_shape gemm_parse(char **w)
{
	gemm_shape s = { atoi(w[0]), atoi(w[1]), atoi(w[2]), *w[3] == '1', *w[4] == '1', atoi(w[5]),
			 atoi(w[6]), atoi(w[7]), atof(w[8]), atof(w[9]), atoi(w[10]) };

	return s;
}

std::string gemm_text(const gemm_shape &s)
{
	char t[200];

	snprintf(t, sizeof(t), "%d %d %d %d %d %d %d %d %g %g %d", s.m, s.n, s.k, s.ta, s.tb, s.lda,
		 s.ldb, s.ldc, s.alpha, s.beta, s.batch);
	return t;
}
