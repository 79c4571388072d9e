// SPDX-License-Identifier: MIT
/*
 * s.base and s.basew against a model: lanes of one, two, several and 32 bases, some lanes elsewhere, sums that wrap,
 * bases that differ in one bit; what is loaded by the base is what each lane's own address has, and behind it all
 * meet. All handler sets, long and short slices: a short one has room for the miss of a translation that does not serve all lanes.
 */
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "rnd.h"
#include "tap.h"

#define WARPS	24
#define DATA	4096	/* bytes of shared memory, and of global memory with the same in them */

/* What a lane gives back. */
struct lane_out {
	u64 d;
	u32 active, own, based, together;
	u32 pad[2];
};

/* How a pattern's entries are made */
enum offsets { ROW, NONE, BACKWARDS, ANY, HIGH, SPAN, OFFSETS };

/* And bases: of addresses in the data, so that they can be loaded from; below the end of all numbers; one bit apart */
enum bases { NEAR, WRAP, BIT, BASES };

static const char * const base_names[BASES] = { "of addresses", "that wrap", "one bit apart" };

/**
 * struct trial - an instruction and what it is given
 * @wide: s.basew
 * @bases: how they are made
 * @groups: lanes have so many bases, at most
 * @members: lanes that execute it
 * @offset: the pattern
 */
struct trial {
	bool wide;
	enum bases bases;
	u32 groups, members;
	u32 offset[32];
};

static struct rig rig;
static u64 *in;
static struct lane_out *out;
static u8 *data;

/* ---- inputs ----------------------------------------------------------------------------- */

static void make_pattern(u32 *offset, enum offsets how)
{
	u32 l;

	for (l = 0; l < 32; l++) {
		const u32 made[OFFSETS] = {
			[ROW] = 4 * l, [NONE] = 0, [BACKWARDS] = 4 * (31 - l), [ANY] = rnd() % 2000,
			[HIGH] = 1000 + rnd() % 1000, [SPAN] = rnd() % VGPU_PATTERN_SPAN,
		};

		offset[l] = made[how];
	}
}

static u32 lowest(const u32 *offset)
{
	u32 l, low = offset[0];

	for (l = 1; l < 32; l++)
		low = offset[l] < low ? offset[l] : low;
	return low;
}

/* Base @k of a warp that has @start */
static u64 make_base(const struct trial *t, u64 start, u32 k)
{
	switch (t->bases) {
	case NEAR:	/* the lowest lane's entry may be more than its address in shared memory */
		return (t->wide ? RIG_BASE + (data - rig.mem) : 0) + start % 800 + 37 * k - lowest(t->offset);
	case WRAP:
		return -(start % 500) - 37 * k - 1;
	default:
		return start ^ 1ULL << (2 * k + 1) % (t->wide ? 64 : 32);
	}
}

/* Lanes that do not take part have anything, and so have upper halves that nobody asks for. */
static void make_inputs(const struct trial *t)
{
	u32 i, l;

	for (i = 0; i < WARPS; i++) {
		u64 start = (u64)rnd() << 32 | rnd();

		for (l = 0; l < 32; l++) {
			u64 *a = &in[32 * i + l];

			*a = make_base(t, start, t->groups == 32 ? l : rnd() % t->groups) + t->offset[l];
			if (!(t->members >> l & 1))
				*a = rnd();
			if (!t->wide)
				*a = (u32)*a | (u64)rnd() << 32;
		}
	}
	memset(out, 0xee, WARPS * 32 * sizeof(*out));
}

/* ---- the kernel --------------------------------------------------------------------------- */

static void print_kernel(char *to, const struct trial *t)
{
	u32 i;

	to += sprintf(to, ".kernel \"k\" func=f vregs=16 sregs=12 param=24 shared=%u\n.pattern ", DATA);
	for (i = 0; i < 32; i++)
		to += sprintf(to, "%s%u", i ? "," : "", t->offset[i]);
	to += sprintf(to, "\n.func f\ns.ld:param:b64:a8 s0, [0]\ns.ld:param:b64:a8 s1, [0+8]\n"
		      "s.ld:param:b64:a8 s2, [0+16]\ns.sreg s3, %%ctaid.x\nsreg v1, %%laneid\nimad v0, s3, 32, v1\n");
	for (i = 0; i < DATA; i += 128)
		to += sprintf(to, "ld.global:b32:a4 v2, [s2+v1<<2+%u]\nst.shared:b32:a4 v2, [0+v1<<2+%u]\n", i, i);
	to += sprintf(to, "ld.global:b64:a8 w4, [s0+v0<<3]\nunpk.lo v6, w4\nmov.w w10, 0\nmov v12, 0\nmov v13, 0\nmov v14, 0\n"
		      "s.movi s8, %u\nsreg v2, %%lanemask_eq\nand v2, v2, s8\nsetp.32:eq p0, v2, 0\nbssy s5\n@p0 bra out\n%s"
		      "s.active s10\nmov.w w10, s9\nmov v12, s10\n", t->members,
		      t->wide ? "s.basew s9, w4, pat0\n" : "s.base s9, v6, pat0\n");
	if (t->bases == NEAR)
		to += sprintf(to, t->wide ? "ld.global:b32:a1 v13, [w4]\nld.global:b32:a1 v14, [s9+pat0]\n" :
					    "ld.shared:b32:a1 v13, [v6]\nld.shared:b32:a1 v14, [s9+pat0]\n");
	sprintf(to, "out:\nbsync s5\ns.active s11\nmov v15, s11\nshl v0, v0, 1\nst.global:b64:a8 w10, [s1+v0<<4]\n"
		"st.global:b32:a4 v12, [s1+v0<<4+8]\nst.global:b32:a4 v13, [s1+v0<<4+12]\n"
		"st.global:b32:a4 v14, [s1+v0<<4+16]\nst.global:b32:a4 v15, [s1+v0<<4+20]\nexit\n.end\n");
}

