// SPDX-License-Identifier: MIT
/*
 * Instructions that look across lanes, against a model of a warp: all handler sets,
 * whole warps and members only, each way to name the member mask.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "ref.h"
#include "rig.h"
#include "rnd.h"
#include "tap.h"

#define WARPS	48

/* What a lane is given, and what it gives back. */
struct lane_in {
	u64 a;
	u32 b, c, p, pad[3];
};

struct lane_out {
	u64 d;
	u32 p, pad;
};

/**
 * struct warp - one warp in the model
 * @in: what the lanes were given
 * @members: the lanes that execute
 * @d: receives results; @p predicate results
 */
struct warp {
	const struct lane_in *in;
	u32 members;
	u64 d[32];
	bool p[32];
};

/**
 * struct trial - one instruction
 * @text: its text; %s is the member mask.  Sources: W4 or V12 is a, V13 b, V14 c,
 *	P1 p; results: W10 or V15 or S9, P6
 * @run: the model
 * @arg: for the model
 * @few: values of a are few, so that lanes agree
 * @wide: the result is in W10
 * @whole: for whole warps only
 */
struct trial {
	const char *text;
	void (*run)(struct warp *w, u32 arg);
	u32 arg;
	bool few, wide, whole;
};

static struct rig rig;
static struct lane_in *in;
static struct lane_out *out;

#define EACH(l, w)	for (l = 0; l < 32; l++) if ((w)->members >> l & 1)

/* ---- the models --------------------------------------------------------------------- */

/* Argument: mode, then clamp and segment mask, a bit for a constant B of 3. */
#define SHFL(MODE, CLAMP, SEG)	(VGPU_SHFL_##MODE | (CLAMP) << 8 | (SEG) << 16)
#define SHFL_IMM		0x80

static void shuffle(struct warp *w, u32 mode, u32 l, u32 b, u32 clamp, u32 seg)
{
	u32 most = (l & seg) | (clamp & ~seg & 31), least = l & seg;
	int j;

	b &= 31;
	switch (mode) {
	case VGPU_SHFL_UP:
		j = (int)l - (int)b;
		w->p[l] = j >= (int)most;
		break;
	case VGPU_SHFL_DOWN:
		j = l + b;
		w->p[l] = j <= (int)most;
		break;
	case VGPU_SHFL_BFLY:
		j = l ^ b;
		w->p[l] = j <= (int)most;
		break;
	default:
		j = least | (b & ~seg & 31);
		w->p[l] = j <= (int)most;
		break;
	}
	if (!w->p[l])
		j = l;
	w->d[l] = (u32)w->in[j & 31].a;
}

static void run_shfl(struct warp *w, u32 arg)
{
	u32 l;

	EACH(l, w)
		shuffle(w, arg & 3, l, arg & SHFL_IMM ? 3 : w->in[l].b, arg >> 8 & 31, arg >> 16);
}

static void run_shflv(struct warp *w, u32 arg)
{
	u32 l;

	EACH(l, w)
		shuffle(w, arg, l, w->in[l].b, w->in[l].c & 31, w->in[l].c >> 8 & 31);
}

static u32 holds(const struct warp *w)
{
	u32 l, mask = 0;

	EACH(l, w)
		mask |= (w->in[l].p & 1) << l;
	return mask;
}

static void run_vote(struct warp *w, u32 arg)
{
	u32 mask = holds(w), l;

	EACH(l, w)
		w->p[l] = arg == VGPU_VOTE_ALL ? mask == w->members :
			  arg == VGPU_VOTE_ANY ? mask != 0 : mask == w->members || !mask;
}

static void run_ballot(struct warp *w, u32 arg)
{
	u32 l;

	EACH(l, w)
		w->d[l] = holds(w);
}

static void run_match_any(struct warp *w, u32 wide)
{
	u32 l, k;

	EACH(l, w)
		EACH(k, w)
			if (wide ? w->in[k].a == w->in[l].a : (u32)w->in[k].a == (u32)w->in[l].a)
				w->d[l] |= 1u << k;
}

static void run_match_all(struct warp *w, u32 wide)
{
	struct warp any = *w;
	u32 l;

	memset(any.d, 0, sizeof(any.d));
	run_match_any(&any, wide);
	EACH(l, w) {
		w->p[l] = any.d[l] == w->members;
		w->d[l] = w->p[l] ? w->members : 0;
	}
}

