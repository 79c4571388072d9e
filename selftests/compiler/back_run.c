// SPDX-License-Identifier: MIT
/*
 * Compiled programs on the engine, in user space, by every handler set and
 * for every shape class that the block admits; results against C.
 */
#include <math.h>

#include "on_engine.h"
#include "slurp.h"

/* ---- programs of ours (ptx/run.ptx) ---- */

static const struct shape warp2 = { .grid = 1, .block = { 64, 1, 1 }, .cls = -1 };
static const struct shape warp2_general = { .grid = 1, .block = { 64, 1, 1 }, .cls = 0 };

static bool test_add(const struct shape *s, u32 n)
{
	u64 a = take(n * 4), b = take(n * 4), c = take(n * 4);
	float *fa = at(a), *fb = at(b), *fc = at(c);
	u32 i;

	for (i = 0; i < n; i++) {
		fa[i] = i * 0.5f;
		fb[i] = 1000.0f - i;
	}
	if (LAUNCH("add", s, a, b, c, n - 3) != ENGINE_DONE)
		return false;
	for (i = 0; i < n; i++)
		if (fc[i] != (i < n - 3 ? fa[i] + fb[i] : 0))
			return false;
	return true;
}

static u32 collatz_ref(u32 x)
{
	u32 n = 0;

	while (x > 1) {
		x = x & 1 ? 3 * x + 1 : x / 2;
		if (++n == 50)
			break;
	}
	return n;
}

static bool test_collatz(const struct shape *s)
{
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("collatz", s, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != collatz_ref(i * 7 + 1))
			return false;
	return true;
}

static bool test_reduce(void)
{
	u64 o = take(64);
	const struct shape s = { .grid = 2, .block = { 96, 1, 1 }, .dynamic = 512, .cls = -1 };
	u32 *r = at(o);

	return LAUNCH("reduce", &s, o) == ENGINE_DONE && r[0] == 96 * 95 / 2 &&
	       r[1] == 96 * 95 / 2 + 96 * 1000;
}

static u32 fib_ref(u32 n)
{
	return n < 2 ? n : fib_ref(n - 1) + fib_ref(n - 2);
}

static bool test_fib(void)
{
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("fibs", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != fib_ref(i % 10))
			return false;
	return true;
}

static bool test_pointers(void)
{
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("pointers", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != (i % 3 == 0 ? i + 10 : i % 3 == 1 ? i * 3 : ~i))
			return false;
	return true;
}