/* ---- the model ----------------------------------------------------------------------------- */

static u64 base_of(const struct trial *t, const u64 *a, u32 lane)
{
	u64 d = a[lane] - t->offset[lane];

	return t->wide ? d : (u32)d;
}

static struct lane_out model(const struct trial *t, const u64 *a, u32 lane)
{
	struct lane_out o = { .together = ~0U };
	u32 l;

	if (!(t->members >> lane & 1))
		return o;
	o.d = base_of(t, a, lane);
	for (l = 0; l < 32; l++)
		if (t->members >> l & 1 && base_of(t, a, l) == o.d)
			o.active |= 1U << l;
	if (t->bases == NEAR) {
		memcpy(&o.own, t->wide ? rig.mem + (a[lane] - RIG_BASE) : data + (u32)a[lane], 4);
		o.based = o.own;
	}
	return o;
}

static bool check(const struct trial *t, const char *set)
{
	u32 i;

	for (i = 0; i < WARPS * 32; i++) {
		struct lane_out want = model(t, &in[i & ~31U], i % 32);

		if (!memcmp(&out[i], &want, offsetof(struct lane_out, pad)))
			continue;
		printf("# %s, members %x, budget %u, warp %u, lane %u: base %llx of lanes %x, %x %x, then %x\n"
		       "# want %llx of lanes %x, %x %x, then %x\n", set, t->members, rig.budget, i / 32, i % 32,
		       (unsigned long long)out[i].d, out[i].active, out[i].own, out[i].based, out[i].together,
		       (unsigned long long)want.d, want.active, want.own, want.based, want.together);
		return false;
	}
	return true;
}

/* ---- running -------------------------------------------------------------------------------- */

static bool run(const struct trial *t, const char *set)
{
	const u64 param[3] = {
		RIG_BASE, RIG_BASE + ((u8 *)out - rig.mem), RIG_BASE + (data - rig.mem),
	};
	const struct rig_grid g = {
		.grid = { WARPS, 1, 1 }, .block = { 32, 1, 1 }, .param = param, .param_size = sizeof(param),
	};
	char text[8192];

	print_kernel(text, t);
	make_inputs(t);
	if (rig_run(&rig, text, &g) == ENGINE_DONE)
		return check(t, set);
	printf("# %s: %s, fault %u at %u, lane %u, address %llx\n", set, rig.msg, rig.fault.kind, rig.fault.pc,
	       rig.fault.lane, (unsigned long long)rig.fault.address);
	return false;
}

static bool run_all(struct trial *t, const char *set)
{
	static const u32 masks[] = { 0xffffffff, 0xfffffffe, 0x0000ffff, 0x5a5a1234, 0x80000000, 0x7ffffff0 };
	enum offsets how;
	bool ok = true;
	u32 i;

	for (how = ROW; how < (t->bases == NEAR ? SPAN : OFFSETS); how++)
		for (i = 0; i < ARRAY_SIZE(masks); i++) {
			make_pattern(t->offset, how);
			t->members = masks[i];
			ok &= run(t, set);
		}
	return ok;
}

int main(void)
{
	static const u32 groups[] = { 1, 2, 7, 32 };
	const char * const *set;
	struct trial t = { 0 };
	u32 i;

	rig_init(&rig, WARPS * 32 * (sizeof(*in) + sizeof(*out)) + DATA);
	in = (u64 *)rig.mem;
	out = (struct lane_out *)(in + WARPS * 32);
	data = (u8 *)(out + WARPS * 32);
	for (i = 0; i < DATA; i++)
		data[i] = rnd();
	for (set = rig_sets(); *set; set++) {
		if (engine_init(*set))
			abort();
		for (i = 0; i < ARRAY_SIZE(groups) * BASES * 4; i++) {
			t.groups = groups[i % 4];
			t.bases = i / 4 % BASES;
			t.wide = i / 4 / BASES & 1;
			rig.budget = i / 8 / BASES ? 100000 : 100;
			tap_result(run_all(&t, *set), "%s %s: %u bases %s, slices of %u", *set,
				   t.wide ? "s.basew" : "s.base", t.groups, base_names[t.bases], rig.budget);
		}
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
