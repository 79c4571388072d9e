/* SPDX-License-Identifier: MIT */
/*
 * The number formats that matrices come in: how a double becomes one, what it is worth,
 * and the roundoff from which error bounds are derived.
 */
#ifndef SELFTESTS_CLIENTS_NUMBERS_H
#define SELFTESTS_CLIENTS_NUMBERS_H

#include <cmath>
#include <cstdint>
#include <cstring>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <library_types.h>

/* Half the distance between 1 and the next number; 0: sums are exact. */
static inline double number_roundoff(cudaDataType t)
{
	switch (t) {
	case CUDA_R_16BF:
		return ldexp(1, -8);
	case CUDA_R_16F:
		return ldexp(1, -11);
	case CUDA_R_32F:
		return ldexp(1, -24);
	case CUDA_R_64F:
		return ldexp(1, -53);
	default:
		return 0;
	}
}

/* The smallest distance between two numbers: what underflow may cost. */
static inline double number_tiny(cudaDataType t)
{
	switch (t) {
	case CUDA_R_16F:
		return ldexp(1, -24);
	case CUDA_R_16BF:
	case CUDA_R_32F:
		return ldexp(1, -126);	/* denormals may be flushed */
	default:
		return 0;
	}
}

static inline size_t number_size(cudaDataType t)
{
	switch (t) {
	case CUDA_R_8I:
		return 1;
	case CUDA_R_16F:
	case CUDA_R_16BF:
		return 2;
	case CUDA_R_64F:
		return 8;
	default:
		return 4;
	}
}

/* @value as the number at index @at of the array @to. */
static inline void number_put(cudaDataType t, void *to, size_t at, double value)
{
	char *p = (char *)to + at * number_size(t);
	__half h = __float2half((float)value);
	__nv_bfloat16 b = __float2bfloat16((float)value);
	float f = (float)value;
	int8_t c = (int8_t)value;
	int32_t i = (int32_t)value;

	switch (t) {
	case CUDA_R_16F:
		memcpy(p, &h, 2);
		break;
	case CUDA_R_16BF:
		memcpy(p, &b, 2);
		break;
	case CUDA_R_32F:
		memcpy(p, &f, 4);
		break;
	case CUDA_R_64F:
		memcpy(p, &value, 8);
		break;
	case CUDA_R_8I:
		memcpy(p, &c, 1);
		break;
	default:
		memcpy(p, &i, 4);
	}
}

static inline double number_get(cudaDataType t, const void *from, size_t at)
{
	const char *p = (const char *)from + at * number_size(t);
	__nv_bfloat16 b;
	__half h;
	double d;
	float f;
	int32_t i;

	switch (t) {
	case CUDA_R_16F:
		memcpy(&h, p, 2);
		return __half2float(h);
	case CUDA_R_16BF:
		memcpy(&b, p, 2);
		return __bfloat162float(b);
	case CUDA_R_32F:
		memcpy(&f, p, 4);
		return f;
	case CUDA_R_64F:
		memcpy(&d, p, 8);
		return d;
	case CUDA_R_8I:
		return *(const int8_t *)p;
	default:
		memcpy(&i, p, 4);
		return i;
	}
}

#endif