/* Fragments at once in 32-bit and in 64-bit code must not share registers. */
static bool test_mixed(void)
{
	u64 o = take(1024);
	u64 *r = at(o), want;
	u32 i, k;

	if (LAUNCH("mixed", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++) {
		want = i;
		for (k = 0; k < 20 + i; k++)
			want = i & 1 ? want * 0x100000001b3ull + k : (u32)want * 31 + k;
		if (r[i] != want)
			return false;
	}
	return true;
}

static bool test_lock(void)
{
	u64 o = take(64);
	u32 *r = at(o);

	return LAUNCH("lock", &warp2, o) == ENGINE_DONE && r[0] == 0 && r[1] == 64;
}

static bool test_lanes_carry(void)
{
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("lanes_carry", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != (i < 16 ? 64 : 7))
			return false;
	return true;
}

static bool test_switch(void)
{
	static const u32 add[] = { 5, 7, 11, 13 };
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("jump_table", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != i + add[i % 4])
			return false;
	return true;
}

/* ftz, plain and round-to-zero instructions, f32 and f64, in one loop. */
static bool test_modes(void)
{
	u64 o = take(1024);
	u32 *r = at(o);

	return LAUNCH("modes", &warp2, o) == ENGINE_DONE && r[0] == 0 && r[1] == 0x00400000 &&
	       r[2] == 0x3f7fffff && r[3] == 0x3f800000;
}

static bool test_carry(void)
{
	u64 o = take(64);
	u64 *r = at(o);
	unsigned __int128 a = ((unsigned __int128)7 << 64) | 0xffffffffffffffffull;

	a += ((unsigned __int128)9 << 64) | 2;
	return LAUNCH("carry", &warp2, o) == ENGINE_DONE && r[0] == (u64)a &&
	       r[1] == (u64)(a >> 64);
}

static bool test_pairs(void)
{
	u64 o = take(2048);
	u16 *h = at(o);
	u32 *r = at(o + 1024), i;
	bool good;

	for (i = 0; i < 256; i++)
		h[i] = 1000 + i;
	good = LAUNCH("pairs", &warp2, o) == ENGINE_DONE;
	for (i = 0; i < 64; i++) {
		u32 want = (1000 + 3 * i + 1) | (1000 + 3 * i + 2) << 16;

		good = good && r[2 * i] == want && r[2 * i + 1] == want && h[3 * i + 2] == 0x1234;
	}
	return good;
}

static bool test_once(void)
{
	const struct shape s = { .grid = 3, .block = { 64, 1, 1 }, .cls = -1 };
	u64 o = take(3 * 64 * 4);
	u32 *r = at(o), i;
	bool good = LAUNCH("once", &s, o, 7) == ENGINE_DONE;

	for (i = 0; i < 3 * 64; i++)
		good = good && r[i] == (i % 64 < 32 ? 7 * 3 + i / 64 : 7 * 3 * (i / 64) + 64);
	return good;
}

static bool test_several(void)
{
	u64 o = take(64 * 16), *r = at(o);
	bool good = LAUNCH("several", &warp2, o) == ENGINE_DONE;

	for (u64 i = 0; i < 64; i++)
		good = good && r[2 * i] == i + 100 && r[2 * i + 1] == (i | (3 * i + 7) << 32);
	return good;
}

static bool test_runtime(void)
{
	struct vgpucc_fifo *f = at(fifo);
	struct vgpucc_record *rec = (void *)f->data;
	u64 o = take(1024), seen = 0;
	u64 *r = at(o);
	u32 i;

	if (LAUNCH("runtime", &warp2, o) != ENGINE_DONE || f->tail != 64 * 32)
		return false;
	for (i = 0; i < 64; i++) {
		u64 v[2];

		memcpy(v, rec->args, sizeof(v));
		if (rec->ready != VGPUCC_RECORD_PRINTF || v[1] > 63 || (u32)v[0] != v[1] ||
		    rec->size != 32 || strcmp(at(rec->format), "%d %lld\n") || r[i] < heap)
			return false;
		seen |= 1ull << v[1];
		rec = (void *)((u8 *)rec + rec->size);
	}
	return seen == ~0ull;
}

static bool test_assert(void)
{
	return LAUNCH("fails", &warp2, 0) == ENGINE_FAULT && fault.kind == VGPU_STOP_TRAP &&
	       fault.code == VGPU_TRAP_ASSERT;
}

static bool test_extended(void)
{
	static const u64 want[8] = {
		0xffffffff99d7dd5a, 0xffffffff99d7dd5a, 0x99d7dd5a, 0xffffffff80000000,
		0x80000000, 0xfffffffffffffffe, 0xfffe, 0xffffffff9abcdef0,
	};
	u64 o = take(64 * sizeof(want)), *r = at(o);
	bool good = LAUNCH("extended", &warp2, o) == ENGINE_DONE;
	u32 i;

	for (i = 0; i < 64 * 8; i++)
		good = good && r[i] == want[i % 8] + i / 8;
	return good;
}

static bool test_high_halves(void)
{
	static const u16 want[4] = { 0x1a, 0xfffb, 0x3e, 0xffff };
	u64 o = take(sizeof(want));
	u16 *r = at(o);
	bool good = LAUNCH("high_halves", &warp2, o) == ENGINE_DONE;
	u32 i;

	for (i = 0; i < 4; i++)
		good = good && r[i] == want[i];
	return good;
}

static bool test_far_sums(void)
{
	u64 o = take(4 * 256), far = 0x700000000;
	u32 *r = at(o), i;

	for (i = 0; i < 64; i++)
		r[3 * 64 + i] = 63 - i;
	if (LAUNCH("far_sums", &warp2, o, 40 - far, -8ull, -32ull) != ENGINE_DONE)
		return false;
	for (i = 0; i < 3 * 64; i++)
		if (r[i] != i % 64)
			return false;
	return true;
}

static bool test_local(void)
{
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("local_array", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != (i * 5 & 7) * 100 + i)
			return false;
	return true;
}

static bool test_own_copy(void)
{
	u64 o = take(1024);
	u32 *r = at(o), i;

	if (LAUNCH("own_copy", &warp2, o) != ENGINE_DONE)
		return false;
	for (i = 0; i < 64; i++)
		if (r[i] != i)
			return false;
	return true;
}

/* ---- programs that hold too much at once ---- */

struct text {
	char *p;
	size_t len, cap;
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->cap - t->len < 512) {
		t->cap = t->cap ? t->cap * 2 : 65536;
		t->p = realloc(t->p, t->cap);
	}
	va_start(ap, fmt);
	n = vsnprintf(t->p + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	t->len += n;
}

static void head(struct text *t)
{
	put(t, ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry hold(.param .u64 o)\n{\n"
	    ".reg .b32 %%r<2000>; .reg .b64 %%d<2000>; .reg .pred %%p<2000>;\n"
	    "ld.param.u64 %%d0, [o];\nmov.u32 %%r0, %%tid.x;\nmul.wide.u32 %%d1, %%r0, 8;\n"
	    "add.s64 %%d1, %%d0, %%d1;\nmov.u32 %%r1, %%ctaid.x;\n");
}

/*
 * @n values made from the thread's number (or with @uniform, the block's),
 * live together over a loop, then folded into one.
 */
static void hold_words(struct text *t, u32 n, bool wide, bool uniform)
{
	const char *src = uniform ? "%r1" : "%r0";
	u32 i;

	head(t);
	for (i = 0; i < n; i++) {
		put(t, "mad.lo.u32 %%r%u, %s, %u, %u;\n", 100 + i, src, i * 2 + 1, i * 977);
		if (wide)
			put(t, "mul.wide.u32 %%d%u, %%r%u, %u;\n", 100 + i, 100 + i, 0x10001 + i);
	}
	put(t, "mov.u32 %%r2, 0;\nloop:\n");
	for (i = 0; i < n; i++) {
		if (wide)
			put(t, "add.u64 %%d%u, %%d%u, %%d%u;\n", 100 + i, 100 + i,
			    100 + (i + 1) % n);
		else
			put(t, "add.u32 %%r%u, %%r%u, %%r%u;\n", 100 + i, 100 + i,
			    100 + (i + 1) % n);
	}
	put(t, "add.u32 %%r2, %%r2, 1;\nsetp.lt.u32 %%p0, %%r2, 3;\n@%%p0 bra loop;\n");
	put(t, "mov.u64 %%d2, 0;\n");
	for (i = 0; i < n; i++) {
		if (!wide)
			put(t, "cvt.u64.u32 %%d%u, %%r%u;\n", 100 + i, 100 + i);
		put(t, "mad.lo.u64 %%d2, %%d2, 31, %%d%u;\n", 100 + i);
	}
	put(t, "st.global.u64 [%%d1], %%d2;\nret;\n}\n");
}

static u64 hold_words_ref(u32 n, bool wide, u32 x)
{
	u64 *v = calloc(n, sizeof(*v)), sum = 0;
	u32 i, k;

	for (i = 0; i < n; i++) {
		v[i] = (u32)(x * (i * 2 + 1) + i * 977);
		if (wide)
			v[i] *= 0x10001 + i;
	}
	for (k = 0; k < 3; k++)
		for (i = 0; i < n; i++)
			v[i] = wide ? v[i] + v[(i + 1) % n] : (u32)(v[i] + v[(i + 1) % n]);
	for (i = 0; i < n; i++)
		sum = sum * 31 + v[i];
	free(v);
	return sum;
}

static bool test_hold(u32 n, bool wide, bool uniform)
{
	struct text t = { 0 };
	const struct shape s = { .grid = 2, .block = { 64, 1, 1 }, .cls = -1 };
	u64 o, *r;
	bool good;
	u32 i;

	hold_words(&t, n, wide, uniform);
	good = open_text(t.p, t.len);
	o = take(1024);
	r = at(o);
	good = good && LAUNCH("hold", &s, o) == ENGINE_DONE;
	/* both blocks write the same places; the second one last */
	for (i = 0; i < 64 && good; i++)
		good = r[i] == hold_words_ref(n, wide, uniform ? 1 : i);
	free(t.p);
	return good;
}

/* Runs a text's kernel "hold" in two warps: a word of each thread, or NULL. */
static u64 *run_hold(const struct text *t)
{
	u64 o;

	if (!open_text(t->p, t->len))
		return NULL;
	o = take(1024);
	return LAUNCH("hold", &warp2, o) == ENGINE_DONE ? at(o) : NULL;
}

static bool test_hold_predicates(u32 n)
{
	struct text t = { 0 };
	u64 *r, want;
	bool good;
	u32 i, k;

	head(&t);
	for (i = 0; i < n; i++)
		put(&t, "mad.lo.u32 %%r2, %%r0, %u, %u;\nand.b32 %%r2, %%r2, 8;\n"
		    "setp.ne.u32 %%p%u, %%r2, 0;\n", i * 2 + 1, i, 10 + i);
	put(&t, "mov.u64 %%d2, 0;\n");
	for (i = 0; i < n; i++)
		put(&t, "shl.b64 %%d2, %%d2, 1;\n@%%p%u or.b64 %%d2, %%d2, 1;\n", 10 + i);
	put(&t, "st.global.u64 [%%d1], %%d2;\nret;\n}\n");
	r = run_hold(&t);
	good = r;
	for (k = 0; k < 64 && good; k++) {
		want = 0;
		for (i = 0; i < n; i++)
			want = want << 1 | ((k * (i * 2 + 1) + i) >> 3 & 1);
		good = r[k] == want;
	}
	free(t.p);
	return good;
}

/* @n words that each of @ways branches changes some of: so many phis, where they meet again. */
static void many_phis(struct text *t, u32 n, u32 ways)
{
	u32 i, w;

	head(t);
	for (i = 0; i < n; i++)
		put(t, "mad.lo.u32 %%r%u, %%r0, %u, %u;\n", 100 + i, i * 2 + 1, i * 977);
	put(t, "rem.u32 %%r2, %%r0, %u;\n", ways);
	for (w = 0; w < ways; w++) {
		put(t, "setp.ne.u32 %%p0, %%r2, %u;\n@%%p0 bra not%u;\n", w, w);
		for (i = w; i < n; i += ways)
			put(t, "add.u32 %%r%u, %%r%u, %%r0;\n", 100 + i, 100 + i);
		put(t, "bra meet;\nnot%u:\n", w);
	}
	put(t, "meet:\nmov.u64 %%d2, 0;\n");
	for (i = 0; i < n; i++)
		put(t, "cvt.u64.u32 %%d3, %%r%u;\nmad.lo.u64 %%d2, %%d2, 31, %%d3;\n", 100 + i);
	put(t, "st.global.u64 [%%d1], %%d2;\nret;\n}\n");
}

static bool test_phis(u32 n, u32 ways)
{
	struct text t = { 0 };
	u64 *r, want;
	bool good;
	u32 i, k;

	many_phis(&t, n, ways);
	r = run_hold(&t);
	good = r;
	for (k = 0; k < 64 && good; k++) {
		want = 0;
		for (i = 0; i < n; i++)
			want = want * 31 + (u32)(k * (i * 2 + 1) + i * 977 + (i % ways == k % ways ? k : 0));
		good = r[k] == want;
	}
	free(t.p);
	return good;
}

/* ---- any flow at all ---- */

#define MOST_NODES	9
#define TURNS		40	/* after so many nodes it goes straight to the end */

/**
 * struct node - a block of a random program
 * @mul, @add: x = x * @mul + @add
 * @mask: it goes to @other, if no bit of it is in x, with @lanes in x + the thread's number
 */
struct node { u32 mul, add, mask, other; bool lanes; };

/**
 * struct tangle - a random program: nodes that lead to the next one or to any other, the last to the end
 * @enter: the node that it begins with, if no bit of @mask is in the thread's number, and if one is
 */
struct tangle {
	struct node node[MOST_NODES];
	u32 n, enter[2], mask;
};

static u32 any(u32 *seed, u32 n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

static void tangle_make(struct tangle *g, u32 seed)
{
	u32 k, wild;

	wild = any(&seed, 2);	/* else lanes go different ways at the end only */
	g->n = 2 + any(&seed, MOST_NODES - 1);
	g->mask = wild && any(&seed, 2) ? 3 : 0;
	for (k = 0; k < 2; k++)
		g->enter[k] = any(&seed, g->n);
	for (k = 0; k < g->n; k++)
		g->node[k] = (struct node){
			.mul = 1 + 2 * any(&seed, 8), .add = 1 + any(&seed, 100), .mask = 1 << any(&seed, 4),
			.other = any(&seed, g->n), .lanes = wild ? !any(&seed, 3) : k == g->n - 1,
		};
}

static void tangle_text(struct text *t, const struct tangle *g)
{
	u32 k;

	head(t);
	put(t, "mov.u32 %%r2, 0;\nmov.u32 %%r3, 0;\nmov.u32 %%r4, 0;\nand.b32 %%r5, %s, 3;\n"
	    "setp.eq.u32 %%p0, %%r5, 0;\n@%%p0 bra n%u;\nbra n%u;\n", g->mask ? "%r0" : "%r1", g->enter[0], g->enter[1]);
	for (k = 0; k < g->n; k++) {
		const struct node *n = &g->node[k];

		put(t, "n%u:\nadd.u32 %%r3, %%r3, 1;\nmad.lo.u32 %%r2, %%r2, %u, %u;\nmad.lo.u32 %%r4, %%r4, 5, %u;\n",
		    k, n->mul, n->add, k);
		put(t, "add.u32 %%r5, %%r2, %s;\nand.b32 %%r5, %%r5, %u;\nsetp.eq.u32 %%p0, %%r5, 0;\n",
		    n->lanes ? "%r0" : "0", n->mask);
		put(t, "setp.lt.and.u32 %%p0, %%r3, %u, %%p0;\n@%%p0 bra n%u;\n", TURNS, n->other);
	}
	put(t, "xor.b32 %%r2, %%r2, %%r4;\nmov.b64 %%d2, {%%r2, %%r3};\nst.global.u64 [%%d1], %%d2;\nret;\n}\n");
}

static u64 tangle_ref(const struct tangle *g, u32 tid)
{
	u32 x = 0, turns = 0, way = 0, k = g->enter[(tid & g->mask) != 0];

	while (k < g->n) {
		const struct node *n = &g->node[k];

		turns++;
		x = x * n->mul + n->add;
		way = way * 5 + k;
		k = turns < TURNS && !((x + (n->lanes ? tid : 0)) & n->mask) ? n->other : k + 1;
	}
	return (x ^ way) | (u64)turns << 32;
}

/* Cycles with several entries among them, left by lanes at different times. */
static bool test_tangles(u32 programs)
{
	bool good = true;
	u32 seed, k;

	for (seed = 0; seed < programs && good; seed++) {
		struct text t = { 0 };
		struct tangle g;
		u64 *r;

		tangle_make(&g, seed);
		tangle_text(&t, &g);
		r = run_hold(&t);
		good = r;
		for (k = 0; k < 64 && good; k++)
			good = r[k] == tangle_ref(&g, k);
		if (!good)
			note("random flow %u, thread %u", seed, k - 1);
		free(t.p);
	}
	return good;
}

/* ---- lanes that do something together, and those that do not ---- */

/*
 * Lanes 0 to 15 have the guard in the loop's first turn, lane 16, a member like them, in the second: @first is what
 * these get, @others what the rest keeps.
 */
static bool test_guard(const char *insn, u64 first, u64 others)
{
	struct text t = { 0 };
	bool good;
	u64 *r;
	u32 k;

	head(&t);
	put(&t, "and.b32 %%r0, %%r0, 31;\nmov.u32 %%r1, 0;\nmov.u32 %%r2, 77;\nsetp.lt.u32 %%p0, %%r0, 16;\n"
	    "setp.eq.u32 %%p1, %%r0, 16;\nmov.u32 %%r3, 0x1ffff;\nmov.u32 %%r5, 0x1f;\n"
	    "L:\nsetp.eq.and.u32 %%p2, %%r1, 0, %%p0;\nsetp.eq.and.u32 %%p3, %%r1, 1, %%p1;\n"
	    "or.pred %%p4, %%p2, %%p3;\n@%%p4 %s;\nadd.u32 %%r1, %%r1, 1;\nsetp.lt.u32 %%p5, %%r1, 2;\n"
	    "@%%p5 bra L;\ncvt.u64.u32 %%d2, %%r2;\nst.global.u64 [%%d1], %%d2;\nret;\n}\n", insn);
	r = run_hold(&t);
	good = r;
	for (k = 0; k < 64 && good; k++)
		good = r[k] == (k % 32 < 17 ? first : others);
	if (!good)
		note("%s", insn);
	free(t.p);
	return good;
}

static bool test_guards(void)
{
	return test_guard("shfl.sync.idx.b32 %r2, %r0, 16, 31, 0x1ffff", 16, 77) &&
	       test_guard("shfl.sync.idx.b32 %r2|%p6, %r0, 16, 31, %r3", 16, 77) &&
	       test_guard("shfl.sync.idx.b32 %r2|%p6, %r0, 16, %r5, 0x1ffff", 16, 77) &&
	       test_guard("shfl.sync.idx.b32 %r2|%p6, %r0, 16, %r5, %r3", 16, 77) &&
	       test_guard("shfl.sync.idx.b32 %r2, %r0, 16, %r5, %r3", 16, 77) &&
	       test_guard("vote.sync.ballot.b32 %r2, %p1, 0x1ffff", 1 << 16, 77) &&
	       test_guard("match.any.sync.b32 %r2, %r3, 0x1ffff", 0x1ffff, 77) &&
	       test_guard("match.all.sync.b32 %r2|%p6, %r3, 0x1ffff", 0x1ffff, 77) &&
	       test_guard("redux.sync.add.u32 %r2, %r0, 0x1ffff", 136, 77);
}

/* Without .sync, among those that are there: the others wait at the barrier. */
static bool test_legacy(const char *insn)
{
	struct text t = { 0 };
	bool good;
	u64 *r;
	u32 k;

	put(&t, ".version 6.0\n.target sm_60\n.address_size 64\n.visible .entry hold(.param .u64 o)\n{\n"
	    ".reg .b32 %%r<5>; .reg .b64 %%d<5>; .reg .pred %%p<5>;\nld.param.u64 %%d0, [o];\nmov.u32 %%r0, %%tid.x;\n"
	    "mul.wide.u32 %%d1, %%r0, 8;\nadd.s64 %%d1, %%d0, %%d1;\nand.b32 %%r1, %%r0, 31;\nmov.u32 %%r2, %%r1;\n"
	    "setp.lt.u32 %%p0, %%r1, 16;\nmov.u32 %%r3, 31;\n%s\nOUT:\nbar.sync 0;\n"
	    "cvt.u64.u32 %%d2, %%r2;\nst.global.u64 [%%d1], %%d2;\nret;\n}\n", insn);
	r = run_hold(&t);
	good = r;
	for (k = 0; k < 64 && good; k++)	/* nothing is said of what lane 15 gets from one that is not there */
		good = k % 32 == 15 || r[k] == (k % 32 < 15 ? k % 32 + 1 : k % 32);
	if (!good)
		note("%s", insn);
	free(t.p);
	return good;
}

static bool test_legacies(void)
{
	return test_legacy("@!%p0 bra OUT;\nshfl.down.b32 %r2, %r1, 1, 31;") &&
	       test_legacy("@!%p0 bra OUT;\nshfl.down.b32 %r2|%p1, %r1, 1, %r3;") &&
	       test_legacy("@%p0 shfl.down.b32 %r2, %r1, 1, 31;");
}

#include "back_forms.h"

static void run_set(const char *set, const char *text, size_t len)
{
	const struct shape odd = { .grid = 5, .block = { 50, 1, 1 }, .cls = -1 };
	const struct shape rows = { .grid = 4, .block = { 64, 1, 1 }, .cls = 2 };

	if (!ok(open_text(text, len), "%s: module", set))
		return;
	ok(test_add(&warp2, 64), "%s: add, whole warps", set);
	ok(test_add(&odd, 250), "%s: add, odd blocks", set);
	ok(test_add(&rows, 256), "%s: add, rows", set);
	ok(test_collatz(&warp2), "%s: loops left at different times", set);
	ok(test_collatz(&warp2_general), "%s: the same, nothing known of the block", set);
	ok(test_reduce(), "%s: shared memory, shuffles, barriers", set);
	ok(test_fib(), "%s: recursion", set);
	ok(test_pointers(), "%s: function pointers", set);
	ok(test_mixed(), "%s: 32-bit and 64-bit fragments at once", set);
	ok(test_lock(), "%s: a lock that lanes of a warp contend for", set);
	ok(test_lanes_carry(), "%s: a carry that differs among lanes", set);
	ok(test_switch(), "%s: jump table", set);
	ok(test_modes(), "%s: float modes", set);
	ok(test_carry(), "%s: carries", set);
	ok(test_extended(), "%s: known integers extended", set);
	ok(test_high_halves(), "%s: high halves of short products, the same in all lanes", set);
	ok(test_local(), "%s: local array", set);
	ok(test_pairs(), "%s: halves side by side", set);
	ok(test_once(), "%s: the same in a grid, in a block", set);
	ok(test_far_sums(), "%s: addresses of many parts", set);
	ok(test_own_copy(), "%s: local memory by a generic address", set);
	ok(test_several(), "%s: several results of a call", set);
	ok(test_runtime(), "%s: printf and malloc", set);
	ok(test_assert(), "%s: assert", set);
	run_forms(set);
	ok(test_hold(700, false, false), "%s: 700 words a lane", set);
	ok(test_hold(400, true, false), "%s: 400 double words a lane", set);
	ok(test_hold(150, true, true), "%s: 150 scalars", set);
	ok(test_hold_predicates(60), "%s: 60 predicates", set);
	ok(test_phis(900, 7), "%s: 900 phis of seven branches", set);
	ok(test_guards(), "%s: members that have the guard at different times", set);
	ok(test_legacies(), "%s: shuffles without .sync, of those that are there", set);
	ok(test_tangles(300), "%s: 300 programs of random flow", set);
}

int main(int argc, char **argv)
{
	static const char * const sets[] = { "portable", "avx2", "avx512", "avx512vnni", "avx512fp16" };
	size_t len;
	char *text = slurp(argc > 1 ? argv[1] : "ptx/run.ptx", &len);
	u32 i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mem = aligned_alloc(4096, BYTES);
	if (!text || !mem)
		return 2;
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (engine_init(sets[i])) {
			note("no %s here", sets[i]);
			continue;
		}
		run_set(sets[i], text, len);
		engine_exit();
	}
	if (module)
		vgpucc_module_close(module);
	free(text);
	free(mem);
	return tap_done();
}
