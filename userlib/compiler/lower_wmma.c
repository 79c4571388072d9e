// SPDX-License-Identifier: MIT
/*
 * Selection of wmma. Where a fragment's elements lie is the implementation's
 * choice: here as in the m16n8k16 products that each wmma.mma becomes two of,
 * split along n (m16n16k16) or m (m32n8k16); m8n32k16 is done transposed.
 */
#include "lower.h"

/* An index as a multiple of lane / 4, one of lane % 4, and a constant. */
struct index { u8 g, t; u16 c; };

struct wmma {
	bool split_m, transposed;
	u32 per_reg;		/* elements of A and B in a register: 2 or 4 */
	char role;		/* 'a': rows of the product, 'b': columns, 'c' */
};

static bool shape_of(const struct ir_insn *i, struct wmma *w)
{
	w->transposed = i->m.shape == SHAPE_M8N32K16;
	w->split_m = i->m.shape == SHAPE_M32N8K16 || w->transposed;
	return w->split_m || i->m.shape == SHAPE_M16N16K16;
}

static u32 per_register(u8 t)
{
	switch (t) {
	case T_F16:
	case T_BF16:
		return 2;
	case T_S8:
	case T_U8:
		return 4;
	default:
		return 0;
	}
}

/* Registers of one tile, and tiles, of operand @role of the products. */
static u32 tile_regs(const struct wmma *w)
{
	return w->role == 'a' ? 8 / w->per_reg : 4 / w->per_reg;
}

static u32 tiles(const struct wmma *w)
{
	return (w->role == 'a') == w->split_m ? 2 : 1;
}

/* Element @e of register @r: its index along the operand's own side, and along k. */
static void place_ab(const struct wmma *w, u32 r, u32 e, struct index *side, struct index *k)
{
	u32 n = tile_regs(w), tile = r / n, x = r % n;

	if (w->role == 'a') {
		*side = (struct index){ 1, 0, 8 * (x & 1) + 16 * tile };
		*k = (struct index){ 0, w->per_reg, 8 * (x >> 1) + e };
	} else {
		*side = (struct index){ 1, 0, 8 * tile };
		*k = (struct index){ 0, w->per_reg, 8 * x + e };
	}
}

/* Element @e of the accumulators: row and column of the product. */
static void place_c(const struct wmma *w, u32 e, struct index *row, struct index *col)
{
	u32 tile = e / 4, x = e % 4;

	*row = (struct index){ 1, 0, 8 * (x >> 1) + (w->split_m ? 16 * tile : 0) };
	*col = (struct index){ 0, 2, (x & 1) + (w->split_m ? 0 : 8 * tile) };
}

/* ---- addresses ---- */

struct access {
	struct low *l;
	struct ir_insn *i;
	struct low_addr a;	/* the whole address in a register */
	struct mopnd g, t, stride;
	u32 bytes;		/* of an element */
	bool col_major;
};

static bool open_access(struct low *l, struct ir_insn *i, const struct ir_mem *m,
			const struct ir_operand *stride, u32 bytes, u32 dflt, struct access *x)
{
	struct mopnd lane = low_temp(l, MC_V);

	if (i->guard)
		low_refuse(l, "guarded wmma");
	x->l = l;
	x->i = i;
	x->bytes = bytes;
	low_address(l, m, low_space(l, i, m), true, &x->a);
	low_op(l, VGPU_OP_SREGV, lane, NO, NO, NO)->imm = VGPU_SREG_LANEID;
	x->g = low_t2(l, VGPU_OP_SHRU, MC_V, lane, mo_imm(2));
	x->t = low_t2(l, VGPU_OP_AND, MC_V, lane, mo_imm(3));
	x->stride = stride->kind == OPND_NONE ? mo_imm(dflt) : low_src(l, stride);
	return true;
}

static struct mopnd index_value(struct access *x, const struct index *n)
{
	struct mopnd v = n->g ? x->g : x->t;

	if (n->t > 1)
		v = low_t2(x->l, VGPU_OP_SHL, MC_V, v, mo_imm(n->t == 4 ? 2 : 1));
	return n->c ? low_t2(x->l, VGPU_OP_IADD, MC_V, v, mo_imm(n->c)) : v;
}

/* The address of element (@i, @j) of the matrix in memory. */
static struct mopnd element_at(struct access *x, const struct index *i, const struct index *j)
{
	struct low *l = x->l;
	struct mopnd outer = index_value(x, x->col_major ? j : i);
	struct mopnd inner = index_value(x, x->col_major ? i : j);
	struct mopnd off = low_t3(l, VGPU_OP_IMAD, MC_V, outer, x->stride, inner);

