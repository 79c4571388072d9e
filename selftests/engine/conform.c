// SPDX-License-Identifier: MIT
/*
 * Every arithmetic instruction against the reference model: all handler sets, all
 * modifiers and float modes, every kind of operand, edge cases and random inputs,
 * full and partial warps.
 *
 *	conform [MNEMONIC...]		only these
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/print.h"
#include "../../driver/engine/verify.h"
#include "ref.h"
#include "rig.h"
#include "tap.h"

#define BLOCK	50	/* a full warp and a partial one */
#define GRID	12
#define LANES	(BLOCK * GRID)

/* What a lane is given, and what it gives back. */
struct lane_in {
	u64 a, b, c, d;
	u32 preds;	/* bits 1 to 6: P1 to P6 */
	u32 pad[7];
};

struct lane_out {
	u64 d;
	u32 p;
	u32 pad;
};

/* How the predicates are used. */
enum { PRED_A = 1, PRED_B, PRED_C, PRED_CARRY, PRED_GUARD, PRED_OUT };

/* Ways to name the operands. */
enum variant {
	ALL_REGISTERS, SCALAR_A, SCALAR_B, SCALAR_C, IMM_A, IMM_B, IMM_C, IMM_ALL,
	D_IS_A, D_IS_B, D_OVERLAPS, GUARDED, VARIANTS
};

static const char * const variant_names[VARIANTS] = {
	"registers", "scalar A", "scalar B", "scalar C", "immediate A", "immediate B",
	"immediate C", "immediates", "D is A", "D is B", "D overlaps", "guarded",
};

/**
 * struct trial - one form of an instruction, on all lanes
 * @row: its model
 * @in: the instruction
 * @mode: the float mode
 * @variant: how operands are named
 * @scalar: values of S4, S5 and S6
 */
struct trial {
	const struct ref_row *row;
	struct vgpu_insn in;
	u8 mode;
	enum variant variant;
	u64 scalar[3];
};

static struct rig rig;
static struct lane_in *in;
static struct lane_out *out;
static u64 rnd_state = 88172645463325252ull;

static u64 rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state * 2685821657736338717ull;
}

/* ---- inputs -------------------------------------------------------------------- */

static const u32 edges_i32[] = {
	0, 1, 2, 3, 5, 7, 8, 15, 16, 30, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 0x7fff, 0x8000,
	0xffff, 0x10000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
	0xffff8000, 0xffffff80, 0x00ff00ff, 0x80808080, 0x7f7f7f7f, 0x12345678, 0x00002008,
};

static const u32 edges_f32[] = {
	0, 0x80000000, 1, 0x80000001, 2, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x00800001,
	0x00ffffff, 0x01000000, 0x3f800000, 0xbf800000, 0x3f7fffff, 0x3f800001, 0x3f000000,
	0xbf000000, 0x3effffff, 0x3fc00000, 0x40200000, 0xc0200000, 0x40600000, 0x4b000000,
	0x4b000001, 0x4affffff, 0x4b800000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001,
	0x4f7fffff, 0x4f800000, 0x5effffff, 0x5f000000, 0xdf000000, 0x5f7fffff, 0x5f800000,
	0x7f7fffff, 0xff7fffff, 0x7f000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
	0x7f800001, 0x7fffffff, 0xffffffff, 0x477fe000, 0x477fefff, 0x477ff000, 0x33000000,
	0x33000001, 0x387fc000, 0x387fe000, 0x43e00000, 0x43e80000, 0x43f00000, 0x47600000,
	0x40490fdb, 0x3fc90fdb, 0x42fe0000, 0xc2fe0000, 0xc3150000, 0x20000000, 0x1f800000,
	0x3b000000, 0x3a800000, 0x3b008000, 0x40c00000, 0x40d00000, 0x41e00000, 0x41f00000,
};

