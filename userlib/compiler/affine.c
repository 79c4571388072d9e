// SPDX-License-Identifier: MIT
/*
 * Affine analysis: which values are, in each lane, something common to the warp plus what
 * the lane's number alone decides.
 *
 * Whatever is claimed of a value holds (struct affine): the part that is common need not be
 * the same in all lanes, because sums may wrap and lanes may come by different ways; it is
 * always a multiple of what is said. So shifts and masks can be followed through. Whether the
 * common part really is the same is for shadow.c to prove or for the program to find out.
 */
#include <string.h>

#include "../../uapi/vgpu_isa.h"
#include "affine.h"
#include "back.h"

#define BUCKETS     64
#define MAX_TABLE   VGPU_CODE_MAX_PATTERNS /* no object has room for more */
#define MAX_PASSES  12
#define WIDEN_AFTER 3 /* passes in which bounds may still grow */

struct aff {
	struct ir_body *b;
	const struct ir_loops *loops;
	const struct uniformity *u;
	struct affinity *r;
	struct lanes *table[BUCKETS];
	u32 ntable;
	enum vgpucc_shape_class shape;
	const struct ir_block *at; /* of the instruction at hand */
	u32 pass;
	u64 steps;
};

static const struct affine nothing = { .seen = true, .max = ~0ull };