	off = low_t2(l, VGPU_OP_IMUL, MC_V, off, mo_imm(x->bytes));
	if (low_class(l, &x->a.a) == MC_V)
		return low_t2(l, VGPU_OP_IADD, MC_V, x->a.a, off);
	return low_t2(l, VGPU_OP_LADD, MC_W, x->a.a, low_t1(l, VGPU_OP_EXTU, MC_W, off));
}

static void access_word(struct access *x, bool store, struct mopnd at, struct mopnd data,
			u32 width)
{
	static const u16 load[] = { VGPU_OP_LDX, VGPU_OP_LDG, VGPU_OP_LDS };
	static const u16 put[] = { VGPU_OP_STX, VGPU_OP_STG, VGPU_OP_STS };
	struct minsn *m;

	if (x->a.space > VGPU_SPACE_SHARED)
		low_refuse(x->l, "wmma on local memory or parameters");
	m = minsn_new(x->l->f, store ? put[x->a.space] : load[x->a.space], x->i->line);
	m->d = data;
	m->a = at;
	m->imm = (u32)x->a.off;
	m->c = mo_num(VGPU_MD_FORM_W | VGPU_MD_WIDTH(width) | VGPU_MD_ALIGN(width));
	minsn_append(x->l->block, m);
}

/* ---- loads and stores ---- */

static struct mopnd load_packed(struct access *x, const struct wmma *w, u32 r)
{
	struct mopnd parts[4], v = low_temp(x->l, MC_V);
	struct index side, k;
	bool k_is_row;
	u32 e;

	/* as the matrix lies in PTX: A is (m, k), B is (k, n); transposed swaps the roles */
	k_is_row = (w->role == 'b') != w->transposed;
	place_ab(w, r, 0, &side, &k);
	if (k_is_row == x->col_major) {	/* neighbours along k are neighbours in memory */
		access_word(x, false, k_is_row ? element_at(x, &k, &side) :
			    element_at(x, &side, &k), v, 2);
		return v;
	}
	for (e = 0; e < w->per_reg; e++) {
		place_ab(w, r, e, &side, &k);
		parts[e] = low_temp(x->l, MC_V);
		access_word(x, false, k_is_row ? element_at(x, &k, &side) :
			    element_at(x, &side, &k), parts[e], w->per_reg == 2);
	}
	if (w->per_reg == 2)
		return low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[0], parts[1], mo_imm(0x5410));
	parts[0] = low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[0], parts[1], mo_imm(0x0040));
	parts[2] = low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[2], parts[3], mo_imm(0x0040));
	return low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[0], parts[2], mo_imm(0x5410));
}

static u32 side_length(const struct ir_insn *i, char of)
{
	switch (i->m.shape) {
	case SHAPE_M8N32K16:
		return of == 'm' ? 8 : of == 'n' ? 32 : 16;
	case SHAPE_M32N8K16:
		return of == 'm' ? 32 : of == 'n' ? 8 : 16;
	default:
		return 16;
	}
}

static bool load_ab(struct low *l, struct ir_insn *i, bool a)
{
	struct wmma w;
	struct access x;
	u32 r, used, dflt;

	w.per_reg = per_register(i->types[0]);
	if (!w.per_reg || !shape_of(i, &w) || i->ops[0].kind != OPND_VEC)
		return false;
	w.role = a != w.transposed ? 'a' : 'b';
	x.col_major = i->m.layout == LAYOUT_COL;
	dflt = a == x.col_major ? side_length(i, a ? 'm' : 'k') : side_length(i, a ? 'k' : 'n');
	open_access(l, i, i->ops[1].mem, &i->ops[2], w.per_reg == 2 ? 2 : 1, dflt, &x);
	used = tile_regs(&w) * tiles(&w);
	for (r = 0; r < i->ops[0].nelem; r++)
		low_copy(l, &i->ops[0].elem[r], r < used ? load_packed(&x, &w, r) : mo_imm(0));
	return true;
}

static struct mopnd c_address(struct access *x, const struct wmma *w, u32 e)
{
	struct index row, col;

	place_c(w, e, &row, &col);
	return w->transposed ? element_at(x, &col, &row) : element_at(x, &row, &col);
}