static const u64 edges_i64[] = {
	0, 1, 2, 31, 32, 33, 62, 63, 64, 65, 127, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff,
	0x100000000ull, 0x7fffffffffffffffull, 0x8000000000000000ull, 0x8000000000000001ull,
	0xffffffffffffffffull, 0xfffffffffffffffeull, 0xffffffff80000000ull, 0xffffffff7fffffffull,
	0x001fffffffffffffull, 0x0020000000000001ull, 0x0000000001000001ull, 0x00000000ffffff80ull,
	0x8000004000000000ull, 0x8000004000000001ull, 0x0100000000000000ull, 0x0200000000000000ull,
	0x0300000000000000ull, 0x03ffffffffffffffull, 0x0400000000000000ull, 65504, 65519, 65520,
	65535, 0xffffffffffff0010ull, 2049, 2051, 0x00000000477fefffull,
};

static const u64 edges_f64[] = {
	0, 0x8000000000000000ull, 1, 0x8000000000000001ull, 0x000fffffffffffffull,
	0x0010000000000000ull, 0x8010000000000000ull, 0x3ff0000000000000ull, 0xbff0000000000000ull,
	0x3fefffffffffffffull, 0x3ff0000000000001ull, 0x3fe0000000000000ull, 0xbfe0000000000000ull,
	0x3ff8000000000000ull, 0x4004000000000000ull, 0x4330000000000000ull, 0x4340000000000001ull,
	0x41dfffffffc00000ull, 0x41dfffffffe00000ull, 0x41e0000000000000ull, 0xc1e0000000000000ull,
	0xc1e0000000200000ull, 0x41efffffffe00000ull, 0x41f0000000000000ull, 0x43dfffffffffffffull,
	0x43e0000000000000ull, 0xc3e0000000000000ull, 0x43efffffffffffffull, 0x43f0000000000000ull,
	0x7fefffffffffffffull, 0xffefffffffffffffull, 0x7ff0000000000000ull, 0xfff0000000000000ull,
	0x7ff8000000000000ull, 0xfff8000000000000ull, 0x7ff0000000000001ull, 0x47efffffe0000000ull,
	0x47effffff0000000ull, 0x47efffffefffffffull, 0x380fffffc0000000ull, 0x380fffffe0000000ull,
	0x3810000000000000ull, 0x36a0000000000000ull, 0x3690000000000000ull, 0x3690000000000001ull,
	0x40effc0000000000ull, 0x40effdffffffffffull, 0x40effe0000000000ull, 0x3f0ff80000000000ull,
	0x3e60000000000001ull, 0x7fd0000000000000ull, 0x0008000000000000ull, 0x7fe0000000000000ull,
};

static const u16 edges_f16[] = {
	0, 0x8000, 1, 0x8001, 0x3ff, 0x83ff, 0x400, 0x8400, 0x3c00, 0xbc00, 0x3bff, 0x3c01, 0x3800,
	0xb800, 0x3e00, 0x4100, 0xc100, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01,
	0x7fff, 0x6400, 0x63ff, 0x5bff, 0x1400, 0x13ff, 0x7800, 0x0800, 0x5c00, 0xd800, 0x5860,
};

static const u16 edges_bf16[] = {
	0, 0x8000, 1, 0x8001, 0x7f, 0x80, 0x8080, 0x3f80, 0xbf80, 0x3f7f, 0x3f81, 0x3f00, 0xbf00,
	0x3fc0, 0x4020, 0xc020, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xffc0, 0x7f81, 0x7fff,
	0x4b00, 0x5f00, 0x0100, 0x42fe, 0xc2fe, 0xc300, 0x1f80, 0x2000, 0x4f00, 0x47ff,
};

#define PICK(edges)	(edges[rnd() % ARRAY_SIZE(edges)])

/* A float with an exponent in the middle, where sums and products stay in range. */
static u32 modest_f32(void)
{
	return (u32)(rnd() & 0x807fffff) | (u32)(0x70 + rnd() % 32) << 23;
}

static u64 modest_f64(void)
{
	return (rnd() & 0x800fffffffffffffull) | (u64)(0x3e8 + rnd() % 48) << 52;
}

