// SPDX-License-Identifier: MIT
/* Matrix instructions: legal shapes and types, registers of each fragment. */
#include "parse.h"

#define B_(t) (1ull << T_##t)
#define S_FP8 (B_(E4M3) | B_(E5M2) | B_(E2M3) | B_(E3M2) | B_(E2M1))

static const struct {
	char group;
	u8 shape;
	u64 ab, cd;
} legal[] = {
#define MMA(g, shape, ab, cd) { #g[0], SHAPE_##shape, ab, cd },
#include "ptx_mma.def"
#undef MMA
};

/* m, n, k of the shapes of multiplications. */
static const u16 mnk[][3] = {
	[SHAPE_M8N8K4] = { 8, 8, 4 },       [SHAPE_M8N8K16] = { 8, 8, 16 },     [SHAPE_M8N8K32] = { 8, 8, 32 },
	[SHAPE_M8N8K128] = { 8, 8, 128 },   [SHAPE_M16N8K4] = { 16, 8, 4 },     [SHAPE_M16N8K8] = { 16, 8, 8 },
	[SHAPE_M16N8K16] = { 16, 8, 16 },   [SHAPE_M16N8K32] = { 16, 8, 32 },   [SHAPE_M16N8K64] = { 16, 8, 64 },
	[SHAPE_M16N8K128] = { 16, 8, 128 }, [SHAPE_M16N8K256] = { 16, 8, 256 }, [SHAPE_M16N16K8] = { 16, 16, 8 },
	[SHAPE_M16N16K16] = { 16, 16, 16 }, [SHAPE_M32N8K16] = { 32, 8, 16 },   [SHAPE_M8N32K16] = { 8, 32, 16 },
};

static char group_of(const struct ir_insn *i)
{
	switch (i->op) {
	case OP_MMA:
		return 'M';
	case OP_MMA_SP:
	case OP_MMA_SP_ORDERED:
		return 'S';
	default:
		return 'W';
	}
}

static enum ir_type fragment_elem(const struct ir_insn *i, char which)
{
	if (i->op == OP_WMMA_MMA && i->ntypes == 2)
		return which == 'd' ? i->types[0] : which == 'c' ? i->types[1] : T_F16;
	if (i->ntypes < 4) /* loads and stores of one fragment */
		return i->types[0];
	return i->types[which == 'd' ? 0 : which == 'a' ? 1 : which == 'b' ? 2 : 3];
}

/* Bits an element takes: in mixed kinds, small floats lie in bytes. */
static unsigned int elem_bits(const struct ir_insn *i, enum ir_type t)
{
	if (B_(E2M3) >> t & 1 || B_(E3M2) >> t & 1)
		return 8;
	if (t == T_E2M1)
		return i->m.kind == KIND_MXF4 || i->m.kind == KIND_MXF4NVF4 ? 4 : 8;
	return ir_type_bits(t);
}

unsigned int ir_fragment_regs(const struct ir_insn *i, char which)
{
	const u16 *s = mnk[i->m.shape];
	enum ir_type t = fragment_elem(i, which);
	unsigned int n, bits = elem_bits(i, t);

	switch (which) {
	case 'a':
		n = s[0] * s[2];
		break;
	case 'b':
		n = s[2] * s[1];
		break;
	default:
		n = s[0] * s[1];
		break;
	}
	if (which == 'a' && group_of(i) == 'S')
		n /= 2;
	/* wmma holds halves twice; m8n8k4 of halves is four products */
	if (group_of(i) == 'W' && t == T_F16 && (which == 'a' || which == 'b'))
		return 8;
	if (i->m.shape == SHAPE_M8N8K4 && fragment_elem(i, 'a') == T_F16 && group_of(i) == 'M')
		n *= 4;
	return t == T_F64 ? n / 32 : n * bits / (32 * 32);
}

static void check_legal(struct parser *p, const struct ir_insn *i, u64 ab, u64 cd)
{
	for (size_t k = 0; k < sizeof(legal) / sizeof(legal[0]); k++)
		if (legal[k].group == group_of(i) && legal[k].shape == i->m.shape && !(ab & ~legal[k].ab) &&
		    !(cd & ~legal[k].cd))
			return;
	perr(p, i->line, "'%s' has no form of this shape and these types", ir_op_name(i->op));
}

static void check_count(struct parser *p, const struct ir_insn *i, unsigned int op, unsigned int want)
{
	const struct ir_operand *o = &i->ops[op];
	unsigned int have = o->kind == OPND_VEC ? o->nelem : 1;

	if (have != want)
		perr(p, i->line, "operand %u of '%s' has %u registers, %u are wanted", op + 1, ir_op_name(i->op), have,
		     want);
}

static u64 bit(enum ir_type t)
{
	return t ? 1ull << t : 0;
}

static void check_multiply(struct parser *p, const struct ir_insn *i)
{
	check_legal(p, i, bit(fragment_elem(i, 'a')) | bit(fragment_elem(i, 'b')),
		    bit(fragment_elem(i, 'c')) | bit(fragment_elem(i, 'd')));
	for (unsigned int k = 0; k < 4; k++)
		check_count(p, i, k, ir_fragment_regs(i, "dabc"[k]));
	if (i->op == OP_MMA && fragment_elem(i, 'a') == T_B1 && (!i->m.popc || !i->m.boolop))
		perr(p, i->line, "'mma' of .b1 lacks .and.popc or .xor.popc");
}

/* Registers of an 8x8 matrix times their number; bigger ones take two. */
static unsigned int moved_regs(const struct ir_insn *i)
{
	static const u8 n[] = { [NUM_X1] = 1, [NUM_X2] = 2, [NUM_X4] = 4 };

	return n[i->m.num] * (i->m.shape == SHAPE_M16N16 ? 2 : 1);
}

void check_matrix(struct parser *p, struct ir_insn *i)
{
	char which;

	switch (i->op) {
	case OP_LDMATRIX:
		check_count(p, i, 0, moved_regs(i));
		break;
	case OP_STMATRIX:
		check_count(p, i, 1, moved_regs(i));
		break;
	case OP_MMA:
	case OP_MMA_SP:
	case OP_MMA_SP_ORDERED:
	case OP_WMMA_MMA:
		check_multiply(p, i);
		break;
	case OP_WMMA_LOAD_A:
	case OP_WMMA_LOAD_B:
		which = i->op == OP_WMMA_LOAD_A ? 'a' : 'b';
		check_legal(p, i, bit(i->types[0]), 0);
		check_count(p, i, 0, ir_fragment_regs(i, which));
		break;
	case OP_WMMA_LOAD_C:
	case OP_WMMA_STORE_D:
		check_legal(p, i, 0, bit(i->types[0]));
		check_count(p, i, i->op == OP_WMMA_LOAD_C ? 0 : 1, ir_fragment_regs(i, 'c'));
		break;
	}
}
