// SPDX-License-Identifier: MIT
/*
 * Selection of wmma. Where a fragment's elements lie is the implementation's
 * choice: here as in the m16n8 products that each wmma.mma becomes two of, split along n
 * (m16n16) or m (m32n8k16); m8n32k16 is done transposed. m8n8 is one product.
 */
#include "lower.h"

/* An index as a multiple of lane / 4, one of lane % 4, and a constant. */
struct index {
	u8 g, t;
	u16 c;
};

struct wmma {
	bool split_m, transposed;
	bool one; /* a single product of 8 rows */
	u32 k;
	u32 per_reg; /* elements of A and B in a register */
	char role;   /* 'a': rows of the product, 'b': columns, 'c' */
};

static const struct {
	u8 shape, m, n, k;
} sizes[] = {
	{ SHAPE_M16N16K16, 16, 16, 16 }, { SHAPE_M32N8K16, 32, 8, 16 }, { SHAPE_M8N32K16, 8, 32, 16 },
	{ SHAPE_M16N16K8, 16, 16, 8 },   { SHAPE_M8N8K4, 8, 8, 4 },     { SHAPE_M8N8K32, 8, 8, 32 },
	{ SHAPE_M8N8K128, 8, 8, 128 },
};

static u32 side_length(const struct ir_insn *i, char of)
{
	u32 s;

	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		if (sizes[s].shape == i->m.shape)
			return of == 'm' ? sizes[s].m : of == 'n' ? sizes[s].n : sizes[s].k;
	return 0;
}

static bool shape_of(const struct ir_insn *i, struct wmma *w)
{
	w->transposed = i->m.shape == SHAPE_M8N32K16;
	w->split_m = i->m.shape == SHAPE_M32N8K16 || w->transposed;
	w->k = side_length(i, 'k');
	w->one = side_length(i, 'm') == 8 && !w->transposed;
	return w->k;
}

static u32 per_register(u8 t)
{
	switch (t) {
	case T_F64:
	case T_TF32:
		return 1;
	case T_F16:
	case T_BF16:
		return 2;
	case T_S8:
	case T_U8:
		return 4;
	case T_S4:
	case T_U4:
		return 8;
	case T_B1:
		return 32;
	default:
		return 0;
	}
}

/* Registers of one tile, and tiles, of operand @role of the products. */
static u32 tile_regs(const struct wmma *w)
{
	return w->one ? 1 : w->k / ((w->role == 'a' ? 2 : 4) * w->per_reg);
}

static u32 tiles(const struct wmma *w)
{
	return !w->one && (w->role == 'a') == w->split_m ? 2 : 1;
}

/* Element @e of register @r: its index along the operand's own side, and along k. */
static void place_ab(const struct wmma *w, u32 r, u32 e, struct index *side, struct index *k)
{
	u32 n = tile_regs(w), tile = r / n, x = r % n;

	if (w->role == 'a') {
		*side = (struct index){ 1, 0, 8 * (x & 1) + 16 * tile };
		*k = (struct index){ 0, w->per_reg, 4 * w->per_reg * (x >> 1) + e };
	} else {
		*side = (struct index){ 1, 0, 8 * tile };
		*k = (struct index){ 0, w->per_reg, 4 * w->per_reg * x + e };
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
	struct low_addr a; /* the whole address in a register */
	struct mopnd g, t, stride;
	u32 bits; /* of an element */
	bool col_major;
};

static bool open_access(struct low *l, struct ir_insn *i, const struct ir_mem *m, const struct ir_operand *stride,
			u32 bits, u32 dflt, struct access *x)
{
	struct mopnd lane = low_temp(l, MC_V);

	x->l = l;
	x->i = i;
	x->bits = bits;
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
		v = low_t2(x->l, VGPU_OP_SHL, MC_V, v, mo_imm(31 - __builtin_clz(n->t)));
	return n->c ? low_t2(x->l, VGPU_OP_IADD, MC_V, v, mo_imm(n->c)) : v;
}

/* The address of element (@i, @j) of the matrix in memory. */
static struct mopnd element_at(struct access *x, const struct index *i, const struct index *j)
{
	struct low *l = x->l;
	struct mopnd outer = index_value(x, x->col_major ? j : i);
	struct mopnd inner = index_value(x, x->col_major ? i : j);
	struct mopnd off = low_t3(l, VGPU_OP_IMAD, MC_V, outer, x->stride, inner);

	if (x->bits < 8)
		off = low_t2(l, VGPU_OP_SHRU, MC_V, off, mo_imm(x->bits == 4 ? 1 : 3));
	else
		off = low_t2(l, VGPU_OP_IMUL, MC_V, off, mo_imm(x->bits / 8));
	if (low_class(l, &x->a.a) == MC_V)
		return low_t2(l, VGPU_OP_IADD, MC_V, x->a.a, off);
	return low_t2(l, VGPU_OP_LADD, MC_W, x->a.a, low_t1(l, VGPU_OP_EXTU, MC_W, off));
}

static void access_word(struct access *x, bool store, struct mopnd at, struct mopnd data, u32 width)
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
	struct mopnd parts[4], v = low_temp(x->l, x->bits == 64 ? MC_W : MC_V);
	struct index side, k;
	bool k_is_row;
	u32 e;

	/* as the matrix lies in PTX: A is (m, k), B is (k, n); transposed swaps the roles */
	k_is_row = (w->role == 'b') != w->transposed;
	place_ab(w, r, 0, &side, &k);
	/* neighbours along k are neighbours in memory, or there are none */
	if (k_is_row == x->col_major || w->per_reg == 1) {
		access_word(x, false, k_is_row ? element_at(x, &k, &side) : element_at(x, &side, &k), v,
			    x->bits == 64 ? 3 : 2);
		return v;
	}
	if (x->bits < 8)
		low_refuse(x->l, "%s of packed elements in this layout", ir_op_name(x->i->op));
	for (e = 0; e < w->per_reg; e++) {
		place_ab(w, r, e, &side, &k);
		parts[e] = low_temp(x->l, MC_V);
		access_word(x, false, k_is_row ? element_at(x, &k, &side) : element_at(x, &side, &k), parts[e],
			    w->per_reg == 2);
	}
	if (w->per_reg == 2)
		return low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[0], parts[1], mo_imm(0x5410));
	parts[0] = low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[0], parts[1], mo_imm(0x0040));
	parts[2] = low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[2], parts[3], mo_imm(0x0040));
	return low_t3(x->l, VGPU_OP_PRMT, MC_V, parts[0], parts[2], mo_imm(0x5410));
}