static u64 input(enum ref_type type)
{
	u32 how = rnd() % 8;

	if (how == 0)
		return rnd();
	switch (type) {
	case REF_I32:
		return how < 5 ? PICK(edges_i32) | rnd() << 32 : rnd() >> (rnd() % 32);
	case REF_I64:
		return how < 5 ? PICK(edges_i64) : rnd() >> (rnd() % 64);
	case REF_F32:
		return how < 5 ? PICK(edges_f32) : how < 7 ? modest_f32() : (u32)rnd();
	case REF_F64:
		return how < 5 ? PICK(edges_f64) : how < 7 ? modest_f64() : rnd();
	case REF_F16:
		return how < 6 ? PICK(edges_f16) | (u32)PICK(edges_f16) << 16 : rnd();
	case REF_BF16:
		return how < 6 ? PICK(edges_bf16) | (u32)PICK(edges_bf16) << 16 : rnd();
	default:
		return rnd();
	}
}

static enum ref_type operand_type(const struct ref_row *row, enum op_field f)
{
	u8 kind = op_table[row->op].kind[f];

	/* amounts of 64-bit shifts, addends of widening products */
	if (row->type == REF_I64 && kind == OPK_X)
		return REF_I32;
	if (row->type == REF_I32 && kind == OPK_Y)
		return REF_I64;
	if (row->op == VGPU_OP_FSCALEACC && f == OPF_A)
		return REF_I32;
	return row->type;
}

static void make_inputs(const struct ref_row *row)
{
	u32 i;

	for (i = 0; i < LANES; i++) {
		in[i].a = input(operand_type(row, OPF_A));
		in[i].b = input(operand_type(row, OPF_B));
		in[i].c = input(operand_type(row, OPF_C));
		in[i].d = row->type == REF_F32 ? input(REF_F32) : rnd();
		in[i].preds = rnd();
		/* equal operands, results next to zero, exact products */
		if (i % 16 == 1)
			in[i].b = in[i].a;
		if (i % 16 == 2)
			in[i].c = in[i].a;
	}
}

/* ---- the kernel ------------------------------------------------------------------- */

static bool is_source(u8 kind)
{
	return kind == OPK_X || kind == OPK_Y || kind == OPK_T;
}

static u16 source_register(u8 kind, enum op_field f)
{
	switch (kind) {
	case OPK_X:
		return 11 + f;		/* V12, V13, V14 */
	case OPK_Y:
		return 2 + 2 * f;	/* W4, W6, W8 */
	case OPK_T:
		return 3 + f;		/* S4, S5, S6 */
	default:
		return 0;
	}
}

/* Whether operand @f is named by the immediate, or by a scalar, in this variant. */
static bool is_imm(const struct trial *t, enum op_field f)
{
	return (t->variant == IMM_ALL || t->variant == IMM_A + f - OPF_A) &&
	       (t->variant == IMM_ALL || t->variant <= IMM_C);
}

static bool is_scalar(const struct trial *t, enum op_field f)
{
	return t->variant >= SCALAR_A && t->variant <= SCALAR_C && t->variant - SCALAR_A == f - OPF_A;
}

static u16 name_source(struct trial *t, enum op_field f)
{
	u8 kind = op_table[t->in.op].kind[f];

	if (kind == OPK_P)
		return f;
	if (!is_source(kind))
		return 0;
	if (is_imm(t, f)) {
		t->in.imm = t->scalar[0];
		return VGPU_SRC_IMM;
	}
	if (is_scalar(t, f) && kind != OPK_T)
		return VGPU_SRC_SCALAR | (3 + f);
	return source_register(kind, f);
}