static void run_elect(struct warp *w, u32 arg)
{
	u32 l, first = __builtin_ctz(w->members);

	EACH(l, w) {
		w->d[l] = first;
		w->p[l] = l == first;
	}
}

static bool precedes(u32 a, u32 b)
{
	float fa = ref_float(a), fb = ref_float(b);

	return fa < fb || (fa == fb && a >> 31 > b >> 31);
}

static u32 combine_float(u32 x, u32 y, u32 op, bool nan_wins)
{
	bool maximum = op == VGPU_REDUX_FMAX || op == VGPU_REDUX_FMAX_ABS;

	if (ref_nan32(x) || ref_nan32(y)) {
		if (nan_wins || (ref_nan32(x) && ref_nan32(y)))
			return NAN32;
		return ref_nan32(x) ? y : x;
	}
	return precedes(x, y) != maximum ? x : y;
}

static u32 combine(u32 x, u32 y, u32 op)
{
	switch (op) {
	case VGPU_REDUX_ADD:
		return x + y;
	case VGPU_REDUX_MINU:
		return x < y ? x : y;
	case VGPU_REDUX_MINS:
		return (s32)x < (s32)y ? x : y;
	case VGPU_REDUX_MAXU:
		return x > y ? x : y;
	case VGPU_REDUX_MAXS:
		return (s32)x > (s32)y ? x : y;
	case VGPU_REDUX_AND:
		return x & y;
	case VGPU_REDUX_OR:
		return x | y;
	case VGPU_REDUX_XOR:
		return x ^ y;
	default:
		return combine_float(x, y, op & 15, op & VGPU_REDUX_NAN);
	}
}

static void run_redux(struct warp *w, u32 arg)
{
	u32 op = arg & 15, l, sum = 0;
	bool first = true, abs = op == VGPU_REDUX_FMIN_ABS || op == VGPU_REDUX_FMAX_ABS;

	EACH(l, w) {
		u32 a = abs ? (u32)w->in[l].a & 0x7fffffff : (u32)w->in[l].a;

		sum = first ? a : combine(sum, a, arg);
		first = false;
	}
	if (op >= VGPU_REDUX_FMIN && ref_nan32(sum))
		sum = NAN32;
	EACH(l, w)
		w->d[l] = sum;
}

static void run_first(struct warp *w, u32 wide)
{
	u64 a = w->in[__builtin_ctz(w->members)].a;
	u32 l;

	EACH(l, w)
		w->d[l] = wide ? a : (u32)a;
}

static void run_active(struct warp *w, u32 arg)
{
	u32 l;

	EACH(l, w)
		w->d[l] = w->members;
}

static void run_lanes(struct warp *w, u32 kind)
{
	u32 l;

	EACH(l, w) {
		const u32 eq = 1u << l, lt = eq - 1;
		const u32 val[] = { l, eq, lt | eq, lt, ~lt, ~(lt | eq) };

		w->d[l] = val[kind];
	}
}