static bool load_ab(struct low *l, struct ir_insn *i, bool a)
{
	struct wmma w;
	struct access x;
	struct mopnd *v;
	u32 r, used, dflt;

	w.per_reg = per_register(i->types[0]);
	if (!w.per_reg || !shape_of(i, &w))
		return false;
	w.role = a != w.transposed ? 'a' : 'b';
	x.col_major = i->m.layout == LAYOUT_COL;
	/* A is m by k, B is k by n */
	dflt = side_length(i, a ? (x.col_major ? 'm' : 'k') : x.col_major ? 'k' : 'n');
	low_skip_begin(l);
	open_access(l, i, i->ops[1].mem, &i->ops[2], ir_type_bits(i->types[0]), dflt, &x);
	used = tile_regs(&w) * tiles(&w);
	v = arena_array(l->f->arena, used, struct mopnd);
	for (r = 0; r < used; r++)
		v[r] = load_packed(&x, &w, r);
	low_skip_end(l);
	for (r = 0; r < i->ops[0].nelem; r++)
		low_copy(l, &i->ops[0].elem[r], r < used ? v[r] : mo_imm(0));
	return true;
}

static struct mopnd c_address(struct access *x, const struct wmma *w, u32 e)
{
	struct index row, col;

	place_c(w, e, &row, &col);
	return w->transposed ? element_at(x, &col, &row) : element_at(x, &row, &col);
}

static struct mopnd load_c(struct access *x, const struct wmma *w, u32 e, bool half)
{
	struct mopnd lo = low_temp(x->l, x->bits == 64 ? MC_W : MC_V), hi;

	access_word(x, false, c_address(x, w, e), lo, half ? 1 : x->bits == 64 ? 3 : 2);
	if (!half)
		return lo;
	hi = low_temp(x->l, MC_V);
	access_word(x, false, c_address(x, w, e + 1), hi, 1);
	return low_t3(x->l, VGPU_OP_PRMT, MC_V, lo, hi, mo_imm(0x5410));
}

static void store_c(struct access *x, const struct wmma *w, u32 e, bool half, struct mopnd v)
{
	v = low_vector(x->l, v, x->bits == 64 ? MC_W : MC_V);
	access_word(x, true, c_address(x, w, e), v, half ? 1 : x->bits == 64 ? 3 : 2);
	if (half)
		access_word(x, true, c_address(x, w, e + 1), low_t2(x->l, VGPU_OP_SHRU, MC_V, v, mo_imm(16)), 1);
}

/* Accumulators: 32 or 64 bits an element, or two f16 in a register. */
static bool move_c(struct low *l, struct ir_insn *i, bool store)
{
	const struct ir_operand *v = &i->ops[store ? 1 : 0];
	bool half = i->types[0] == T_F16;
	struct wmma w = { .role = 'c' };
	struct mopnd got[8];
	struct access x;
	u32 r;

	if (!shape_of(i, &w) || v->kind != OPND_VEC || v->nelem > 8)
		return false;
	x.col_major = i->m.layout == LAYOUT_COL;
	low_skip_begin(l);
	open_access(l, i, i->ops[store ? 0 : 1].mem, &i->ops[2], ir_type_bits(i->types[0]),
		    side_length(i, x.col_major ? 'm' : 'n'), &x);
	for (r = 0; r < v->nelem; r++) {
		if (store)
			store_c(&x, &w, half ? 2 * r : r, half, low_src(l, &v->elem[r]));
		else
			got[r] = load_c(&x, &w, half ? 2 * r : r, half);
	}
	low_skip_end(l);
	for (r = 0; !store && r < v->nelem; r++)
		low_copy(l, &v->elem[r], got[r]);
	return true;
}