/* D's register: V15, W10, S7 or P6, or one that is a source, too. */
static u16 name_result(const struct trial *t)
{
	const u8 *kind = op_table[t->in.op].kind;
	enum op_field f = t->variant == D_IS_B ? OPF_B : OPF_A;

	if (kind[OPF_D] == OPK_P)
		return PRED_OUT;
	if (kind[OPF_D] == OPK_S)
		return t->variant == D_IS_A || t->variant == D_IS_B ? source_register(kind[f], f) : 7;
	if (t->variant == D_IS_A || t->variant == D_IS_B)
		return source_register(kind[f], f);
	if (t->variant == D_OVERLAPS)	/* V12 is low half of W12, V5 the upper of W4 */
		return kind[OPF_D] == OPK_W ? 12 : 5;
	return kind[OPF_D] == OPK_W ? 10 : 15;
}

/* Whether the variant means something for this instruction. */
static bool applies(const struct trial *t)
{
	const struct op_info *op = &op_table[t->in.op];
	const u8 *kind = op->kind;
	u8 same = kind[OPF_D] == OPK_V ? OPK_X : kind[OPF_D] == OPK_W ? OPK_Y :
		  kind[OPF_D] == OPK_S ? OPK_T : OPK__;

	switch (t->variant) {
	case ALL_REGISTERS:
		return true;
	case SCALAR_A:
	case SCALAR_B:
	case SCALAR_C:
		return kind[OPF_A + t->variant - SCALAR_A] == OPK_X ||
		       kind[OPF_A + t->variant - SCALAR_A] == OPK_Y;
	case IMM_A:
	case IMM_B:
	case IMM_C:
		return is_source(kind[OPF_A + t->variant - IMM_A]);
	case IMM_ALL:
		return is_source(kind[OPF_A]) && is_source(kind[OPF_B]);
	case D_IS_A:
		return kind[OPF_A] == same;
	case D_IS_B:
		return kind[OPF_B] == same;
	case D_OVERLAPS:
		return (kind[OPF_D] == OPK_W && kind[OPF_A] == OPK_X) ||
		       (kind[OPF_D] == OPK_V && kind[OPF_A] == OPK_Y);
	default:
		return op->class == OPC_ALU;
	}
}

static void name_operands(struct trial *t)
{
	t->in.a = name_source(t, OPF_A);
	if (t->in.op != VGPU_OP_H2I)
		t->in.b = name_source(t, OPF_B);
	t->in.c = name_source(t, OPF_C);
	t->in.d = name_result(t);
	if (t->variant == GUARDED)
		t->in.guard = VGPU_GUARD | PRED_GUARD;
}

/* Scalar instructions take their operands from the block's first lane. */
static const char load_scalars[] =
	"	s.mul s3, s2, 3200\n	s.add s3, s3, s0\n"
	"	s.ld:global:b64:a8 s4, [s3]\n	s.ld:global:b64:a8 s5, [s3+8]\n"
	"	s.ld:global:b64:a8 s6, [s3+16]\n	s.ld:global:b64:a8 s7, [s3+24]\n";

static const char load_params[] =
	"	s.ld:param:b64:a8 s4, [0+16]\n	s.ld:param:b64:a8 s5, [0+24]\n"
	"	s.ld:param:b64:a8 s6, [0+32]\n";

static const char load_lanes[] =
	"	ld.global:b64:a8 w4, [s0+v1<<4]\n	ld.global:b64:a8 w6, [s0+v1<<4+8]\n"
	"	ld.global:b64:a8 w8, [s0+v1<<4+16]\n	ld.global:b64:a8 w10, [s0+v1<<4+24]\n"
	"	ld.global:b32:a4 v12, [s0+v1<<4]\n	ld.global:b32:a4 v13, [s0+v1<<4+8]\n"
	"	ld.global:b32:a4 v14, [s0+v1<<4+16]\n	ld.global:b32:a4 v15, [s0+v1<<4+24]\n";

