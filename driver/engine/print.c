// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The printer of instructions, driven by the table.
 *
 *	[@[!]pN] mnemonic[:modifier]... operand, ...
 *
 * Registers are v, w, s and p with a number, branch targets L, functions F,
 * jump tables T and patterns pat with an index, immediates numbers.
 */
#include "print.h"

#ifdef __KERNEL__
#include <linux/stdarg.h>
#else
#include <stdarg.h>
#endif

/**
 * struct text - the line being printed
 * @buf: where it goes
 * @size: bytes there
 * @len: characters so far
 * @operands: how many operands it has
 */
struct text {
	char *buf;
	u32 size, len;
	u32 operands;
};

static __attribute__((__format__(printf, 2, 3))) void put(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	if (t->len + 1 >= t->size)
		return;
	va_start(args, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, args);
	va_end(args);
	if (n > 0)
		t->len = min(t->len + n, t->size - 1);
}

static void next_operand(struct text *t)
{
	put(t, t->operands++ ? ", " : " ");
}

/* ---- modifiers ------------------------------------------------------------------ */

static void put_width(struct text *t, u16 md)
{
	static const char * const names[] = { "u8", "u16", "b32", "b64", "s8", "s16" };
	u32 width = VGPU_MD_GET_WIDTH(md);

	if (md & VGPU_MD_SIGNED)
		width = 4 + (width & 1);
	put(t, ":%s", names[width]);
	if (VGPU_MD_GET_COUNT(md))
		put(t, ":x%u", 1U << VGPU_MD_GET_COUNT(md));
	put(t, ":a%u", 1U << VGPU_MD_GET_ALIGN(md));
}

static void put_carry(struct text *t, u8 mod)
{
	if (mod >> 4 != VGPU_CARRY_NOP)
		put(t, ":ci=p%u", mod >> 4);
	if ((mod & 0x0f) != VGPU_CARRY_NOP)
		put(t, ":co=p%u", mod & 0x0f);
}

static void put_mma(struct text *t, u32 imm)
{
	u32 kind = imm & VGPU_MMA_KIND, ta = imm >> 27 & 1, tb = imm >> 29 & 3;
	u32 a = imm >> 16 & 0xf, b = imm >> 20 & 0xf, group = (imm >> 24 & 7) + 1;

	if (kind >= VGPU_MMA_COUNT)
		return;
	put(t, ":%s", mma_table[kind].name);
	if (imm & VGPU_MMA_A_SIGNED)
		put(t, ":as");
	if (imm & VGPU_MMA_B_SIGNED)
		put(t, ":bs");
	if (imm & VGPU_MMA_SATFINITE)
		put(t, ":satfinite");
	if (imm & VGPU_MMA_XOR)
		put(t, ":xor");
	if (kind >= VGPU_MMA_SPARSE) {
		put(t, ":sel=%u", imm >> 12 & 3);
		if (imm & VGPU_MMA_SCALED)
			put(t, ":scaled");
	} else {
		if (imm & VGPU_MMA_A_COL)
			put(t, ":acol");
		if (imm & VGPU_MMA_B_ROW)
			put(t, ":brow");
	}
	if (mma_table[kind].ab == MMAT_F8 && a < VGPU_Q8_COUNT && b < VGPU_Q8_COUNT)
		put(t, ":at=%s:bt=%s", q8_names[a], q8_names[b]);
	if (ta)
		put(t, ":ta=%u", ta);
	if (tb)
		put(t, ":tb=%u", tb);
	if (group > 1)
		put(t, ":x%u", group);
}

static void put_mod(struct text *t, const struct vgpu_insn *in, const struct op_info *op)
{
	u32 i;

	for (i = 0; i < mod_name_count; i++) {
		const struct mod_name *n = &mod_names[i];

		if (n->kind == op->mod && (in->mod & n->mask) == n->value && n->name[0])
			put(t, ":%s", n->name);
	}
	switch (op->mod) {
	case OPM_LUT:
	case OPM_MMASC:
		put(t, ":0x%02x", in->mod);
		break;
	case OPM_CARRY:
		put_carry(t, in->mod);
		break;
	case OPM_SHFL:
		if (in->mod & VGPU_SHFL_PRED)
			put(t, ":p=p%u", in->mod >> 4);
		break;
	default:
		break;
	}
	if (op->kind[OPF_C] == OPK_M)
		put_width(t, in->c);
	if (op->imm == OPI_MMA)
		put_mma(t, in->imm);
}

/* ---- operands --------------------------------------------------------------------- */

/* A 64-bit source sees its immediate sign-extended. */
static void put_imm(struct text *t, u32 imm, bool is_signed)
{
	if (imm < 10000)
		put(t, "%u", imm);
	else if (is_signed && imm >= (u32)-9999)
		put(t, "%d", (s32)imm);
	else
		put(t, "0x%x", imm);
}