/* ---- products ---- */

static struct mopnd part(struct low *l, const struct ir_operand *v, u32 first, u32 n, enum mclass cls)
{
	const struct ir_operand *e = v->kind == OPND_VEC ? v->elem : v;
	u32 *g = arena_array(l->f->arena, n, u32), k;

	for (k = 0; k < n; k++)
		g[k] = low_vector(l, low_src(l, &e[first + k]), cls).reg;
	return (struct mopnd){ .kind = MO_GROUP, .n = n, .group = g };
}

/* @acc: type of the accumulators in the product */
static bool product_kind(const struct ir_insn *i, u8 acc, bool swap, u32 *imm)
{
	u8 a = i->ntypes == 4 ? i->types[1] : T_F16, b = i->ntypes == 4 ? i->types[2] : T_F16;
	u32 per = per_register(a);
	bool ints = acc == T_S32, sa = type_is_signed(swap ? b : a), sb = type_is_signed(swap ? a : b);

	if (ints && per == per_register(b) && per <= 8 && per >= 4) {
		*imm = (per == 4 ? VGPU_MMA_M16N8K16_I8 : VGPU_MMA_M8N8K32_I4) | (sa ? VGPU_MMA_A_SIGNED : 0) |
		       (sb ? VGPU_MMA_B_SIGNED : 0) | (i->m.sat ? VGPU_MMA_SATFINITE : 0);
		return true;
	}
	if (a != b)
		return false;
	switch (a) {
	case T_B1:
		*imm = VGPU_MMA_M8N8K128_B1 | (i->m.boolop == BOOL_XOR ? VGPU_MMA_XOR : 0);
		return ints;
	case T_F64:
		*imm = VGPU_MMA_M8N8K4_F64;
		return acc == T_F64;
	case T_TF32:
		*imm = VGPU_MMA_M16N8K8_TF32_F32;
		return acc == T_F32;
	case T_BF16:
		*imm = VGPU_MMA_M16N8K16_BF16_F32;
		return acc == T_F32;
	case T_F16:
		*imm = acc == T_F32 ? VGPU_MMA_M16N8K16_F16_F32 : VGPU_MMA_M16N8K16_F16_F16;
		return acc == T_F32 || acc == T_F16;
	default:
		return false;
	}
}

/* Registers of one product's accumulators of type @t */
static u32 acc_regs(const struct wmma *w, u8 t)
{
	return w->one ? 2 : t == T_F16 ? 2 : 4;
}

struct product {
	u32 regs[8];
	u32 n;
};

static void one_product(struct low *l, struct ir_insn *i, const struct wmma *w, u32 imm, u8 acc, u32 h,
			struct product *to)
{
	u8 d = i->types[0], c = i->types[i->ntypes - 1];
	const struct ir_operand *a = &i->ops[w->transposed ? 2 : 1], *b = &i->ops[w->transposed ? 1 : 2];
	enum mclass cls = acc == T_F64 ? MC_W : MC_V;
	u32 na = w->one ? 1 : w->k / (2 * w->per_reg), nb = w->one ? 1 : w->k / (4 * w->per_reg);
	u32 n = acc_regs(w, acc), nc = acc_regs(w, c), k;
	struct minsn *m = minsn_new(l->f, VGPU_OP_MMA, i->line);

	m->imm = imm;
	m->a = part(l, a, w->split_m ? h * na : 0, na, cls);
	m->b = part(l, b, w->split_m ? 0 : h * nb, nb, cls);
	m->c = part(l, &i->ops[3], h * nc, nc, cls);
	if (c != acc)
		m->c = low_halves_to_floats(l, &m->c, false);
	m->d = (struct mopnd){ .kind = MO_GROUP, .n = n, .group = arena_array(l->f->arena, n, u32) };
	for (k = 0; k < n; k++)
		m->d.group[k] = mreg_new(l->f, cls);
	minsn_append(l->block, m);
	if (d != acc) {
		struct mopnd halves = low_floats_to_halves(l, &m->d, false);

		for (k = 0; k < halves.n; k++)
			to->regs[to->n++] = halves.group[k];
		return;
	}
	for (k = 0; k < n; k++)
		to->regs[to->n++] = m->d.group[k];
}

static bool lower_product(struct low *l, struct ir_insn *i)
{
	u8 d = i->types[0], c = i->types[i->ntypes - 1], acc = d == c ? d : T_F32;
	struct product to = { .n = 0 };
	struct wmma w;
	u32 h, imm, k;

	if (!shape_of(i, &w) || !product_kind(i, acc, w.transposed, &imm))
		return false;
	w.per_reg = per_register(i->ntypes == 4 ? i->types[1] : T_F16);
	low_skip_begin(l);
	for (h = 0; h < (w.one ? 1u : 2u); h++)
		one_product(l, i, &w, imm, acc, h, &to);
	low_skip_end(l);
	for (k = 0; k < to.n; k++)
		low_copy(l, i->ops[0].kind == OPND_VEC ? &i->ops[0].elem[k] : &i->ops[0], mo_reg(to.regs[k]));
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