static void print_kernel(const struct trial *t, char *text, size_t size)
{
	const struct op_info *op = &op_table[t->in.op];
	char insn[ENGINE_PRINT_SIZE], d[8] = "v15";
	size_t n = 0;
	u32 i;

	engine_print_insn(&t->in, insn, sizeof(insn));
	if (op->kind[OPF_D] == OPK_V)
		snprintf(d, sizeof(d), "v%u", t->in.d);
	else if (op->kind[OPF_D] == OPK_W)
		snprintf(d, sizeof(d), "w%u", t->in.d);
	else if (op->kind[OPF_D] == OPK_S)
		snprintf(d, sizeof(d), "w10");
	n += snprintf(text + n, size - n, ".kernel \"k\" func=f vregs=32 sregs=16 param=40\n"
		      ".func f\n	s.ld:param:b64:a8 s0, [0]\n	s.ld:param:b64:a8 s1, [0+8]\n"
		      "	sreg v0, %%tid.x\n	s.sreg s2, %%ctaid.x\n	imad v0, s2, %u, v0\n"
		      "	shl v1, v0, 2\n%s%s	ld.global:b32:a4 v16, [s0+v1<<4+32]\n", BLOCK,
		      op->class == OPC_SCALAR ? load_scalars : load_params, load_lanes);
	for (i = PRED_A; i <= PRED_OUT; i++)
		n += snprintf(text + n, size - n, "	and v17, v16, %u\n	setp.32:ne p%u, v17, 0\n",
			      1u << i, i);
	if (t->mode)
		n += snprintf(text + n, size - n, "	setmode %u\n", t->mode);
	n += snprintf(text + n, size - n, "	%s\n", insn);
	if (t->mode)
		n += snprintf(text + n, size - n, "	setmode rn\n");
	if (op->kind[OPF_D] == OPK_S)
		n += snprintf(text + n, size - n, "	mov.w w10, s%u\n", t->in.d);
	snprintf(text + n, size - n, "	mov v18, 0\n	@p%u mov v18, 1\n	st.global:%s %s, [s1+v0<<4]\n"
		 "	st.global:b32:a4 v18, [s1+v0<<4+8]\n	exit\n.end\n", PRED_OUT,
		 d[0] == 'w' ? "b64:a8" : "b32:a4", d);
}

/* ---- what must come out -------------------------------------------------------------- */

static u64 source_value(const struct trial *t, const struct lane_in *l, enum op_field f)
{
	const u64 lane[] = { 0, l->a, l->b, l->c };
	u8 kind = op_table[t->in.op].kind[f];
	u64 val = lane[f];

	if (!is_source(kind))
		return 0;
	if (is_imm(t, f))
		val = kind == OPK_X ? t->in.imm : (u64)(s64)(s32)t->in.imm;
	else if (is_scalar(t, f))
		val = t->scalar[f - OPF_A];
	return kind == OPK_X ? (u32)val : val;
}

/* An active lane in which P3 holds, for SSEL: the warp's lanes. */
static bool any_pred_c(u32 lane)
{
	u32 first = lane / BLOCK * BLOCK + (lane % BLOCK) / 32 * 32, i;

	for (i = first; i < first + 32 && i < lane / BLOCK * BLOCK + BLOCK; i++)
		if (in[i].preds >> PRED_C & 1)
			return true;
	return false;
}

static void expect(const struct trial *t, u32 lane, struct ref *r)
{
	bool scalar = op_table[t->in.op].class == OPC_SCALAR;
	const struct lane_in *l = &in[scalar ? lane / BLOCK * BLOCK : lane];
	const u8 *kind = op_table[t->in.op].kind;

	memset(r, 0, sizeof(*r));
	r->in = &t->in;
	r->mode = t->mode;
	r->a = source_value(t, l, OPF_A);
	r->b = source_value(t, l, OPF_B);
	r->c = source_value(t, l, OPF_C);
	r->pa = in[lane].preds >> PRED_A & 1;
	r->pb = in[lane].preds >> PRED_B & 1;
	r->pc = scalar ? any_pred_c(lane) : in[lane].preds >> PRED_C & 1;
	r->carry = op_table[t->in.op].mod == OPM_CARRY && t->in.mod >> 4 == PRED_CARRY ?
		   in[lane].preds >> PRED_CARRY & 1 : false;
	r->d = kind[OPF_D] == OPK_V ? (u32)l->d : l->d;
	if (t->variant == D_IS_A)
		r->d = r->a;
	if (t->variant == D_IS_B)
		r->d = r->b;
	r->p = in[lane].preds >> PRED_OUT & 1;
}

