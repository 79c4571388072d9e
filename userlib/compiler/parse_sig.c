// SPDX-License-Identifier: MIT
/* Operands against the opcode's signature: positions, kinds, types. */
#include "parse.h"

/* One operand being fitted into its position. */
struct fit {
	struct parser *p;
	struct ir_insn *i;
	const struct ptx_op *op;
	const struct ptx_opnd *tok;
	enum ir_type type;
	u32 line;
};

_Noreturn static void bad(struct fit *f, const char *what)
{
	perr(f->p, f->line, "%s of '%s'", what, f->op->name);
}

static enum ir_type widen(enum ir_type t)
{
	switch (t) {
	case T_U16:
		return T_U32;
	case T_S16:
		return T_S32;
	case T_U32:
		return T_U64;
	case T_S32:
		return T_S64;
	default:
		return T_NONE;
	}
}

/* The register type that holds elements of a matrix fragment. */
static enum ir_type fragment_type(const struct ir_insn *i, unsigned int pos)
{
	enum ir_type t;

	/* wmma.mma .dtype.ctype: a and b are halves */
	if (i->op == OP_WMMA_MMA && i->ntypes == 2)
		t = pos == 0 ? i->types[0] : pos == 3 ? i->types[1] : T_B32;
	else
		t = i->types[pos < i->ntypes ? pos : i->ntypes - 1u];
	return t == T_F32 || t == T_F64 || t == T_S32 ? t : T_B32;
}

static enum ir_type use_type(struct fit *f)
{
	const struct ir_insn *i = f->i;
	unsigned int pos;

	switch (f->tok->type) {
	case '0' ... '4':
		pos = f->tok->type - '0';
		if (f->op->flags & OPF_MMA)
			return fragment_type(i, pos);
		return i->types[pos < i->ntypes ? pos : i->ntypes - 1u];
	case 'w':
		if (i->m.mul != MUL_WIDE)
			return i->types[0];
		if (!widen(i->types[0]))
			bad(f, ".wide with the type");
		return widen(i->types[0]);
	case 'p':
		return T_PRED;
	case 'h':
		return T_B16;
	case 'r':
	case 'z':
		return T_B32;
	case 'q':
		return T_B64;
	case 'f':
		return T_F32;
	case 'y':
		return i->m.parity ? T_B32 : i->types[0];
	}
	return T_NONE;
}

static bool wide_ok(const struct fit *f)
{
	u32 flag = f->tok->role == 'd' ? OPF_WIDE_DST : OPF_WIDE_SRC;

	/* no register is narrower than 16 bits, so bytes lie in wider ones */
	return f->op->flags & flag || ir_type_bits(f->type) < 16;
}

static void fit_reg(struct fit *f, struct ir_operand *o)
{
	unsigned int have = ir_type_bits(o->reg->type), want = ir_type_bits(f->type);
	bool pred = o->reg->type == T_PRED;

	if (f->tok->type == 'A') {
		if (have != 32 && have != 64)
			bad(f, "address is no 32- or 64-bit register in an operand");
		o->type = have == 32 ? T_B32 : T_B64;
		return;
	}
	if (f->tok->type == 'z' && pred) {
		o->type = T_PRED;
		return;
	}
	if (pred != (f->type == T_PRED))
		perr(f->p, f->line, "register '%s' of '%s': %s", o->reg->name, f->op->name,
		     pred ? "is a predicate" : "is not a predicate");
	if (have != want && !(wide_ok(f) && have > want))
		perr(f->p, f->line, "register '%s' (.%s) does not fit .%s of '%s'", o->reg->name,
		     ir_type_name(o->reg->type), ir_type_name(f->type), f->op->name);
	o->type = f->type;
}

static void fit_scalar(struct fit *f, struct ir_operand *o, const struct cval *imm)
{
	if (o->inv && (f->type != T_PRED || o->kind != OPND_REG || f->tok->role == 'd'))
		bad(f, "'!' before an operand");
	if ((o->neg || o->sel) && !(f->op->flags & OPF_VIDEO))
		bad(f, "'-' or selector on an operand");
	o->def = f->tok->role == 'd';
	o->type = f->type;
	switch (o->kind) {
	case OPND_REG:
		fit_reg(f, o);
		return;
	case OPND_NONE:
		if (f->tok->role != 'd')
			bad(f, "'_' as a source");
		return;
	case OPND_IMM:
		if (f->tok->role == 'd')
			bad(f, "constant as destination");
		if (f->tok->type == 'A')
			o->type = f->type = T_B64;
		o->imm = const_bits(f->p, imm, f->type, f->line);
		return;
	case OPND_SREG:
		if (f->tok->role == 'd')
			bad(f, "special register as destination");
		return;
	case OPND_VAR:
	case OPND_FUNC:
		if (f->tok->role != 'a' && !(f->i->op == OP_ISSPACEP))
			bad(f, "address as an operand");
		if (f->tok->type == 'A')
			o->type = T_B64;
		else if (ir_type_bits(f->type) != 64 && ir_type_bits(f->type) != 32)
			bad(f, "address in the type");
		return;
	default:
		bad(f, "wrong kind of operand");
	}
}