static u64 all_ones(u32 bits)
{
	return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

static s64 wrap(s64 v, u32 bits)
{
	return bits == 32 ? (s32)v : v;
}

/* ---- patterns ---- */

/* NULL: there are too many */
static const struct lanes *intern(struct aff *a, const struct lanes *l)
{
	struct lanes *x;
	u64 h = 0;
	u32 k;

	for (k = 0; k < LANES; k++)
		h = (h ^ (u64)l->n[k]) * 0x9e3779b97f4a7c15ull;
	for (x = a->table[h >> 58]; x; x = x->next) {
		spend(&a->b->arena, &a->steps, 1);
		if (!memcmp(x->n, l->n, sizeof(x->n)))
			return x;
	}
	if (a->ntable++ >= MAX_TABLE)
		return NULL;
	x = arena_new(&a->b->arena, struct lanes);
	*x = *l;
	x->next = a->table[h >> 58];
	a->table[h >> 58] = x;
	return x;
}

/* The lanes' part is @t; what it wraps by goes to the common part. */
static void set_lanes(struct aff *a, struct affine *out, const s64 *t, u32 bits)
{
	struct lanes l = { .span = 0 };
	s64 least = wrap(t[0], bits);
	u32 k;

	for (k = 1; k < LANES; k++)
		if (wrap(t[k], bits) < least)
			least = wrap(t[k], bits);
	for (k = 0; k < LANES; k++) {
		l.n[k] = (s64)((u64)wrap(t[k], bits) - (u64)least);
		if (l.n[k] > l.span)
			l.span = l.n[k];
		/* further apart than a signed word can say */
		if (l.n[k] < 0) {
			*out = nothing;
			return;
		}
	}
	out->c = least;
	out->lanes = intern(a, &l);
	if (!out->lanes)
		*out = nothing;
	else if (bits < out->align && out->align < PURE)
		out->align = bits;
}

static struct affine common(const struct aff *a, u32 align, u64 max)
{
	return (struct affine){ .lanes = a->r->zero, .align = align < 63 ? align : 63, .max = max, .seen = true };
}

static struct affine constant(const struct aff *a, s64 v, u32 bits)
{
	struct affine r = common(a, 0, (u64)v & all_ones(bits));

	r.align = PURE;
	r.c = wrap(v, bits);
	return r;
}

static bool is_same(const struct aff *a, const struct affine *x)
{
	return x->lanes == a->r->zero;
}

static bool is_constant(const struct aff *a, const struct affine *x)
{
	return is_same(a, x) && x->align == PURE;
}

/* ---- branches and loops ---- */

/* A comparison of what nearly always is the same in all lanes */
static bool nearly_uniform(const struct affinity *r, const struct ir_block *b)
{
	const struct ir_insn *br = b->last, *cmp;
	u32 k;

	if (!br || br->op != OP_BRA || !br->guard)
		return false;
	cmp = br->guard->def;
	if (!cmp || cmp->op != OP_SETP || cmp->guard || cmp->m.boolop)
		return false;
	for (k = 0; k < cmp->nops; k++) {
		const struct ir_operand *o = &cmp->ops[k];
		const struct affine *x;

		if (o->def || o->kind == OPND_IMM || o->kind == OPND_NONE)
			continue;
		if (o->kind != OPND_REG)
			return false;
		x = &r->of[o->reg->id];
		if (x->seen && x->lanes != r->zero)
			return false;
	}
	return true;
}

bool affine_rare(const struct affinity *r, const struct branches *list)
{
	if (list && list->n > MAX_BRANCHES)
		return false;
	for (; list; list = list->next)
		if (!nearly_uniform(r, list->b))
			return false;
	return true;
}

static bool in_loop(const struct ir_block *b, const struct ir_block *header)
{
	const struct ir_block *h = b->loop;

	while (h && h != header && h->loop_depth >= header->loop_depth)
		h = h->loop_parent;
	return h == header;
}

enum staying affine_staying(const struct affinity *r, const struct uniformity *u, const struct ir_block *from,
			    const struct ir_block *to)
{
	const struct ir_block *h;
	enum staying s = STAYS;

	for (h = from->loop; h && !in_loop(to, h); h = h->loop_parent) {
		const struct branches *by = u->leave[h->id];

		if (!by)
			continue;
		if (!affine_rare(r, by))
			return STRAYS;
		s = STAYS_NEARLY;
	}
	return s;
}

/* ---- sources ---- */

static struct affine special(struct aff *a, enum ir_sreg s)
{
	const struct ir_perf *p = &a->b->func->perf;
	u64 threads = (u64)p->maxntid[0] * (p->maxntid[1] ? p->maxntid[1] : 1) * (p->maxntid[2] ? p->maxntid[2] : 1);
	struct affine r = common(a, 5, 1023);
	s64 t[LANES];
	u32 k;

	for (k = 0; k < LANES; k++)
		t[k] = k;
	switch (s) {
	case SREG_TID_X:
		if (a->shape == VGPUCC_SHAPE_GENERAL || !a->b->func->entry)
			return nothing;
		if ((threads && threads <= LANES) || p->reqntid[0] == LANES) {
			r.align = PURE;
			r.max = LANES - 1;
		}
		set_lanes(a, &r, t, 32);
		return r;
	case SREG_LANEID:
		r.align = PURE;
		r.max = LANES - 1;
		set_lanes(a, &r, t, 32);
		return r;
	case SREG_TID_Y:
	case SREG_TID_Z:
		return sreg_uniform(s, a->shape) ? common(a, 0, 1023) : nothing;
	case SREG_NTID_X:
		return common(a, a->shape == VGPUCC_SHAPE_GENERAL ? 0 : 5, 1024);
	case SREG_NTID_Y:
	case SREG_NTID_Z:
	case SREG_WARPID:
	case SREG_NWARPID:
		return common(a, 0, 1024);
	case SREG_CTAID_X:
	case SREG_NCTAID_X:
		return common(a, 0, 0x7fffffff);
	case SREG_CTAID_Y:
	case SREG_CTAID_Z:
	case SREG_NCTAID_Y:
	case SREG_NCTAID_Z:
		return common(a, 0, 0xffff);
	default:
		return sreg_uniform(s, a->shape) ? common(a, 0, all_ones(ir_type_bits(ir_sreg_type(s)))) : nothing;
	}
}

/* What an operand of @bits bits is where the instruction at hand reads it */
static struct affine source(struct aff *a, const struct ir_operand *o, u32 bits)
{
	struct affine x;

	switch (o->kind) {
	case OPND_IMM:
		return constant(a, (s64)o->imm, bits);
	case OPND_VAR:
		return common(a, 0, all_ones(bits));
	case OPND_SREG:
		return ir_type_bits(ir_sreg_type(o->sreg)) == bits ? special(a, o->sreg) : nothing;
	case OPND_REG:
		break;
	default:
		return nothing;
	}
	if (o->neg || o->inv || !o->reg->def || ir_type_bits(o->reg->type) != bits)
		return nothing;
	x = a->r->of[o->reg->id];
	if (!x.lanes || a->u->uniform[o->reg->id])
		return x;
	switch (affine_staying(a->r, a->u, o->reg->def->block, a->at)) {
	case STRAYS:
		return nothing;
	case STAYS_NEARLY:
		x.near = true;
		x.copy = NULL;
		return x;
	default:
		return x;
	}
}

static const struct ir_reg *original(const struct aff *a, const struct ir_operand *o)
{
	const struct affine *x = &a->r->of[o->reg->id];

	return x->copy ? x->copy : o->reg;
}

/* ---- lane by lane ---- */

static u64 low_bits(s64 v, u32 bits)
{
	return (u64)v & all_ones(bits);
}

static bool compute(const struct ir_insn *i, bool is_signed, u32 bits, s64 x, s64 y, s64 *r)
{
	u64 ux = low_bits(x, bits), uy = low_bits(y, bits), folded;

	if (fold2(i, ux, uy, &folded)) {
		*r = (s64)folded;
		return true;
	}
	switch (i->op) {
	case OP_SHR:
		if (is_signed)
			*r = x >> ((u32)y >= bits ? bits - 1 : (u32)y);
		else
			*r = (u32)y >= bits ? 0 : (s64)(ux >> (u32)y);
		return true;
	case OP_MIN:
		*r = is_signed ? (x < y ? x : y) : (s64)(ux < uy ? ux : uy);
		return true;
	case OP_MAX:
		*r = is_signed ? (x > y ? x : y) : (s64)(ux > uy ? ux : uy);
		return true;
	case OP_DIV:
	case OP_REM:
		/* negative ones are rare, and have their own rules */
		if (x < 0 || y <= 0)
			return false;
		*r = i->op == OP_DIV ? x / y : x % y;
		return true;
	default:
		return false;
	}
}

/* Both are what the lane says: so is the result. */
static bool by_lane(struct aff *a, const struct ir_insn *i, u32 bits, const struct affine *x, const struct affine *y,
		    struct affine *out)
{
	bool is_signed = ir_type_class(i->types[0]) == 'S';
	s64 t[LANES];
	u64 max = 0;
	u32 k;

	if (x->align != PURE || y->align != PURE)
		return false;
	for (k = 0; k < LANES; k++) {
		if (!compute(i, is_signed, bits, wrap(x->c + x->lanes->n[k], bits), wrap(y->c + y->lanes->n[k], bits),
			     &t[k]))
			return false;
		if (low_bits(t[k], bits) > max)
			max = low_bits(t[k], bits);
	}
	*out = common(a, 0, max);
	out->align = PURE;
	set_lanes(a, out, t, bits);
	return true;
}

/* ---- sums and products ---- */

static u32 least_align(const struct affine *x, const struct affine *y)
{
	return x->align < y->align ? x->align : y->align;
}

static struct affine sum(struct aff *a, const struct affine *x, const struct affine *y, s64 sign, u32 bits)
{
	struct affine r = common(a, 0, all_ones(bits));
	s64 t[LANES];
	u32 k;

	r.align = least_align(x, y);
	r.near = x->near || y->near;
	if (sign > 0 && x->max <= all_ones(bits) - y->max)
		r.max = x->max + y->max;
	for (k = 0; k < LANES; k++)
		t[k] = (s64)((u64)x->c + (u64)x->lanes->n[k] + (u64)sign * ((u64)y->c + (u64)y->lanes->n[k]));
	set_lanes(a, &r, t, bits);
	return r;
}

static struct affine scaled(struct aff *a, const struct affine *x, s64 by, u32 bits)
{
	u64 ub = low_bits(by, bits);
	struct affine r = common(a, 0, all_ones(bits));
	u32 align, k;
	s64 t[LANES];

	if (!ub)
		return constant(a, 0, bits);
	align = x->align + (u32)__builtin_ctzll(ub);
	r.align = x->align == PURE ? PURE : align < 63 ? align : 63;
	r.near = x->near;
	if (x->max <= all_ones(bits) / ub)
		r.max = x->max * ub;
	for (k = 0; k < LANES; k++)
		t[k] = (s64)(((u64)x->c + (u64)x->lanes->n[k]) * (u64)by);
	set_lanes(a, &r, t, bits);
	return r;
}

static struct affine product(struct aff *a, const struct affine *x, const struct affine *y, u32 bits)
{
	u32 align;

	if (is_constant(a, y))
		return scaled(a, x, y->c, bits);
	if (is_constant(a, x))
		return scaled(a, y, x->c, bits);
	if (!is_same(a, x) || !is_same(a, y))
		return nothing;
	align = x->c || y->c ? 0 : x->align + y->align;
	return common(a, align, x->max && y->max > all_ones(bits) / x->max ? all_ones(bits) : x->max * y->max);
}

/* ---- bits ---- */

#define FEW_STEPS 4

/*
 * Of all that the common part may be, do bits from @bit on differ between lanes in no more than one of so many? Else
 * lanes would part each time.
 */
static bool few_steps(const struct affine *x, u32 bit)
{
	return bit < 62 && x->lanes->span <= ((s64)1 << bit) / FEW_STEPS;
}

static struct affine masked(struct aff *a, const struct affine *x, u64 m, u32 bits)
{
	u32 zeros = m ? (u32)__builtin_ctzll(m) : 0, k;
	struct affine r = common(a, zeros, x->max < m ? x->max : m);
	s64 t[LANES];

	if (!m || !r.max)
		return constant(a, 0, bits);
	r.near = x->near;
	if (x->align == PURE || affine_apart(x)) {
		if (x->align == PURE || m >> x->align == 0)
			r.align = PURE;
		else if (x->align > r.align)
			r.align = x->align;
		for (k = 0; k < LANES; k++)
			t[k] = (s64)(low_bits(x->c + x->lanes->n[k], bits) & m);
		set_lanes(a, &r, t, bits);
		return r;
	}
	if (is_same(a, x))
		return r;
	if (few_steps(x, zeros)) {
		r.near = true; /* a step of the bits above may fall between lanes */
		return r;
	}
	return nothing;
}

static struct affine shifted(struct aff *a, const struct affine *x, u32 by, bool is_signed, u32 bits)
{
	bool sign = is_signed && x->max > all_ones(bits - 1);
	struct affine r = common(a, 0, sign ? all_ones(bits) : x->max >> by);
	s64 t[LANES];
	u32 k;

	if (!r.max)
		return constant(a, 0, bits);
	r.near = x->near;
	if (affine_apart(x)) { /* not PURE: see by_lane() */
		if (x->align > by)
			r.align = x->align - by;
		for (k = 0; k < LANES; k++)
			t[k] = (x->c + x->lanes->n[k]) >> by;
		set_lanes(a, &r, t, bits);
		return r;
	}
	if (is_same(a, x))
		return r;
	if (few_steps(x, by)) {
		r.near = true;
		return r;
	}
	return nothing;
}

/* or, xor: bits that lanes differ in must be none of the common part's */
static struct affine merged(struct aff *a, const struct ir_insn *i, const struct affine *x, const struct affine *y,
			    u32 bits)
{
	u64 all = x->max | y->max;
	struct affine r = common(a, least_align(x, y), all ? ~0ull >> __builtin_clzll(all) : 0);
	s64 t[LANES];
	u32 k;

	r.near = x->near || y->near;
	if (x->align == PURE) {
		const struct affine *swap = x;

		x = y;
		y = swap;
	}
	if (y->align == PURE && affine_apart(x) && y->c >= 0 && y->c + y->lanes->span < (s64)1 << x->align) {
		r.align = x->align;
		for (k = 0; k < LANES; k++)
			if (!compute(i, false, bits, x->c + x->lanes->n[k], y->c + y->lanes->n[k], &t[k]))
				return nothing;
		set_lanes(a, &r, t, bits);
		return r;
	}
	if (is_same(a, x) && is_same(a, y)) {
		if (x->c || y->c)
			r.align = 0;
		return r;
	}
	return nothing;
}

/* x - (x & ~m) is x & m. */
static bool remainder_of(struct aff *a, const struct ir_insn *i, u32 bits, struct affine *out)
{
	const struct ir_insn *d;
	u64 m;

	if (i->ops[1].kind != OPND_REG || i->ops[2].kind != OPND_REG)
		return false;
	d = i->ops[2].reg->def;
	if (!d || d->op != OP_AND || d->guard || d->ops[1].kind != OPND_REG || d->ops[1].inv ||
	    d->ops[2].kind != OPND_IMM || original(a, &d->ops[1]) != original(a, &i->ops[1]))
		return false;
	m = ~d->ops[2].imm & all_ones(bits);
	if (!m || m & (m + 1))
		return false;
	*out = source(a, &i->ops[1], bits);
	if (!out->lanes)
		return false;
	*out = masked(a, out, m, bits);
	return true;
}

/* ---- widths ---- */

static struct affine widened(struct aff *a, const struct affine *x, bool is_signed)
{
	struct affine r = *x;
	s64 t[LANES];
	u32 k;

	r.copy = NULL;
	if (is_signed && x->max > 0x7fffffff)
		r.max = ~0ull;
	if (x->align == PURE) {
		for (k = 0; k < LANES; k++) {
			t[k] = wrap(x->c + x->lanes->n[k], 32);
			if (!is_signed)
				t[k] = (u32)t[k];
		}
		set_lanes(a, &r, t, 64);
	} else if (r.align > 32) {
		r.align = 32; /* what wraps, does so by as much */
	}
	return r;
}

static struct affine narrowed(struct aff *a, const struct affine *x)
{
	struct affine r = *x;
	s64 t[LANES];
	u32 k;

	r.copy = NULL;
	if (r.max > 0xffffffff)
		r.max = 0xffffffff;
	for (k = 0; k < LANES; k++)
		t[k] = (s64)((u64)x->c + (u64)x->lanes->n[k]);
	set_lanes(a, &r, t, 32);
	return r;
}

static bool is_integer(u8 type, u32 bits)
{
	char c = ir_type_class(type);

	return ir_type_bits(type) == bits && (c == 'U' || c == 'S' || c == 'B') && type != T_U16X2 && type != T_S16X2 &&
	       type != T_U8X4 && type != T_S8X4;
}

static bool is_word(u8 type)
{
	return is_integer(type, 32);
}

static bool is_long(u8 type)
{
	return is_integer(type, 64);
}

static struct affine converted(struct aff *a, const struct ir_insn *i)
{
	struct affine x;

	/* a register wider than the type is extended once more */
	if (i->m.sat || i->nops < 2 || ir_type_bits(i->ops[0].reg->type) != ir_type_bits(i->types[0]))
		return nothing;
	if (is_long(i->types[0]) && is_word(i->types[1])) {
		x = source(a, &i->ops[1], 32);
		return x.lanes ? widened(a, &x, ir_type_class(i->types[1]) == 'S') : x;
	}
	if (is_word(i->types[0]) && is_long(i->types[1])) {
		x = source(a, &i->ops[1], 64);
		return x.lanes ? narrowed(a, &x) : x;
	}
	if ((is_word(i->types[0]) && is_word(i->types[1])) || (is_long(i->types[0]) && is_long(i->types[1])))
		return source(a, &i->ops[1], ir_type_bits(i->types[0]));
	return nothing;
}

/* ---- instructions ---- */

/* One of several values, by a way or a predicate: the same pattern in all */
static void join_value(struct affine *r, const struct affine *x, bool *varied)
{
	s64 diff;

	if (!r->seen) {
		*r = *x;
		return;
	}
	if (!r->lanes || r->lanes != x->lanes) {
		*r = nothing;
		return;
	}
	diff = (s64)((u64)x->c - (u64)r->c);
	*varied = true;
	if (diff || x->align != r->align) {
		u32 step = diff ? (u32)__builtin_ctzll((u64)diff) : PURE;

		if (x->align < r->align)
			r->align = x->align;
		if (step < r->align)
			r->align = step;
	}
	if (x->max > r->max)
		r->max = x->max;
	r->near |= x->near;
	r->copy = NULL;
}

static struct affine joined(struct aff *a, const struct ir_insn *i, u32 bits)
{
	struct affine r = { .seen = false }, x;
	bool varied = false;
	u32 k;

	for (k = 1; k < i->nops; k++) {
		if (i->ops[k].kind == OPND_NONE)
			continue;
		x = source(a, &i->ops[k], bits);
		if (x.seen)
			join_value(&r, &x, &varied);
	}
	r.copy = NULL;
	if (!varied || !r.lanes || !a->u->join[i->block->id])
		return r;
	if (!affine_rare(a->r, a->u->join[i->block->id]))
		return nothing;
	r.near = true;
	return r;
}

static struct affine chosen(struct aff *a, const struct ir_insn *i, u32 bits)
{
	struct affine r = source(a, &i->ops[1], bits), x = source(a, &i->ops[2], bits);
	bool varied = false;

	if (!r.seen || !x.seen)
		return (struct affine){ .seen = false };
	if (i->ops[3].kind != OPND_REG || !a->u->uniform[i->ops[3].reg->id])
		return nothing;
	join_value(&r, &x, &varied);
	r.copy = NULL;
	return r;
}

static struct affine two(struct aff *a, const struct ir_insn *i, u32 bits)
{
	struct affine x = source(a, &i->ops[1], bits), r;
	bool is_shift = i->op == OP_SHL || i->op == OP_SHR;
	struct affine y = source(a, &i->ops[2], is_shift ? 32 : bits);

	if (!x.seen || !y.seen)
		return (struct affine){ .seen = false };
	if (i->op == OP_SUB && remainder_of(a, i, bits, &r))
		return r;
	if (!x.lanes || !y.lanes)
		return nothing;
	if (by_lane(a, i, bits, &x, &y, &r)) {
		r.near = x.near || y.near;
		return r;
	}
	switch (i->op) {
	case OP_ADD:
		r = sum(a, &x, &y, 1, bits);
		if (!y.max && i->ops[1].kind == OPND_REG)
			r.copy = original(a, &i->ops[1]);
		return r;
	case OP_SUB:
		return sum(a, &x, &y, -1, bits);
	case OP_MUL:
		return product(a, &x, &y, bits);
	case OP_AND:
		if (is_constant(a, &x))
			return masked(a, &y, low_bits(x.c, bits), bits);
		return is_constant(a, &y)               ? masked(a, &x, low_bits(y.c, bits), bits) :
		       is_same(a, &x) && is_same(a, &y) ? common(a, 0, x.max < y.max ? x.max : y.max) :
							  nothing;
	case OP_OR:
	case OP_XOR:
		return merged(a, i, &x, &y, bits);
	case OP_SHL:
		if (is_constant(a, &y))
			return y.max >= bits ? constant(a, 0, bits) : scaled(a, &x, (s64)(1ull << y.max), bits);
		return is_same(a, &x) && is_same(a, &y) ? common(a, 0, all_ones(bits)) : nothing;
	case OP_SHR:
		if (is_constant(a, &y) && y.max < bits)
			return shifted(a, &x, (u32)y.max, ir_type_class(i->types[0]) == 'S', bits);
		return is_same(a, &x) && is_same(a, &y) ? common(a, 0, all_ones(bits)) : nothing;
	default:
		return nothing;
	}
}

static struct affine multiplied(struct aff *a, const struct ir_insn *i, u32 bits)
{
	bool wide = i->m.mul == MUL_WIDE;
	struct affine x, y, z;

	if ((!wide && i->m.mul != MUL_LO) || (wide && bits != 32) || i->m.sat)
		return nothing;
	if (!wide && i->op == OP_MUL)
		return two(a, i, bits);
	x = source(a, &i->ops[1], bits);
	y = source(a, &i->ops[2], bits);
	if (!x.seen || !y.seen)
		return (struct affine){ .seen = false };
	if (!x.lanes || !y.lanes)
		return nothing;
	if (wide) {
		x = widened(a, &x, ir_type_class(i->types[0]) == 'S');
		y = widened(a, &y, ir_type_class(i->types[0]) == 'S');
		bits = 64;
	}
	x = product(a, &x, &y, bits);
	if (i->op == OP_MUL || !x.lanes)
		return x;
	z = source(a, &i->ops[3], bits);
	if (!z.seen || !z.lanes)
		return z;
	return sum(a, &x, &z, 1, bits);
}

static struct affine negated(struct aff *a, const struct ir_insn *i, u32 bits)
{
	struct affine x = source(a, &i->ops[1], bits), zero = constant(a, i->op == OP_NOT ? -1 : 0, bits);

	/* ~x is -1 - x */
	return x.lanes ? sum(a, &zero, &x, -1, bits) : x;
}

static struct affine transfer(struct aff *a, const struct ir_insn *i)
{
	u32 bits = i->ntypes ? ir_type_bits(i->types[0]) : 0;
	struct affine r;

	/* what is no number is none of its way round, either: long chains of it would be followed turn by turn */
	if (i->op == OP_PHI && ir_type_class(i->ops[0].reg->type) == 'F')
		return nothing;
	if (i->op == OP_PHI)
		return joined(a, i, ir_type_bits(i->ops[0].reg->type));
	if (i->guard || i->m.cc || i->m.sat || i->m.relu)
		return nothing;
	if (i->op == OP_CVT)
		return converted(a, i);
	if (i->op == OP_CVTA && (i->m.space == SPC_GLOBAL || i->m.space == SPC_CONST))
		return source(a, &i->ops[1], 64);
	if (!is_word(i->types[0]) && !is_long(i->types[0]))
		return nothing;
	switch (i->op) {
	case OP_MOV:
		r = source(a, &i->ops[1], bits);
		if (r.lanes && i->ops[1].kind == OPND_REG)
			r.copy = original(a, &i->ops[1]);
		return r;
	case OP_ADD:
	case OP_SUB:
	case OP_AND:
	case OP_OR:
	case OP_XOR:
	case OP_SHL:
	case OP_SHR:
	case OP_DIV:
	case OP_REM:
	case OP_MIN:
	case OP_MAX:
		return i->nops > 3 && i->ops[3].kind != OPND_NONE ? nothing : two(a, i, bits);
	case OP_MUL:
	case OP_MAD:
		return multiplied(a, i, bits);
	case OP_NOT:
	case OP_NEG:
		return negated(a, i, bits);
	case OP_SELP:
		return chosen(a, i, bits);
	default:
		return nothing;
	}
}

static bool is_equal(const struct affine *x, const struct affine *y)
{
	return x->lanes == y->lanes && x->c == y->c && x->max == y->max && x->align == y->align && x->near == y->near &&
	       x->seen == y->seen && x->copy == y->copy;
}

/* Follows @i: has anything changed? */
static bool visit(struct aff *a, const struct ir_insn *i)
{
	const struct ir_reg *d = i->ops[0].reg;
	struct affine *old = &a->r->of[d->id], r;
	u32 bits = ir_type_bits(d->type);

	a->at = i->block;
	spend(&a->b->arena, &a->steps, LANES);
	r = tangled(a->loops, i->block) ? nothing : transfer(a, i);
	if (!r.seen)
		return false;
	/* what is uniform, is so whatever it comes from */
	if (a->u->uniform[d->id] && (!r.lanes || !is_same(a, &r)))
		r = common(a, 0, r.lanes ? r.max : all_ones(bits));
	/* once lost, lost; and bounds that grow from turn to turn have no end */
	if (old->seen && !old->lanes)
		return false;
	if (old->seen && r.max > old->max)
		r.max = a->pass > WIDEN_AFTER ? all_ones(bits) : r.max;
	if (old->seen && r.max < old->max)
		r.max = old->max;
	if (is_equal(old, &r))
		return false;
	*old = r;
	return true;
}

static bool is_value(const struct ir_insn *i)
{
	u32 bits;

	if (!i->nops || !i->ops[0].def || i->ops[0].kind != OPND_REG || i->ops[0].reg->def != i)
		return false;
	bits = ir_type_bits(i->ops[0].reg->type);
	return bits == 32 || bits == 64;
}

/* What no rule is for: only what is uniform is known to be that. */
static void begin(struct aff *a)
{
	u32 k;

	for (k = 0; k < a->b->nregs; k++) {
		const struct ir_reg *r = a->b->regs[k];

		if (r->def && is_value(r->def))
			continue;
		a->r->of[k] = r->def && a->u->uniform[k] ? common(a, 0, all_ones(ir_type_bits(r->type))) : nothing;
	}
}

struct affinity *analyse_affinity(struct ir_body *b, const struct ir_loops *loops, const struct uniformity *u,
				  enum vgpucc_shape_class shape)
{
	struct aff *a = arena_new(&b->arena, struct aff);
	struct lanes zero = { .span = 0 };
	bool changed = true;
	struct ir_insn *i;
	u32 k;

	a->b = b;
	a->loops = loops;
	a->u = u;
	a->shape = shape;
	a->r = arena_new(&b->arena, struct affinity);
	a->r->of = arena_array(&b->arena, b->nregs + 1, struct affine);
	a->r->zero = intern(a, &zero);
	begin(a);
	for (a->pass = 0; changed && a->pass < MAX_PASSES; a->pass++) {
		changed = false;
		for (k = 0; k < b->nrpo; k++)
			for (i = b->rpo[k]->first; i; i = i->next)
				if (is_value(i))
					changed |= visit(a, i);
	}
	/* claims hold only where all of them are settled */
	for (k = 0; changed && k < b->nregs; k++)
		a->r->of[k] = nothing;
	return a->r;
}