/* Whether the instruction gives a predicate. */
static bool gives_predicate(const struct trial *t)
{
	const struct op_info *op = &op_table[t->in.op];

	return op->kind[OPF_D] == OPK_P ||
	       (op->mod == OPM_CARRY && (t->in.mod & 0x0f) == PRED_OUT);
}

static bool lane_ok(const struct trial *t, u32 lane, struct ref *r)
{
	const u8 *kind = op_table[t->in.op].kind;
	bool wide = kind[OPF_D] == OPK_W || kind[OPF_D] == OPK_S, old_p;
	u64 got = wide ? out[lane].d : (u32)out[lane].d;
	bool active = t->variant != GUARDED || in[lane].preds >> PRED_GUARD & 1;

	expect(t, lane, r);
	old_p = r->p;
	if (active && t->row->run)
		t->row->run(r);
	if (!gives_predicate(t))
		r->p = old_p;
	if (out[lane].p != r->p)
		return false;
	if (kind[OPF_D] == OPK_P)
		return true;
	if (active && t->row->check)
		return t->row->check(r, got);
	/* a lone half leaves the upper one without meaning */
	if (active && (t->in.op == VGPU_OP_H2H))
		return (u16)got == (u16)r->d;
	return got == r->d;
}

static bool run_trial(struct trial *t, const char *set)
{
	const u64 param[5] = {
		RIG_BASE, RIG_BASE + LANES * sizeof(*in), t->scalar[0], t->scalar[1], t->scalar[2],
	};
	const struct rig_grid g = {
		.grid = { GRID, 1, 1 }, .block = { BLOCK, 1, 1 }, .param = param,
		.param_size = sizeof(param),
	};
	char text[4096], insn[ENGINE_PRINT_SIZE];
	struct ref r;
	u32 i;

	print_kernel(t, text, sizeof(text));
	engine_print_insn(&t->in, insn, sizeof(insn));
	if (rig_run(&rig, text, &g) != ENGINE_DONE) {
		printf("# %s: %s, mode %u: %s, fault %u at %u\n", set, insn, t->mode, rig.msg,
		       rig.fault.kind, rig.fault.pc);
		return false;
	}
	for (i = 0; i < LANES; i++) {
		if (lane_ok(t, i, &r))
			continue;
		expect(t, i, &r);
		printf("# %s: %s, mode %u, %s, lane %u: a %llx b %llx c %llx d %llx p %u%u%u%u:"
		       " got %llx p %u,", set, insn, t->mode, variant_names[t->variant], i,
		       (unsigned long long)r.a, (unsigned long long)r.b, (unsigned long long)r.c,
		       (unsigned long long)r.d, r.pa, r.pb, r.pc, r.carry,
		       (unsigned long long)out[i].d, out[i].p);
		if (t->row->run)
			t->row->run(&r);
		printf(" want %llx p %u\n", (unsigned long long)r.d, r.p);
		return false;
	}
	return true;
}

/* ---- all forms ------------------------------------------------------------------------- */

static bool mod_wanted(const struct vgpu_insn *insn)
{
	const struct op_info *op = &op_table[insn->op];
	u8 carry_in = insn->mod >> 4, carry_out = insn->mod & 0x0f;

	switch (op->mod) {
	case OPM_LUT:	/* some of 256 */
		return insn->mod % 16 == insn->mod / 16 % 7 || insn->mod == 0xe8 || insn->mod == 0x96;
	case OPM_CARRY:
		return (carry_in == PRED_CARRY || carry_in == VGPU_CARRY_NOP) &&
		       (carry_out == PRED_OUT || carry_out == VGPU_CARRY_NOP);
	default:
		return !verify_mod(insn, op);
	}
}