static unsigned int vec_count(const struct ir_insn *i)
{
	static const u8 n[] = { [VEC_V2] = 2, [VEC_V4] = 4, [VEC_V8] = 8 };

	return n[i->m.vec];
}

static enum ir_type bits_type(unsigned int bits)
{
	switch (bits) {
	case 8:
		return T_B8;
	case 16:
		return T_B16;
	case 32:
		return T_B32;
	case 64:
		return T_B64;
	}
	return T_NONE;
}

static void fit_vec(struct fit *f, struct ir_operand *o)
{
	unsigned int n = o->nelem, bits;

	if (f->tok->by_vec ? n != vec_count(f->i) : !f->tok->any_vec)
		bad(f, "wrong number of vector elements");
	if (f->op->flags & OPF_VIDEO)
		bad(f, "vector operand");
	if (f->i->op == OP_MOV) { /* pack or unpack */
		bits = ir_type_bits(f->type);
		f->type = bits % n ? T_NONE : bits_type(bits / n);
		if (!f->type || n < 2)
			bad(f, "vector does not fit the type");
	}
	o->type = f->type;
	o->def = f->tok->role == 'd';
	for (unsigned int k = 0; k < n; k++) {
		struct ir_operand *e = &o->elem[k];

		if (e->kind == OPND_VEC || e->kind == OPND_MEM || e->kind == OPND_VAR)
			bad(f, "wrong kind of vector element");
		fit_scalar(f, e, (const struct cval *)(uintptr_t)e->imm);
	}
}

static void fit_mem(struct fit *f, struct ir_operand *o)
{
	unsigned int bits;

	if (o->kind != OPND_MEM)
		bad(f, "'[' expected around the address");
	if (o->mem->nextra && f->tok->role != 't')
		bad(f, "more than an address in the brackets");
	if (o->mem->reg) {
		bits = ir_type_bits(o->mem->reg->type);
		if (bits != 32 && bits != 64)
			bad(f, "address register is neither 32 nor 64 bits");
	}
}

static void fit_operand(struct fit *f, struct raw_opnd *raw, struct ir_operand *dst)
{
	f->line = raw->line;
	f->type = use_type(f);
	*dst = raw->op;
	switch (f->tok->role) {
	case 'm':
	case 't':
		fit_mem(f, dst);
		return;
	case 'T':
		if (dst->kind != OPND_TABLE)
			bad(f, "table of targets expected as last operand");
		return;
	case 'i':
		if (dst->kind != OPND_IMM)
			bad(f, "constant expected as an operand");
		break;
	}
	if (dst->kind == OPND_VEC) {
		fit_vec(f, dst);
		return;
	}
	if (f->tok->by_vec && f->i->m.vec)
		bad(f, "vector expected as an operand");
	fit_scalar(f, dst, &raw->imm);
}

/* Whether a conditional operand is there: by modifier, not by count. */
static bool when(const struct ir_insn *i, char cond)
{
	switch (cond) {
	case 'h':
		return i->m.cachehint;
	case 'c':
		return i->m.atomop == ATOM_CAS;
	case 'b':
		return i->m.boolop;
	case 'M':
		return i->m.mbar == MBAR_COMPLETE_TX;
	case 'u':
		return i->m.mcast;
	case 'y':
		return i->m.cpmask == CP_MASK;
	case 'I':
		return i->m.cpmask == CP_IGNORE_OOB;
	case 'k':
		return i->m.block_scale;
	}
	return false;
}

void match_signature(struct parser *p, struct ir_insn *i, struct raw_opnd *raw, unsigned int n)
{
	const struct ptx_op *op = ptx_op(i->op);
	unsigned int need = 0, extra, used = 0;

	for (unsigned int k = 0; k < op->nopnds; k++)
		need += op->opnds[k].when ? when(i, op->opnds[k].when) : !op->opnds[k].optional;
	if (n < need)
		perr(p, i->line, "'%s' wants at least %u operands, not %u", op->name, need, n);
	extra = n - need;
	for (unsigned int k = 0; k < op->nopnds; k++) {
		const struct ptx_opnd *tok = &op->opnds[k];
		struct fit f = { p, i, op, tok, T_NONE, i->line };
		bool here = true;

		if (tok->when) {
			here = when(i, tok->when);
		} else if (tok->optional) {
			here = extra && used < n && raw[used].bar == tok->bar;
			extra -= here;
		}
		if (!here)
			continue;
		if (raw[used].bar != tok->bar)
			perr(p, raw[used].line, "'|' misplaced in '%s'", op->name);
		fit_operand(&f, &raw[used++], &i->ops[k]);
	}
	if (used < n)
		perr(p, i->line, "'%s' has %u operands too many", op->name, n - used);
}
