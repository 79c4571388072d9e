// SPDX-License-Identifier: MIT
/*
 * Matrix products against PTX's own statement of the layouts: for each kind, element (i, k) of A, (k, j) of
 * B and (i, j) of C and D are put where the PTX ISA's formulas say, and the product is made in double.
 * Values are small integers, so that every sum is exact. Built once for each handler set's flags.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/engine_os.h"

#define ENG_LANES 32
#ifndef ENG_HAVE_FMA
#define ENG_HAVE_FMA 0
#define ENG_HAVE_F16C 0
static double num_dfma_soft(double a, double b, double c)
{
	return fma(a, b, c);
}
#else
#include <immintrin.h>
#endif
#include "../../driver/engine/num_mma.h"
#include "tap.h"

static int bits_of_type(int type)
{
	switch (type) {
	case MMA_F64: return 64;
	case MMA_TF32: return 32;
	case MMA_F16: case MMA_BF16: return 16;
	case MMA_I8: case MMA_F8: return 8;
	case MMA_B1: return 1;
	default: return 4;
	}
}

/* The bits of the small integer @v (0..3, for f4 and bits 0..1) as an element of @type */
static uint64_t encode(int type, int v)
{
	static const unsigned e4m3[] = { 0, 0x38, 0x40, 0x44 }, e2m1[] = { 0, 2, 4, 5 };
	float f = v;
	double d = v;
	uint64_t u = 0;

	switch (type) {
	case MMA_F64: memcpy(&u, &d, 8); return u;
	case MMA_TF32: memcpy(&u, &f, 4); return u;
	case MMA_BF16: memcpy(&u, &f, 4); return u >> 16;
	case MMA_F16: return mma_to_half(f);
	case MMA_F8: return e4m3[v];
	case MMA_F4: return e2m1[v];
	default: return v;
	}
}

/*
 * PTX: of a row of A (or column of B), the lane group (lane >> 2) holds the row; lane & 3 holds
 * consecutive elements that fill a register; @reg counts registers.
 */
static void place(uint32_t *regs, int type, int reg, int group, int element, uint64_t v)
{
	int bits = bits_of_type(type);

	if (bits == 64) {
		((uint64_t *)regs)[reg * 32 + group * 4 + element] = v;
		return;
	}
	int per = 32 / bits, lane = group * 4 + element / per;

	regs[reg * 32 + lane] |= (uint32_t)v << element % per * bits;
}

static void place_ab(uint32_t *a, uint32_t *b, const struct mma_kind *k, int av[16][256], int bv[256][8])
{
	int per_tile = k->type == MMA_F64 ? 4 : 128 / bits_of_type(k->type);

	for (int kk = 0; kk < k->k; kk++) {
		for (int i = 0; i < k->m; i++)
			place(a, k->type, kk / per_tile * (k->m / 8) + i / 8, i % 8, kk % per_tile,
			      encode(k->type, av[i][kk]));
		for (int j = 0; j < 8; j++)
			place(b, k->type, kk / per_tile, j, kk % per_tile, encode(k->type, bv[kk][j]));
	}
}

/* C and D: row i, columns 2 * (lane & 3) and the next */
static double get_d(const uint32_t *d, const struct mma_kind *k, int i, int j)
{
	int lane = i % 8 * 4 + j / 2;
	double v;
	float f;

	switch (k->ctype) {
	case MMA_F64:
		memcpy(&v, (const uint64_t *)d + (i / 8 * 2 + (j & 1)) * 32 + lane, 8);
		return v;
	case MMA_F16:
		return mma_small(d[i / 8 * 32 + lane] >> 16 * (j & 1) & 0xffff, 5, 10);
	case MMA_S32:
		return (int32_t)d[(i / 8 * 2 + (j & 1)) * 32 + lane];
	default:
		memcpy(&f, d + (i / 8 * 2 + (j & 1)) * 32 + lane, 4);
		return f;
	}
}