static void put_source(struct text *t, const struct vgpu_insn *in, u8 kind, u16 val)
{
	u32 index = val & VGPU_SRC_INDEX;

	switch (val & VGPU_SRC_KIND) {
	case VGPU_SRC_REG:
		put(t, "%c%u", kind == OPK_X ? 'v' : kind == OPK_Y ? 'w' : 's', index);
		break;
	case VGPU_SRC_SCALAR:
		put(t, "s%u", index);
		break;
	default:
		if (op_table[in->op].imm == OPI_SHFL)
			put_imm(t, VGPU_SHFL_LANE(in->imm), false);
		else
			put_imm(t, in->imm, kind != OPK_X);
		break;
	}
}

static void put_number(struct text *t, const struct vgpu_insn *in, u16 val)
{
	switch (in->op) {
	case VGPU_OP_BRX:
		put(t, "T%u", val);
		break;
	case VGPU_OP_H2I:
		put(t, "%s", val < VGPU_INT_COUNT ? int_kind_names[val] : "?");
		break;
	case VGPU_OP_SBASE:
	case VGPU_OP_SBASEW:
		put(t, "pat%u", val);
		break;
	default:
		put(t, "%u", val);
		break;
	}
}

/* Of a barrier object: states are wide, the outcome of a test is a predicate. */
static char mbar_file(const struct vgpu_insn *in, enum op_field f)
{
	u32 what = in->mod & VGPU_MBAR_OP;
	bool test = what == VGPU_MBAR_TEST || what == VGPU_MBAR_TEST_PARITY;

	if (f == OPF_D)
		return test ? 'p' : 'w';
	return what == VGPU_MBAR_TEST ? 'w' : 'v';
}

/* Registers whose file the modifier or the immediate tells. */
static char register_file(const struct vgpu_insn *in, const struct op_info *op, enum op_field f)
{
	u32 kind = in->imm & VGPU_MMA_KIND;

	switch (op->mod) {
	case OPM_BARRED:
		return in->mod == VGPU_BARRED_POPC ? 'v' : 'p';
	case OPM_ATOM:
		switch (in->mod >> 4) {
		case VGPU_AT_U64:
		case VGPU_AT_S64:
		case VGPU_AT_F64:
		case VGPU_AT_B128:
			return 'w';
		default:
			return 'v';
		}
	default:
		break;
	}
	if (op->mod == OPM_MBAR)
		return mbar_file(in, f);
	if (op->imm == OPI_MMA)
		return kind < VGPU_MMA_COUNT && mma_table[kind].ab == MMAT_F64 ? 'w' : 'v';
	if (op->kind[OPF_C] == OPK_M)
		return VGPU_MD_GET_WIDTH(in->c) == 3 ? 'w' : 'v';
	return 'v';
}

static void put_register(struct text *t, char file, u16 val)
{
	if (val == VGPU_NONE)
		put(t, "none");
	else
		put(t, "%c%u", file, val);
}

static void put_offset(struct text *t, s32 offset)
{
	if (offset)
		put(t, "%+d", offset);
}

static void put_base(struct text *t, u16 reg)
{
	if (reg == VGPU_NONE)
		put(t, "0");
	else
		put(t, "s%u", reg);
}

static bool wide_address(u16 op)
{
	switch (op) {
	case VGPU_OP_LDG:
	case VGPU_OP_STG:
	case VGPU_OP_LDX:
	case VGPU_OP_STX:
	case VGPU_OP_ATOMG:
	case VGPU_OP_ATOMX:
	case VGPU_OP_CPASYNC:
		return true;
	default:
		return false;
	}
}

static void put_address(struct text *t, const struct vgpu_insn *in, const struct op_info *op,
			s32 offset)
{
	u32 form = op_has_form(op) ? VGPU_MD_FORM(in->c) : VGPU_MD_FORM_W;

	next_operand(t);
	put(t, "[");
	if (in->op == VGPU_OP_SLD)
		form = VGPU_MD_FORM_S;
	if (form == VGPU_MD_FORM_W)
		put(t, "%c%u", wide_address(in->op) ? 'w' : 'v', in->a);
	else
		put_base(t, in->a);
	if (form == VGPU_MD_FORM_SV)
		put(t, "+v%u%s<<%u", in->b, in->c & VGPU_MD_SEXT ? ".s" : "",
		    VGPU_MD_GET_SHIFT(in->c));
	else if (form == VGPU_MD_FORM_SP)
		put(t, "+pat%u", in->b);
	put_offset(t, offset);
	put(t, "]");
}

static void put_operand(struct text *t, const struct vgpu_insn *in, const struct op_info *op,
			enum op_field f)
{
	static const char file[] = { [OPK_V] = 'v', [OPK_W] = 'w', [OPK_S] = 's', [OPK_P] = 'p' };
	u16 val = op_operand(in, f);
	u8 kind = op->kind[f];

