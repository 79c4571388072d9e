// SPDX-License-Identifier: MIT
// 128-bit integers, and the one carry flag behind them: a subtraction leaves it set where it did not borrow.
#include "check.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

struct row {
	s128 quotient, rest, product, sum, difference;
	u128 uquotient, urest, left, right;
	bool less, uless;
};

__host__ __device__ static void compute(row &r, s128 a, s128 b)
{
	u128 ua = a, ub = b;

	r.quotient = a / b;
	r.rest = a % b;
	r.product = (s128)(ua * ub);
	r.sum = (s128)(ua + ub);
	r.difference = (s128)(ua - ub);
	r.uquotient = ua / ub;
	r.urest = ua % ub;
	r.left = ua << ((unsigned)b & 127);
	r.right = ua >> ((unsigned)b & 127);
	r.less = a < b;
	r.uless = ua < ub;
}

__global__ void rows(const s128 *a, const s128 *b, row *out, int n)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	if (t < n)
		compute(out[t], a[t], b[t]);
}

static bool same(const row &x, const row &y)
{
	return x.quotient == y.quotient && x.rest == y.rest && x.product == y.product && x.sum == y.sum &&
	       x.difference == y.difference && x.uquotient == y.uquotient && x.urest == y.urest &&
	       x.left == y.left && x.right == y.right && x.less == y.less && x.uless == y.uless;
}

// Sums after differences and the other way round, which no C says: each of the four ways from one to the next.
struct chains {
	unsigned after_sub, after_add, both, more;
	unsigned long long wide;
};

__global__ void chain(const unsigned *a, const unsigned *b, chains *out)
{
	unsigned x = a[threadIdx.x], y = b[threadIdx.x];
	unsigned long long wx = x, wy = y;
	chains c;

	asm volatile("{ .reg .u32 t; sub.cc.u32 t, %1, %2; addc.u32 %0, 0, 0; }" : "=r"(c.after_sub) : "r"(x), "r"(y));
	asm volatile("{ .reg .u32 t; add.cc.u32 t, %1, %2; subc.u32 %0, 10, 0; }" : "=r"(c.after_add) : "r"(x), "r"(y));
	asm volatile("{ .reg .u32 t; sub.cc.u32 t, %1, %2; addc.cc.u32 t, t, %2; subc.u32 %0, t, %1; }" : "=r"(c.both) : "r"(x), "r"(y));
	asm volatile("{ .reg .u32 t; mad.lo.cc.u32 t, %1, %2, %2; subc.cc.u32 t, t, %1; madc.hi.u32 %0, t, %2, %1; }" : "=r"(c.more) : "r"(x), "r"(y));
	asm volatile("{ .reg .u64 t; sub.cc.u64 t, %1, %2; addc.cc.u64 t, t, %1; subc.u64 %0, t, %2; }" : "=l"(c.wide) : "l"(wx), "l"(wy));
	out[threadIdx.x] = c;
}

// The same with a flag.
template <class T> struct flagged {
	bool cf;

	T add(T x, T y, bool with)
	{
		u128 s = (u128)x + y + (with && cf);

		cf = s >> (8 * sizeof(T));
		return (T)s;
	}

	T sub(T x, T y, bool with)
	{
		u128 borrow = with && !cf;

		cf = x >= (u128)y + borrow;
		return (T)(x - y - borrow);
	}
};

static bool chain_right(unsigned x, unsigned y, const chains &c)
{
	flagged<unsigned> f;
	flagged<unsigned long long> w;
	unsigned t, want;
	unsigned long long wt;
	bool good;

	f.sub(x, y, false);
	good = c.after_sub == f.add(0, 0, true);
	f.add(x, y, false);
	good &= c.after_add == f.sub(10, 0, true);
	t = f.sub(x, y, false);
	t = f.add(t, y, true);
	good &= c.both == f.sub(t, x, true);
	t = f.add(x * y, y, false);
	t = f.sub(t, x, true);
	want = (unsigned)((unsigned long long)t * y >> 32) + x + f.cf;
	good &= c.more == want;
	wt = w.sub(x, y, false);
	wt = w.add(wt, x, true);
	return good && c.wide == w.sub(wt, y, true);
}

static void test_chains()
{
	const int n = 256;
	const unsigned edges[] = { 0, 1, 2, 5, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	std::vector<unsigned> a(n), b(n);
	uint32_t s = 5;
	bool good = true;

	for (int i = 0; i < n; i++) {
		a[i] = i < 64 ? edges[i / 8] : check_random(s);
		b[i] = i < 64 ? edges[i % 8] : check_random(s);
	}
	unsigned *da = to_device(a), *db = to_device(b);
	chains *dc = device_array<chains>(n);

	RUN(chain<<<1, n>>>(da, db, dc));
	std::vector<chains> c = from_device(dc, n);
	for (int i = 0; i < n; i++)
		good = good && chain_right(a[i], b[i], c[i]);
	check_result(good, "the flag goes from sums to differences and back");
	CU(cudaFree(da));
	CU(cudaFree(db));
	CU(cudaFree(dc));
}

static s128 any(uint32_t &s)
{
	u128 x = 0;

	for (int i = 0; i < 4; i++)
		x = x << 32 | check_random(s);
	return (s128)x >> (check_random(s) & 127);
}

int main()
{
	const int n = 4096;
	std::vector<s128> a(n), b(n);
	uint32_t s = 7;
	bool good = true;

	for (int i = 0; i < n; i++) {
		a[i] = any(s);
		b[i] = any(s);
		if (!b[i] || b[i] == -1)
			b[i] = 3;
	}
	s128 *da = to_device(a), *db = to_device(b);
	row *dr = device_array<row>(n);

	RUN(rows<<<n / 128, 128>>>(da, db, dr, n));
	std::vector<row> r = from_device(dr, n);
	for (int i = 0; i < n; i++) {
		row w;

		compute(w, a[i], b[i]);
		good = good && same(w, r[i]);
	}
	check_result(good, "quotients, remainders, products, sums, shifts and comparisons");
	test_chains();
	return check_end();
}
