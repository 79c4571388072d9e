/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instruction while it is decoded: what decode.c and its parts (decode_*.c) share.
 */
#ifndef VGPU_ENGINE_DECODE_H
#define VGPU_ENGINE_DECODE_H

#include "exec.h"

#define FUEL_EVERY	256	/* straight code counts that often; a power of two */

/* ---- places in struct eng_warp ------------------------------------------------------- */

static inline u16 place_v(u32 reg)
{
	return ENG_WORD(v) + reg * ENG_LANES;
}

static inline u16 place_s(u32 reg)
{
	return ENG_WORD(s) + 2 * reg;
}

static inline u16 place_p(u32 reg)
{
	return ENG_WORD(p) + reg;
}

static inline u16 place_tmp(enum op_field f)
{
	return ENG_WORD(tmp) + (f - OPF_A) * 2 * ENG_LANES;
}

/* Of an instruction that waits for other lanes */
static inline u16 place_sync(enum op_field f, bool wide)
{
	return wide ? ENG_WORD(sync64) + (f - OPF_A) * 2 * ENG_LANES :
		      ENG_WORD(sync32) + (f - OPF_A) * ENG_LANES;
}

/* A scalar that is always zero: predicate slots beyond the true one */
#define PLACE_ZERO	(ENG_WORD(p) + 18)

/* ---- the instruction ----------------------------------------------------------------- */

/**
 * struct emitter - the instruction being decoded
 * @code: the object
 * @prog: the program
 * @in: the instruction
 * @info: its row of the table
 * @pc: its index
 * @out: elements made from it
 * @n: how many
 * @op: the main one, emitted last
 */
struct emitter {
	const struct engine_code *code;
	const struct engine_prog *prog;
	const struct vgpu_insn *in;
	const struct op_info *info;
	u32 pc;
	struct eng_op *out;
	u32 n;
	struct eng_op op;
};

static inline void set_handler(struct emitter *e, u32 uop)
{
	e->op.h = 2 * uop + !!(e->in->guard & VGPU_GUARD);
}

static inline struct eng_op *emit(struct emitter *e, u32 uop)
{
	struct eng_op *op = &e->out[e->n++];

	*op = (struct eng_op) {
		.h = 2 * uop, .g = ENG_GUARD_TRUE, .pc = e->pc, .fmode = e->op.fmode,
	};
	return op;
}

static inline u16 get(const struct emitter *e, enum op_field f)
{
	return op_operand(e->in, f);
}

static inline void put(struct emitter *e, enum op_field f, u16 place)
{
	switch (f) {
	case OPF_D:
		e->op.d = place;
		break;
	case OPF_A:
		e->op.a = place;
		break;
	case OPF_B:
		e->op.b = place;
		break;
	default:
		e->op.c = place;
		break;
	}
}

static inline u8 bit(enum op_field f)
{
	return 1U << (f - OPF_A);
}

static inline bool is_single(const struct emitter *e, enum op_field f)
{
	u8 kind = e->info->kind[f];

	return (kind == OPK_X || kind == OPK_Y) && (get(e, f) & VGPU_SRC_KIND) != VGPU_SRC_REG;
}

static inline bool is_immediate(const struct emitter *e, enum op_field f)
{
	return is_single(e, f) && (get(e, f) & VGPU_SRC_KIND) == VGPU_SRC_IMM;
}

/* Operand @f stays a single value: a scalar's place, or the immediate. */
static inline void put_single(struct emitter *e, enum op_field f)
{
	if (is_immediate(e, f)) {
		put(e, f, ENG_OP_IMM);
		e->op.sel |= bit(f);
	} else {
		put(e, f, place_s(get(e, f) & VGPU_SRC_INDEX));
	}
}

static inline void put_row(struct emitter *e, enum op_field f)
{
	put(e, f, place_v(get(e, f) & VGPU_SRC_INDEX));
}