static void test_kind(int index, const char *name)
{
	static int av[16][256], bv[256][8];
	static uint32_t a[16 * 32] __attribute__((aligned(64))), b[8 * 32] __attribute__((aligned(64)));
	static uint32_t d[8 * 32] __attribute__((aligned(64)));
	const struct mma_kind *k = &mma_kinds[index];
	int good = 1, top = k->type == MMA_B1 ? 2 : 4;

	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	for (int kk = 0; kk < k->k; kk++) {
		for (int i = 0; i < k->m; i++)
			av[i][kk] = rand() % top;
		for (int j = 0; j < 8; j++)
			bv[kk][j] = rand() % top;
	}
	place_ab(a, b, k, av, bv);
	/* twice: D of the first is C of the second */
	mma_run(d, a, b, NULL, index);
	mma_run(d, a, b, d, index);
	for (int i = 0; i < k->m; i++)
		for (int j = 0; j < 8; j++) {
			double want = 0;

			for (int kk = 0; kk < k->k; kk++)
				want += av[i][kk] * bv[kk][j];
			good &= get_d(d, k, i, j) == 2 * want;
		}
	tap_result(good, "%s", name);
}

/* Scaled products: row i of A counts 2^(i % 3), column j of B 2^(j % 2), by PTX's places of scales */
static void test_scaled(int index, const char *name, uint32_t mod)
{
	static int av[16][256], bv[256][8];
	static uint32_t a[4 * 32] __attribute__((aligned(64))), b[2 * 32] __attribute__((aligned(64)));
	static uint32_t d[4 * 32] __attribute__((aligned(64))), scale[2 * 32];
	const struct mma_kind *k = &mma_kinds[index];
	const int atid = 1, btid = 2;
	int good = 1;

	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	memset(d, 0, sizeof(d));
	memset(scale, 0xff, sizeof(scale));	/* NaN where nothing should be read */
	for (int kk = 0; kk < k->k; kk++) {
		for (int i = 0; i < 16; i++)
			av[i][kk] = rand() % 4;
		for (int j = 0; j < 8; j++)
			bv[kk][j] = rand() % 4;
	}
	place_ab(a, b, k, av, bv);
	/* thread-id-a names the pair of lanes of a quad: the even one scales row g, the odd one g + 8 */
	for (int i = 0; i < 16; i++)
		scale[i % 8 * 4 + atid * 2 + i / 8] = (127 + i % 3) * 0x01010101u;
	for (int j = 0; j < 8; j++)
		scale[32 + j * 4 + btid] = (127 + j % 2) * 0x01010101u;
	mma_run_scaled(d, a, b, scale, index | VGPU_MMA_TID_A(atid) | VGPU_MMA_TID_B(btid), mod);
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 8; j++) {
			double want = 0;

			for (int kk = 0; kk < k->k; kk++)
				want += av[i][kk] * bv[kk][j];
			good &= get_d(d, k, i, j) == want * (1 << (i % 3 + j % 2));
		}
	tap_result(good, "%s", name);
}

static void test_transpose(void)
{
	uint16_t in[64], out[64];
	int good = 1;

	for (int i = 0; i < 64; i++)
		in[i] = i * 1001;
	mma_movmatrix((uint32_t *)out, (const uint32_t *)in);
	for (int i = 0; i < 64; i++)
		good &= out[i] == in[i % 8 * 8 + i / 8];
	tap_result(good, "movmatrix");
}

static void test_rounding(void)
{
	int good = 1;

	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t u[3];
		float f[3];

		for (int k = 0; k < 3; k++) {
			u[k] = (uint32_t)rand() << 16 ^ (uint32_t)rand();
			if (i & 1)	/* near each other, where sums cancel */
				u[k] = (u[k] & 0x83ffffff) | 0x3c000000;
			memcpy(&f[k], &u[k], 4);
		}
		float got = mma_fma1(f[0], f[1], f[2]), want = fmaf(f[0], f[1], f[2]);

		good &= !memcmp(&got, &want, 4) || (got != got && want != want);
	}
	tap_result(good, "fma is rounded once");
}

int main(void)
{
#define _(NAME, ...) test_kind(VGPU_MMA_##NAME, #NAME);
	VGPU_MMA_KINDS(_)
#undef _
	test_scaled(VGPU_MMA_M16N8K32_F8_F32, "scaled mxf8, one scale", 0);
	test_scaled(VGPU_MMA_M16N8K64_F4_F32, "scaled mxf4, two scales", 1);
	test_scaled(VGPU_MMA_M16N8K64_F4_F32, "scaled mxf4, four scales", 2);
	test_transpose();
	test_rounding();
	return tap_end();
}