static u32 modes_of(const struct ref_row *row)
{
	switch (row->type) {
	case REF_F32:
		return 8;
	case REF_F64:
		return row->op >= VGPU_OP_DADD && row->op <= VGPU_OP_DTESTP ? 4 : 8;
	default:
		return op_table[row->op].mod == OPM_CVT || op_table[row->op].mod == OPM_HMOD ? 8 : 1;
	}
}

/* The plain form in every mode; in the default one, all variants. */
static bool run_forms(const struct ref_row *row, struct vgpu_insn *insn, const char *set, u32 *runs)
{
	struct trial t = { .row = row };
	bool ok = true, all;
	u32 mode, i;

	for (mode = 0; mode < modes_of(row); mode++) {
		all = mode == 0 || mode == 7;
		for (t.variant = 0; t.variant < VARIANTS; t.variant++) {
			t.in = *insn;
			t.mode = mode;
			if (!applies(&t) || (!all && t.variant != ALL_REGISTERS))
				continue;
			for (i = 0; i < 3; i++)
				t.scalar[i] = input(operand_type(row, OPF_A + i));
			name_operands(&t);
			make_inputs(row);
			ok &= run_trial(&t, set);
			(*runs)++;
		}
	}
	return ok;
}

static void run_row(const struct ref_row *row, const char *set)
{
	struct vgpu_insn insn = { .op = row->op };
	u32 mod, kinds = row->op == VGPU_OP_H2I ? VGPU_INT_COUNT : 1, runs = 0;
	bool ok = true;

	for (mod = 0; mod < 256; mod++) {
		insn.mod = mod;
		if (!mod_wanted(&insn))
			continue;
		for (insn.b = 0; insn.b < kinds; insn.b++)
			ok &= run_forms(row, &insn, set, &runs);
	}
	tap_result(ok, "%s %s (%u forms)", set, op_table[row->op].name, runs);
}

static bool wanted(u16 op, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], op_table[op].name))
			return true;
	return argc == 1;
}

static const struct {
	const struct ref_row *rows;
	const size_t *count;
} models[] = {
	{ ref_int, &ref_int_count }, { ref_long, &ref_long_count },
	{ ref_scalar, &ref_scalar_count }, { ref_f32, &ref_f32_count },
	{ ref_f64, &ref_f64_count }, { ref_half, &ref_half_count }, { ref_cvt, &ref_cvt_count },
	{ ref_approx, &ref_approx_count },
};

/* Arithmetic without a model would go untested; these have tests of their own. */
static bool elsewhere(u16 op)
{
	switch (op) {
	case VGPU_OP_SREGV:
	case VGPU_OP_SREGW:
	case VGPU_OP_SREGS:
	case VGPU_OP_SMOVI:
		return true;
	default:
		return op_table[op].class != OPC_ALU && op_table[op].class != OPC_SCALAR;
	}
}

static void check_complete(void)
{
	bool modelled[VGPU_OP_COUNT] = { false }, ok = true;
	u32 op;
	size_t m, i;

	for (m = 0; m < ARRAY_SIZE(models); m++)
		for (i = 0; i < *models[m].count; i++)
			modelled[models[m].rows[i].op] = true;
	for (op = 0; op < VGPU_OP_COUNT; op++)
		if (!modelled[op] && !elsewhere(op)) {
			printf("# no model of %s\n", op_table[op].name);
			ok = false;
		}
	tap_result(ok, "every arithmetic instruction has a model");
}

int main(int argc, char **argv)
{
	const char * const *set = rig_sets();
	size_t m, i;

	rig_init(&rig, LANES * (sizeof(*in) + sizeof(*out)));
	in = (struct lane_in *)rig.mem;
	out = (struct lane_out *)(rig.mem + LANES * sizeof(*in));
	check_complete();
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		for (m = 0; m < ARRAY_SIZE(models); m++)
			for (i = 0; i < *models[m].count; i++)
				if (wanted(models[m].rows[i].op, argc, argv))
					run_row(&models[m].rows[i], *set);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
