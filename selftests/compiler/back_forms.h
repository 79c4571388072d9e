/* SPDX-License-Identifier: MIT */
/*
 * Forms of PTX that few programs have, run: what they must give is computed here from the
 * PTX ISA's description. Included by back_run.c.
 */

static s64 clamp_to(s64 v, s64 lo, s64 hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static s64 byte_of(u32 v, u32 k, bool is_signed)
{
	u8 b = v >> 8 * k;

	return is_signed ? (s8)b : b;
}

static s64 half_of(u32 v, u32 k, bool is_signed)
{
	u16 h = v >> 16 * k;

	return is_signed ? (s16)h : h;
}

/* vavrg4.s32.s32.u32.sat d.b310, a.b7430, b.b1256: parts 4 to 7 are the second register's */
static u32 average4(u32 a, u32 b, u32 c)
{
	static const u8 from_a[] = { 0, 3, 4, 7 }, from_b[] = { 6, 5, 2, 1 };
	u32 k, d = c;

	for (k = 0; k < 4; k++) {
		s64 x = byte_of(from_a[k] < 4 ? a : b, from_a[k] & 3, true);
		s64 y = byte_of(from_b[k] < 4 ? a : b, from_b[k] & 3, false), t = x + y;

		t = clamp_to(t >= 0 ? (t + 1) >> 1 : t >> 1, -128, 127);
		if (k != 2)
			d = (d & ~(255u << 8 * k)) | (u32)(t & 255) << 8 * k;
	}
	return d;
}

static bool test_video(void)
{
	const u32 c = 0x12345678;
	u64 o = take(64 * 32);
	u32 i, k;

	if (LAUNCH("video", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++) {
		u32 a = i * 0x01030507u + 0x80c0ff01u, b = i * 0xfefdfb11u + 0x7f3e2211u, want[8];
		const u32 *got = (u32 *)at(o) + 8 * i;
		s64 t;

		want[0] = clamp_to((s64)(s32)a + (s32)b, INT32_MIN, INT32_MAX);
		t = clamp_to(byte_of(a, 3, false) - half_of(b, 1, true), 0, UINT32_MAX);
		want[1] = (u32)t > c ? t : c;
		t = half_of(a, 0, true) - byte_of(b, 2, false);
		t = clamp_to(t < 0 ? -t : t, -128, 127);
		want[2] = (c & ~0xff00u) | (u32)(t & 255) << 8;
		want[3] = (i > 31 ? 0 : a >> i) + c;
		t = (s64)(((__int128)(s32)a * b - c) >> 7);
		want[4] = clamp_to(t, INT32_MIN, INT32_MAX);
		want[5] = half_of(a, 1, true) < byte_of(b, 0, false);
		want[6] = average4(a, b, c);
		/* the upper parts: half 3 is b's upper one, half 0 a's lower one */
		want[7] = c + (u32)(half_of(b, 1, true) + half_of(a, 0, true));
		for (k = 0; k < 8; k++)
			if (got[k] != want[k]) {
				note("video: thread %u, %u: %x, want %x", i, k, got[k], want[k]);
				return false;
			}
	}
	return true;
}

static bool test_wide128(void)
{
	u64 o = take(64), *r = at(o), k;

	for (k = 0; k < 8; k++)
		r[k] = 0x1111111111111111ull * (k + 1);
	return LAUNCH("wide128", &warp2, o) == ENGINE_DONE &&
	       /* exchanged, then replaced, for it was what it was compared with */
	       r[2] == 0x3333333333333334ull && r[3] == 0x4444444444444444ull &&
	       r[4] == 0x1111111111111111ull && r[5] == 0x2222222222222222ull &&
	       r[6] == 0x3333333333333334ull && r[7] == 0x8888888888888888ull;
}

static bool test_carries(void)
{
	u64 o = take(256);
	u32 i, *r = at(o);

	if (LAUNCH("carries", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != i + (i & 1 ? 100 : 1000) + (i & 2 ? 1 : 0))
			return false;
	return true;
}

static bool test_some_reduce(void)
{
	u64 o = take(256);
	u32 i, *r = at(o);

	if (LAUNCH("some_reduce", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != (i & 1 ? 5 + 1000 : 777 + 1000 + 5000)) {
			note("some_reduce: thread %u has %u", i, r[i]);
			return false;
		}
	return true;
}

static bool test_bulk(void)
{
	u64 o = take(512), from = take(256);
	u32 i, *r = at(o), *f = at(from);

	for (i = 0; i < 64; i++)
		f[i] = i * i;
	for (i = 0; i < 32; i++)
		r[64 + i] = 7;
	if (LAUNCH("bulk", &warp2, o, from) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != i * i + i || (i < 32 && r[64 + i] != i * i + i + 7))
			return false;
	return true;
}

/* The 16-byte unit of a 64-byte span that row @y's unit @u is found in. */
static u32 swizzled(u32 y, u32 u)
{
	return u ^ (y / 2 & 3);
}

static bool test_tensor(void)
{
	u64 src = take(20 * 10 * 4), dst = take(20 * 10 * 4), m = take(128), m2 = take(128), o = take(512);
	struct vgpu_tensor_map *map = at(m), *map2 = at(m2);
	u32 x, y, *s = at(src), *d = at(dst), *r = at(o);

	for (x = 0; x < 200; x++) {
		s[x] = 1000 + x;
		d[x] = 5;
	}
	*map = (struct vgpu_tensor_map){
		.magic = VGPU_TENSOR_MAGIC, .rank = 1, .type = VGPU_TENSOR_U32, .address = src,
		.swizzle = VGPU_TENSOR_SWIZZLE_64B, .dim = { 20, 10 }, .box = { 16, 8 },
		.step = { 1, 1 }, .stride = { 80 },
	};
	*map2 = *map;
	map2->address = dst;
	if (LAUNCH("tensor", &warp2, o, m, m2) != ENGINE_DONE)
		return false;
	for (y = 0; y < 8; y++)
		for (x = 0; x < 16; x++) {
			bool in = x >= 3 && y + 5 < 10;
			u32 want = in ? 1000 + (y + 5) * 20 + x - 3 : 0, sx, sy;

			if (r[y * 16 + swizzled(y, x / 4) * 4 + x % 4] != want)
				return false;
			/* stored at (12, -2), added at (0, 1) */
			sx = 12 + x;
			sy = y - 2;
			if (sx < 20 && sy < 10 && sx >= 16 && d[sy * 20 + sx] != want)
				return false;
			if (x < 12 && y + 1 > 5 && y + 1 < 10 && d[(y + 1) * 20 + x] != want + 5)
				return false;
		}
	map->rank = 4;	/* not what the instruction says */
	return LAUNCH("tensor", &warp2, o, m, m2) == ENGINE_FAULT &&
	       fault.kind == VGPU_STOP_ILLEGAL_INSTRUCTION;
}

/* Small whole numbers as f16: all sums are exact. */
static u16 half_number(s32 v)
{
	u32 a = v < 0 ? -v : v, e = 31 - __builtin_clz(a | 1);

	return !a ? 0 : (v < 0 ? 0x8000 : 0) | (e + 15) << 10 | ((a << 10 >> e) & 0x3ff);
}

static bool test_quads(void)
{
	const struct shape warp = { .grid = 1, .block = { 32, 1, 1 }, .cls = -1 };
	s32 a[4][8][4], b[4][4][8], c[4][8][8];
	u64 o = take(32 * 80);
	u8 *mem = at(o);
	u32 q, x, i, k;

	for (q = 0; q < 4; q++)
		for (x = 0; x < 8; x++) {
			u16 *p = (u16 *)(mem + 80 * (4 * q + (x < 4 ? x : 12 + x)));

			for (i = 0; i < 4; i++) {
				a[q][x][i] = (s32)(q * 7 + x * 3 + i * 5) % 11 - 5;
				b[q][i][x] = (s32)(q * 5 + x * 2 + i * 3) % 13 - 6;
				p[i] = half_number(a[q][x][i]);
				p[4 + i] = half_number(b[q][i][x]);
			}
			for (i = 0; i < 8; i++) {
				c[q][x][i] = (s32)(q + x * 8 + i) - 30;
				p[8 + i] = half_number(c[q][x][i]);
			}
		}
	if (LAUNCH("quads", &warp, o) != ENGINE_DONE)
		return false;
	for (q = 0; q < 4; q++)
		for (x = 0; x < 8; x++) {
			const u8 *p = mem + 80 * (4 * q + (x < 4 ? x : 12 + x));

			for (i = 0; i < 8; i++) {
				u32 row = (x & 1) + (i & 2) + (x & 4), col = (i & 4) + (x & 2) + (i & 1);
				s32 one = c[q][row][col], two = c[q][x][i];

				for (k = 0; k < 4; k++) {
					one += a[q][row][k] * b[q][k][col];
					two += 2 * a[q][x][k] * b[q][k][i];
				}
				if (((const float *)(p + 32))[i] != one ||
				    ((const u16 *)(p + 64))[i] != half_number(two)) {
					note("quads: %u %u %u", q, x, i);
					return false;
				}
			}
		}
	return true;
}

/* Elements of the test of wmma: small whole numbers that differ with place and matrix. */
static s32 element(u32 which, u32 i, u32 j)
{
	return (s32)(which * 5 + i * 3 + j * 7) % 13 - 6;
}

static s32 dot(u32 which, u32 i, u32 j, u32 k)
{
	s32 sum = element(which + 2, i, j);

	while (k--)
		sum += element(which, i, k) * element(which + 1, k, j);
	return sum;
}

static void fill_floats(u8 *a, u8 *b, u8 *c)
{
	u32 i, j;

	for (i = 0; i < 16; i++)
		for (j = 0; j < 16; j++) {
			if (j < 8)
				((float *)a)[i * 8 + j] = element(0, i, j);
			if (i < 8)
				((float *)b)[i * 16 + j] = element(1, i, j);
			((float *)c)[j * 16 + i] = element(2, i, j);
			((u16 *)(a + 4096))[i * 16 + j] = half_number(element(6, i, j));
			((u16 *)(b + 4096))[j * 16 + i] = half_number(element(7, i, j));
			((u16 *)(c + 4096))[i * 16 + j] = half_number(element(8, i, j));
		}
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++) {
			if (j < 4)
				((double *)(a + 1024))[j * 8 + i] = element(3, i, j);
			if (i < 4)
				((double *)(b + 1024))[j * 4 + i] = element(4, i, j);
			((double *)(c + 1024))[i * 8 + j] = element(5, i, j);
		}
}

/* Products of 4-bit and of single bits, of whatever bytes there are */
static bool check_bits(const u8 *a, const u8 *b, const u8 *c, const u8 *o)
{
	u32 i, j, k;

	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++) {
			s32 four = ((const s32 *)(c + 2048))[i * 8 + j];
			s32 one = ((const s32 *)(c + 3072))[i * 8 + j];

			for (k = 0; k < 32; k++) {
				s32 x = a[2048 + i * 16 + k / 2] >> k % 2 * 4 & 15;

				four += (x > 7 ? x - 16 : x) * (b[2048 + j * 16 + k / 2] >> k % 2 * 4 & 15);
			}
			for (k = 0; k < 128; k++)
				one += a[3072 + i * 16 + k / 8] >> k % 8 & b[3072 + j * 16 + k / 8] >> k % 8 & 1;
			if (((const s32 *)(o + 2048))[j * 8 + i] != four ||
			    ((const s32 *)(o + 3072))[i * 8 + j] != one)
				return false;
		}
	return true;
}

static bool test_wmma(void)
{
	const struct shape warp = { .grid = 2, .block = { 32, 1, 1 }, .cls = -1 };
	u64 o = take(6144), pa = take(6144), pb = take(6144), pc = take(6144);
	u8 *a = at(pa), *b = at(pb), *c = at(pc), *d = at(o);
	u32 i, j;

	for (i = 0; i < 6144; i++) {
		a[i] = i * 37 + (i >> 4);
		b[i] = i * 91 + (i >> 5);
		c[i] = i & 3 ? 0 : i;
	}
	fill_floats(a, b, c);
	if (LAUNCH("wmmas", &warp, o, pa, pb, pc) != ENGINE_DONE || !check_bits(a, b, c, d))
		return false;
	for (i = 0; i < 16; i++)
		for (j = 0; j < 16; j++) {
			s32 h = dot(6, i, j, 16);

			if (((float *)d)[i * 16 + j] != dot(0, i, j, 8) ||
			    (i < 8 && j < 8 && ((double *)(d + 1024))[i * 8 + j] != dot(3, i, j, 4)) ||
			    ((float *)(d + 4096))[i * 16 + j] != h ||
			    ((u16 *)(d + 5120))[i * 16 + j] != half_number(2 * h - element(8, i, j)))
				return false;
		}
	return true;
}

/* What the recursion of @n levels, each of as many words as its number, adds up to. */
static u32 levels_ref(u32 n, u32 t)
{
	u32 sum = 0, k;

	for (; n; n--)
		for (k = 0; k < n; k++)
			sum += t * 100 + n + k * 10;
	return sum;
}

static bool test_dynamic(const struct shape *s)
{
	u64 o = take(64 * 16);
	const u32 *r = at(o);
	u32 i;

	if (LAUNCH("dynamic", s, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++, r += 4)
		if (r[0] != levels_ref(i % 7, i) || r[1] != (i & 1 ? i : 0xabc) || r[2] || r[3])
			return false;
	return true;
}

static bool test_dynamic_over(void)
{
	u64 o = take(64);
	u32 how;

	for (how = 0; how < 6; how++)
		if (LAUNCH("dynamic_over", &warp2, o, how) != ENGINE_FAULT ||
		    fault.kind != VGPU_STOP_STACK_OVERFLOW || fault.tid[0] != 37) {
			note("way %u: stop %u of thread %u", how, fault.kind, fault.tid[0]);
			return false;
		}
	return true;
}

static void run_forms(const char *set)
{
	ok(test_video(), "%s: video instructions", set);
	ok(test_wide128(), "%s: 128 bits", set);
	ok(test_carries(), "%s: carries across blocks and guards", set);
	ok(test_some_reduce(), "%s: reductions at a barrier under a guard", set);
	ok(test_bulk(), "%s: copies in bulk and a barrier object", set);
	ok(test_tensor(), "%s: boxes of a tensor", set);
	ok(test_wmma(), "%s: wmma of the rarer shapes and of mixed accumulators", set);
	ok(test_dynamic(&warp2), "%s: alloca", set);
	ok(test_dynamic(&warp2_general), "%s: alloca, nothing known of the block", set);
	ok(test_dynamic_over(), "%s: alloca of more than there is", set);
	ok(test_quads(), "%s: mma.m8n8k4 with mixed accumulators", set);
}