	if (kind == OPK__ || kind == OPK_M)
		return;
	next_operand(t);
	switch (kind) {
	case OPK_V:
	case OPK_W:
	case OPK_S:
	case OPK_P:
		put(t, "%c%u", file[kind], val);
		break;
	case OPK_X:
	case OPK_Y:
	case OPK_T:
		put_source(t, in, kind, val);
		break;
	case OPK_N:
		put_number(t, in, val);
		break;
	default:	/* R, G */
		put_register(t, register_file(in, op, f), val);
		break;
	}
}

/* ---- instructions whose operands are not simply D, A, B, C -------------------------- */

static void put_shuffle(struct text *t, const struct vgpu_insn *in, const struct op_info *op)
{
	put_operand(t, in, op, OPF_D);
	put_operand(t, in, op, OPF_A);
	put_operand(t, in, op, OPF_B);
	if (in->imm & VGPU_SHFL_FULL) {
		next_operand(t);
		put(t, "full");
	} else {
		put_operand(t, in, op, OPF_C);
	}
	next_operand(t);
	put(t, "%u", in->imm >> 8 & 31);
	next_operand(t);
	put(t, "%u", in->imm >> 16 & 31);
}

static void put_cpasync(struct text *t, const struct vgpu_insn *in, const struct op_info *op)
{
	next_operand(t);
	put(t, "[v%u", in->d);
	put_offset(t, (s16)in->imm);
	put(t, "]");
	put_address(t, in, op, (s32)in->imm >> 16);
	if (in->mod & VGPU_CPASYNC_SRCSIZE) {
		next_operand(t);
		put(t, "v%u", in->b);
	}
}

/* D, an address, and for atomics what is combined. */
static void put_memory(struct text *t, const struct vgpu_insn *in, const struct op_info *op)
{
	put_operand(t, in, op, OPF_D);
	put_address(t, in, op, in->imm);
	if (op->mod != OPM_ATOM && op->mod != OPM_MBAR)
		return;
	put_operand(t, in, op, OPF_B);
	if (op->mod == OPM_ATOM && in->c != VGPU_NONE)
		put_operand(t, in, op, OPF_C);
}

static void put_plain(struct text *t, const struct vgpu_insn *in, const struct op_info *op)
{
	enum op_field f;

	for (f = OPF_D; f < OPF_COUNT; f++)
		put_operand(t, in, op, f);
	if (op->imm == OPI_ZERO || op->imm == OPI_SRC || op->imm == OPI_MMA)
		return;
	next_operand(t);
	switch (op->imm) {
	case OPI_TARGET:
		put(t, "L%u", in->imm);
		break;
	case OPI_FUNC:
		put(t, "F%u", in->imm);
		break;
	case OPI_SREG:
		put(t, "%s", in->imm < VGPU_SREG_COUNT ? sreg_table[in->imm].name : "?");
		break;
	case OPI_FMODE:
		put(t, "%s%s", fmode_round_names[in->imm & VGPU_FMODE_ROUND],
		    in->imm & VGPU_FMODE_FTZ ? "+ftz" : "");
		break;
	default:
		put(t, "0x%x", in->imm);
		break;
	}
}

static void put_constant(struct text *t, const struct vgpu_insn *in)
{
	u64 val = (u64)in->c << 48 | (u64)in->b << 32 | in->imm;

	put(t, " s%u, 0x%llx", in->d, (unsigned long long)val);
}

static void put_operands(struct text *t, const struct vgpu_insn *in, const struct op_info *op)
{
	if (in->op == VGPU_OP_SMOVI)
		put_constant(t, in);
	else if (op->imm == OPI_SHFL)
		put_shuffle(t, in, op);
	else if (op->imm == OPI_CPOFF)
		put_cpasync(t, in, op);
	else if (op->imm == OPI_OFFSET || op->imm == OPI_ATOMIC)
		put_memory(t, in, op);
	else
		put_plain(t, in, op);
}

u32 engine_print_insn(const struct vgpu_insn *in, char *buf, u32 size)
{
	struct text t = { .buf = buf, .size = size };
	const struct op_info *op;

	if (size)
		buf[0] = '\0';
	if (in->op >= VGPU_OP_COUNT) {
		put(&t, ".raw 0x%x, 0x%x, 0x%x, 0x%x, 0x%x, 0x%x, 0x%x, 0x%x", in->op,
		    in->guard, in->mod, in->d, in->a, in->b, in->c, in->imm);
		return t.len;
	}
	op = &op_table[in->op];
	if (in->guard & VGPU_GUARD)
		put(&t, "@%sp%u ", in->guard & VGPU_GUARD_NOT ? "!" : "",
		    in->guard & VGPU_GUARD_PRED);
	put(&t, "%s", op->name);
	put_mod(&t, in, op);
	put_operands(&t, in, op);
	return t.len;
}