/* Operand @f, a single value, becomes the row at @place first. */
static inline void put_broadcast(struct emitter *e, enum op_field f, u16 place)
{
	struct eng_op *b = emit(e, e->info->kind[f] == OPK_Y ? EU_BCASTW : EU_BCAST);

	b->d = place;
	if ((get(e, f) & VGPU_SRC_KIND) == VGPU_SRC_IMM) {
		b->a = ENG_OP_IMM;
		b->sel = ENG_SEL_A;
		b->imm = e->op.imm;
		b->x = e->op.x;
	} else {
		b->a = place_s(get(e, f) & VGPU_SRC_INDEX);
	}
	put(e, f, place);
}

/* A row: the operand's own, or the one at @place where it is a single value. */
static inline void put_source_at(struct emitter *e, enum op_field f, u16 place)
{
	if (is_single(e, f))
		put_broadcast(e, f, place);
	else
		put_row(e, f);
}

static inline void put_source(struct emitter *e, enum op_field f)
{
	put_source_at(e, f, place_tmp(f));
}

static inline void put_scalar(struct emitter *e, enum op_field f)
{
	u16 val = get(e, f);

	if ((val & VGPU_SRC_KIND) == VGPU_SRC_IMM) {
		put(e, f, ENG_OP_IMM);
		e->op.sel |= bit(f);
	} else {
		put(e, f, place_s(val));
	}
}

/* Operands whose kind says all; X and Y are left to the caller. */
static inline void put_plain(struct emitter *e)
{
	enum op_field f;

	for (f = OPF_D; f < OPF_COUNT; f++) {
		u16 val = get(e, f);

		switch (e->info->kind[f]) {
		case OPK_V:
		case OPK_W:
		case OPK_G:
			put(e, f, place_v(val));
			break;
		case OPK_S:
			put(e, f, place_s(val));
			break;
		case OPK_T:
			put_scalar(e, f);
			break;
		case OPK_P:
			put(e, f, place_p(val));
			break;
		case OPK_N:
			put(e, f, val);
			break;
		default:
			break;
		}
	}
}

/* ---- decode_variants.c: handlers for special cases (variants.h) ------------------------ */

/* Which case; besides these, @when is one bit of ENG_SEL_*. */
#define IS_32		0x80
#define IS_I		0x8a
#define IS_S		0x81
#define IS_SP		0x82
#define IS_ROW		0x83
#define IS_W32		0x85
#define IS_W16		0x86
#define IS_SV32		0x87
#define IS_S32		0x88
#define IS_SV16		0x89
/* by enum eng_record_kind */
#define IS_REC32	0x90
#define IS_REC32_D2	0x91
#define IS_REC32_D4	0x92
#define IS_REC32_W2	0x93
#define IS_REC32_W3	0x94
#define IS_REC16	0x98
#define IS_REC16_D2	0x99
#define IS_REC16_D4	0x9a
#define IS_REC16_W2	0x9b
#define IS_REC16_W3	0x9c

/** eng_find_variant() - the handler of instruction @op for case @when, or 0 */
u32 eng_find_variant(u32 op, u8 when);

/* ---- decode_alu.c: arithmetic and comparisons ------------------------------------------ */

/**
 * struct cmp_rule - how a comparison is made
 * @prim: primitive comparison
 * @invert: of its outcome
 */
struct cmp_rule {
	u8 prim;
	bool invert;
};

enum { EQ, LTS, GTS, LTU, GTU, INT_PRIMS };

/* By VGPU_CMP_* */
extern const struct cmp_rule eng_int_rules[VGPU_CMP_COUNT];

/** eng_decode_alu() - handler and operands of an instruction of class ALU */
void eng_decode_alu(struct emitter *e);

/* ---- decode_ctrl.c: control and scalars ------------------------------------------------ */

/** eng_decode_control() - the same of class CTRL */
void eng_decode_control(struct emitter *e);
/** eng_decode_scalar() - of classes SCALAR and SVEC */
void eng_decode_scalar(struct emitter *e);

/* ---- decode_mem.c: memory, lanes, matrices --------------------------------------------- */

/** eng_decode_memory() - of classes MEM and SMEM */
void eng_decode_memory(struct emitter *e);
/** eng_decode_lane() - of class LANE */
void eng_decode_lane(struct emitter *e);
/** eng_decode_matrix() - of class MAT */
void eng_decode_matrix(struct emitter *e);

#endif /* VGPU_ENGINE_DECODE_H */