#define REDUX(NAME, OP)	{ "redux:" NAME " v15, v12, %s", run_redux, VGPU_REDUX_##OP }
#define REDUXN(NAME, OP) \
	{ "redux:" NAME ":nan v15, v12, %s", run_redux, VGPU_REDUX_##OP | VGPU_REDUX_NAN }
#define SHFL_TRIAL(NAME, MODE, CLAMP, SEG) \
	{ "shfl:" NAME ":p=p6 v15, v12, v13, %s, " #CLAMP ", " #SEG, run_shfl, \
	  SHFL(MODE, CLAMP, SEG) }

static const struct trial trials[] = {
	SHFL_TRIAL("up", UP, 0, 0), SHFL_TRIAL("up", UP, 0, 24), SHFL_TRIAL("up", UP, 5, 16),
	SHFL_TRIAL("down", DOWN, 31, 0), SHFL_TRIAL("down", DOWN, 31, 28),
	SHFL_TRIAL("down", DOWN, 20, 0), SHFL_TRIAL("bfly", BFLY, 31, 0),
	SHFL_TRIAL("bfly", BFLY, 31, 24), SHFL_TRIAL("bfly", BFLY, 15, 0),
	SHFL_TRIAL("idx", IDX, 31, 0), SHFL_TRIAL("idx", IDX, 31, 30), SHFL_TRIAL("idx", IDX, 7, 0),
	{ "shfl:up v15, v12, 3, %s, 0, 0", run_shfl, SHFL(UP, 0, 0) | SHFL_IMM },
	{ "shfl:bfly v15, v12, 3, %s, 31, 0", run_shfl, SHFL(BFLY, 31, 0) | SHFL_IMM },
	{ "shfl:down:p=p6 v15, v12, 3, full, 31, 16", run_shfl, SHFL(DOWN, 31, 16) | SHFL_IMM,
	  .whole = true },
	{ "shfl:idx v15, v12, v13, full, 31, 0", run_shfl, SHFL(IDX, 31, 0), .whole = true },
	{ "shfl.v:up:p=p6 v15, v12, v13, v14, 0xffffffff", run_shflv, VGPU_SHFL_UP, .whole = true },
	{ "shfl.v:down:p=p6 v15, v12, v13, v14, 0xffffffff", run_shflv, VGPU_SHFL_DOWN,
	  .whole = true },
	{ "shfl.v:idx v15, v12, v13, v14, 0xffffffff", run_shflv, VGPU_SHFL_IDX, .whole = true },
	{ "vote:all p6, p1, %s", run_vote, VGPU_VOTE_ALL, true },
	{ "vote:any p6, p1, %s", run_vote, VGPU_VOTE_ANY, true },
	{ "vote:uni p6, p1, %s", run_vote, VGPU_VOTE_UNI, true },
	{ "ballot v15, p1, %s", run_ballot },
	{ "match.any v15, v12, %s", run_match_any, 0, true },
	{ "match.any.w v15, w4, %s", run_match_any, 1, true },
	{ "match.all v15, v12, %s, p6", run_match_all, 0, true },
	{ "match.all.w v15, w4, %s, p6", run_match_all, 1, true },
	REDUX("add", ADD), REDUX("minu", MINU), REDUX("mins", MINS), REDUX("maxu", MAXU),
	REDUX("maxs", MAXS), REDUX("and", AND), REDUX("or", OR), REDUX("xor", XOR),
	REDUX("fmin", FMIN), REDUX("fmax", FMAX), REDUX("fminabs", FMIN_ABS),
	REDUX("fmaxabs", FMAX_ABS), REDUXN("fmin", FMIN), REDUXN("fmax", FMAX),
	REDUXN("fminabs", FMIN_ABS), REDUXN("fmaxabs", FMAX_ABS),
	{ "elect v15, %s, p6", run_elect },
	{ "s.first s9, v12", run_first, 0, .wide = true },
	{ "s.firstw s9, w4", run_first, 1, .wide = true },
	{ "s.ballot s9, p1", run_ballot, .wide = true },
	{ "s.active s9", run_active, .wide = true },
	{ "sreg v15, %%laneid", run_lanes, 0 },
	{ "sreg v15, %%lanemask_eq", run_lanes, 1 },
	{ "sreg v15, %%lanemask_le", run_lanes, 2 },
	{ "sreg v15, %%lanemask_lt", run_lanes, 3 },
	{ "sreg v15, %%lanemask_ge", run_lanes, 4 },
	{ "sreg v15, %%lanemask_gt", run_lanes, 5 },
};

/* ---- running -------------------------------------------------------------------------- */

/* Lanes outside @members go round the instruction. */
static void print_kernel(char *text, size_t size, const struct trial *t, u32 members,
			 const char *mask)
{
	char insn[120];

	snprintf(insn, sizeof(insn), t->text, mask);
	snprintf(text, size,
		 ".kernel \"k\" func=f param=16\n.func f\n"
		 "s.ld:param:b64:a8 s0, [0]\ns.ld:param:b64:a8 s1, [0+8]\n"
		 "sreg v0, %%tid.x\ns.sreg s2, %%ctaid.x\nimad v0, s2, 32, v0\nshl v1, v0, 1\n"
		 "ld.global:b64:a8 w4, [s0+v1<<4]\nld.global:b32:a4 v12, [s0+v1<<4]\n"
		 "ld.global:b32:a4 v13, [s0+v1<<4+8]\nld.global:b32:a4 v14, [s0+v1<<4+12]\n"
		 "ld.global:b32:a4 v16, [s0+v1<<4+16]\nsetp.32:ne p1, v16, 0\n"
		 "setp.32:ne p6, v0, v0\nmov v15, 0\nmov.w w10, 0\ns.movi s8, %u\nmov v20, s8\n"
		 "sreg v21, %%lanemask_eq\nand v21, v21, s8\nsetp.32:eq p7, v21, 0\nbssy s5\n"
		 "@p7 bra out\n%s\n%sout:\nbsync s5\n"
		 "mov v18, 0\n@p6 mov v18, 1\n%s\nst.global:b32:a4 v18, [s1+v0<<4+8]\nexit\n.end\n",
		 members, insn, t->wide ? "mov.w w10, s9\n" : "",
		 t->wide ? "st.global:b64:a8 w10, [s1+v0<<4]" : "st.global:b32:a4 v15, [s1+v0<<4]");
}

static void make_inputs(const struct trial *t)
{
	static const u32 floats[] = { 0, 0x80000000, 0x7fc00000, 0xffc00000, 0x7f800001, 1, 0x3f800000 };
	u32 i, few = 0;

	for (i = 0; i < WARPS * 32; i++) {
		if (i % 32 == 0)
			few = rnd() % 4;
		in[i].a = t->few ? rnd() % (few + 1) * 0x100000001ull :
			  rnd() % 4 ? rnd() : floats[rnd() % ARRAY_SIZE(floats)];
		in[i].a |= t->few ? 0 : (u64)rnd() << 32;
		in[i].b = rnd();
		in[i].c = rnd();
		in[i].p = t->few ? few == 0 || (few != 1 && rnd() % 32) : rnd() % 2;
	}
	memset(out, 0xee, WARPS * 32 * sizeof(*out));
}

static bool check_warp(const struct trial *t, u32 index, u32 members, const char *set)
{
	const struct lane_out *got = &out[index * 32];
	struct warp w = { .in = &in[index * 32], .members = members };
	u32 l;

	t->run(&w, t->arg);
	for (l = 0; l < 32; l++) {
		u64 d = t->wide ? got[l].d : (u32)got[l].d;
		bool named = strstr(t->text, "p6");

		if (d == w.d[l] && got[l].p == (named && w.p[l]))
			continue;
		printf("# %s: %s, members %x, lane %u: got %llx %u, want %llx %u\n", set, t->text,
		       members, l, (unsigned long long)d, got[l].p, (unsigned long long)w.d[l],
		       w.p[l]);
		return false;
	}
	return true;
}

static bool run_trial(const struct trial *t, u32 members, const char *mask, const char *set)
{
	const u64 param[2] = { RIG_BASE, RIG_BASE + WARPS * 32 * sizeof(*in) };
	const struct rig_grid g = {
		.grid = { WARPS, 1, 1 }, .block = { 32, 1, 1 }, .param = param,
		.param_size = sizeof(param),
	};
	char text[2048];
	u32 i;

	print_kernel(text, sizeof(text), t, members, mask);
	make_inputs(t);
	if (rig_run(&rig, text, &g) != ENGINE_DONE) {
		printf("# %s: %s: %s, fault %u at %u\n", set, t->text, rig.msg, rig.fault.kind,
		       rig.fault.pc);
		return false;
	}
	for (i = 0; i < WARPS; i++)
		if (!check_warp(t, i, members, set))
			return false;
	return true;
}

static bool run_masks(const struct trial *t, const char *set)
{
	static const u32 masks[] = { 0xffffffff, 0x0000ffff, 0x5a5a1234, 0x80000000, 0x7ffffffe };
	bool ok = true;
	char imm[16];
	u32 i;

	for (i = 0; i < (t->whole ? 1 : ARRAY_SIZE(masks)); i++) {
		snprintf(imm, sizeof(imm), "0x%x", masks[i]);
		ok &= run_trial(t, masks[i], "s8", set);
		ok &= run_trial(t, masks[i], "v20", set);
		/* shfl has no immediate mask but "full" */
		if (strncmp(t->text, "shfl", 4))
			ok &= run_trial(t, masks[i], imm, set);
		else if (masks[i] == 0xffffffff)
			ok &= run_trial(t, masks[i], "full", set);
	}
	return ok;
}

int main(void)
{
	const char * const *set = rig_sets();
	u32 i;

	rig_init(&rig, WARPS * 32 * (sizeof(*in) + sizeof(*out)));
	in = (struct lane_in *)rig.mem;
	out = (struct lane_out *)(rig.mem + WARPS * 32 * sizeof(*in));
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		for (i = 0; i < ARRAY_SIZE(trials); i++)
			tap_result(run_masks(&trials[i], *set), "%s %s", *set, trials[i].text);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