/* Accumulators: 32 bits an element, or two f16 in a register. */
static bool move_c(struct low *l, struct ir_insn *i, bool store)
{
	const struct ir_operand *v = &i->ops[store ? 1 : 0];
	bool half = i->types[0] == T_F16;
	struct wmma w = { .role = 'c' };
	struct mopnd lo, hi;
	struct access x;
	u32 r, e;

	if ((i->types[0] != T_F16 && i->types[0] != T_F32 && i->types[0] != T_S32) ||
	    !shape_of(i, &w) || v->kind != OPND_VEC || v->nelem != (half ? 4 : 8))
		return false;
	x.col_major = i->m.layout == LAYOUT_COL;
	open_access(l, i, i->ops[store ? 0 : 1].mem, &i->ops[2], half ? 2 : 4,
		    side_length(i, x.col_major ? 'm' : 'n'), &x);
	for (r = 0; r < v->nelem; r++) {
		e = half ? 2 * r : r;
		if (store) {
			lo = low_vector(l, low_src(l, &v->elem[r]), MC_V);
			access_word(&x, true, c_address(&x, &w, e), lo, half ? 1 : 2);
			if (half)
				access_word(&x, true, c_address(&x, &w, e + 1),
					    low_t2(l, VGPU_OP_SHRU, MC_V, lo, mo_imm(16)), 1);
			continue;
		}
		lo = low_temp(l, MC_V);
		access_word(&x, false, c_address(&x, &w, e), lo, half ? 1 : 2);
		if (half) {
			hi = low_temp(l, MC_V);
			access_word(&x, false, c_address(&x, &w, e + 1), hi, 1);
			lo = low_t3(l, VGPU_OP_PRMT, MC_V, lo, hi, mo_imm(0x5410));
		}
		low_copy(l, &v->elem[r], lo);
	}
	return true;
}

/* ---- products ---- */

static struct mopnd part(struct low *l, const struct ir_operand *v, u32 first, u32 n, bool def)
{
	u32 *g = arena_array(l->f->arena, n, u32), k;

	for (k = 0; k < n; k++)
		g[k] = def ? low_dst(l, &v->elem[first + k]).reg :
		       low_vector(l, low_src(l, &v->elem[first + k]), MC_V).reg;
	return (struct mopnd){ .kind = MO_GROUP, .n = n, .group = g };
}

static bool product_kind(const struct ir_insn *i, bool swap, u32 *imm)
{
	u8 d = i->types[0], a = i->ntypes == 4 ? i->types[1] : T_F16;
	u8 b = i->ntypes == 4 ? i->types[2] : T_F16, c = i->types[i->ntypes - 1];

	if (c != d)
		return false;
	if (per_register(a) == 4 && per_register(b) == 4 && d == T_S32) {
		bool sa = type_is_signed(swap ? b : a), sb = type_is_signed(swap ? a : b);

		*imm = VGPU_MMA_M16N8K16_I8 | (sa ? VGPU_MMA_A_SIGNED : 0) |
		       (sb ? VGPU_MMA_B_SIGNED : 0) | (i->m.sat ? VGPU_MMA_SATFINITE : 0);
		return true;
	}
	if (a == T_BF16 && b == T_BF16 && d == T_F32)
		*imm = VGPU_MMA_M16N8K16_BF16_F32;
	else if (a == T_F16 && b == T_F16 && d == T_F32)
		*imm = VGPU_MMA_M16N8K16_F16_F32;
	else if (a == T_F16 && b == T_F16 && d == T_F16)
		*imm = VGPU_MMA_M16N8K16_F16_F16;
	else
		return false;
	return true;
}

static bool lower_product(struct low *l, struct ir_insn *i)
{
	u32 h, imm, nc = i->types[0] == T_F16 ? 2 : 4, na, nb;
	const struct ir_operand *a = &i->ops[1], *b = &i->ops[2];
	struct wmma w;
	struct minsn *m;

	if (!shape_of(i, &w) || i->guard || !product_kind(i, w.transposed, &imm))
		return false;
	if (w.transposed) {
		a = &i->ops[2];
		b = &i->ops[1];
	}
	w.per_reg = i->types[0] == T_S32 ? 4 : 2;
	na = 8 / w.per_reg;
	nb = 4 / w.per_reg;
	for (h = 0; h < 2; h++) {
		m = minsn_new(l->f, VGPU_OP_MMA, i->line);
		m->imm = imm;
		m->a = part(l, a, w.split_m ? h * na : 0, na, false);
		m->b = part(l, b, w.split_m ? 0 : h * nb, nb, false);
		m->c = part(l, &i->ops[3], h * nc, nc, false);
		m->d = part(l, &i->ops[0], h * nc, nc, true);
		minsn_append(l->block, m);
	}
	return true;
}

bool lower_wmma(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_WMMA_LOAD_A:
		return load_ab(l, i, true);
	case OP_WMMA_LOAD_B:
		return load_ab(l, i, false);
	case OP_WMMA_LOAD_C:
		return move_c(l, i, false);
	case OP_WMMA_STORE_D:
		return move_c(l, i, true);
	case OP_WMMA_MMA:
		return lower_product(l, i);
	default:
		return false;
	}
}
