// SPDX-License-Identifier: MIT
/* Constant expressions: C's operators over 64-bit integers, and floats. */
#include <math.h>

#include "parse.h"

static struct cval unary(struct parser *p);

/* Binary operators by precedence, as in C; level 0 binds loosest. */
enum binop {
	B_NONE,
	B_OROR,
	B_ANDAND,
	B_OR,
	B_XOR,
	B_AND,
	B_EQ,
	B_NE,
	B_LT,
	B_GT,
	B_LE,
	B_GE,
	B_SHL,
	B_SHR,
	B_ADD,
	B_SUB,
	B_MUL,
	B_DIV,
	B_MOD
};

static const u8 level_of[] = {
	[B_OROR] = 1, [B_ANDAND] = 2, [B_OR] = 3,  [B_XOR] = 4,  [B_AND] = 5,  [B_EQ] = 6,
	[B_NE] = 6,   [B_LT] = 7,     [B_GT] = 7,  [B_LE] = 7,   [B_GE] = 7,   [B_SHL] = 8,
	[B_SHR] = 8,  [B_ADD] = 9,    [B_SUB] = 9, [B_MUL] = 10, [B_DIV] = 10, [B_MOD] = 10,
};

static enum binop binop_of(const struct token *t)
{
	static const u8 by_char[128] = {
		['|'] = B_OR,  ['^'] = B_XOR, ['&'] = B_AND, ['<'] = B_LT,  ['>'] = B_GT,
		['+'] = B_ADD, ['-'] = B_SUB, ['*'] = B_MUL, ['/'] = B_DIV, ['%'] = B_MOD,
	};

	switch (t->kind) {
	case TOK_OROR:
		return B_OROR;
	case TOK_ANDAND:
		return B_ANDAND;
	case TOK_EQ:
		return B_EQ;
	case TOK_NE:
		return B_NE;
	case TOK_LE:
		return B_LE;
	case TOK_GE:
		return B_GE;
	case TOK_SHL:
		return B_SHL;
	case TOK_SHR:
		return B_SHR;
	case TOK_PUNCT:
		return by_char[t->punct & 127];
	}
	return B_NONE;
}

static double as_double(const struct cval *v)
{
	double d;
	float f;
	u32 u;

	switch (v->kind) {
	case TOK_F64:
		memcpy(&d, &v->u, sizeof(d));
		return d;
	case TOK_F32:
		u = v->u;
		memcpy(&f, &u, sizeof(f));
		return f;
	}
	return v->uns ? (double)v->u : (double)(s64)v->u;
}

static struct cval of_int(u64 u, bool uns)
{
	return (struct cval){ TOK_INT, uns, u };
}

static struct cval of_double(double d)
{
	struct cval v = { TOK_F64, false, 0 };

	memcpy(&v.u, &d, sizeof(d));
	return v;
}

static struct cval float_op(struct parser *p, enum binop op, double a, double b)
{
	switch (op) {
	case B_ADD:
		return of_double(a + b);
	case B_SUB:
		return of_double(a - b);
	case B_MUL:
		return of_double(a * b);
	case B_DIV:
		return of_double(a / b);
	case B_LT:
		return of_int(a < b, false);
	case B_GT:
		return of_int(a > b, false);
	case B_LE:
		return of_int(a <= b, false);
	case B_GE:
		return of_int(a >= b, false);
	case B_EQ:
		return of_int(a == b, false);
	case B_NE:
		return of_int(a != b, false);
	default:
		perr(p, p->t.line, "operator not defined for floating-point constants");
	}
}

static u64 divide(struct parser *p, enum binop op, u64 a, u64 b, bool uns)
{
	if (!b)
		perr(p, p->t.line, "division by zero in a constant expression");
	if (uns)
		return op == B_DIV ? a / b : a % b;
	if ((s64)b == -1) /* INT64_MIN / -1 traps */
		return op == B_DIV ? -a : 0;
	return op == B_DIV ? (u64)((s64)a / (s64)b) : (u64)((s64)a % (s64)b);
}

/* Below 0, 0, or above 0. */
static int compare(u64 a, u64 b, bool uns)
{
	if (uns)
		return (a > b) - (a < b);
	return ((s64)a > (s64)b) - ((s64)a < (s64)b);
}

static u64 shift(enum binop op, u64 a, u64 by, bool uns)
{
	if (op == B_SHL)
		return by > 63 ? 0 : a << by;
	if (uns)
		return by > 63 ? 0 : a >> by;
	return (s64)a >> (by > 63 ? 63 : by);
}

static bool int_test(enum binop op, u64 a, u64 b, bool uns)
{
	switch (op) {
	case B_OROR:
		return a || b;
	case B_ANDAND:
		return a && b;
	case B_EQ:
		return a == b;
	case B_NE:
		return a != b;
	case B_LT:
		return compare(a, b, uns) < 0;
	case B_GT:
		return compare(a, b, uns) > 0;
	case B_LE:
		return compare(a, b, uns) <= 0;
	default:
		return compare(a, b, uns) >= 0;
	}
}

static struct cval int_op(struct parser *p, enum binop op, struct cval x, struct cval y)
{
	u64 a = x.u, b = y.u;
	bool uns = x.uns || y.uns;

	switch (op) {
	case B_OR:
		return of_int(a | b, uns);
	case B_XOR:
		return of_int(a ^ b, uns);
	case B_AND:
		return of_int(a & b, uns);
	case B_SHL:
	case B_SHR:
		return of_int(shift(op, a, b, x.uns), x.uns);
	case B_ADD:
		return of_int(a + b, uns);
	case B_SUB:
		return of_int(a - b, uns);
	case B_MUL:
		return of_int(a * b, uns);
	case B_DIV:
	case B_MOD:
		return of_int(divide(p, op, a, b, uns), uns);
	default:
		return of_int(int_test(op, a, b, uns), false);
	}
}

/* Precedence climbing; the depth of recursion is bounded. */
static struct cval binary(struct parser *p, unsigned int min_level)
{
	struct cval x, y;
	enum binop op;

	if (++p->depth > MAX_NESTING)
		perr(p, p->t.line, "constant expression nested too deeply");
	x = unary(p);
	while ((op = binop_of(&p->t)) != B_NONE && level_of[op] >= min_level) {
		next(p);
		y = binary(p, level_of[op] + 1);
		if (x.kind == TOK_INT && y.kind == TOK_INT)
			x = int_op(p, op, x, y);
		else
			x = float_op(p, op, as_double(&x), as_double(&y));
	}
	p->depth--;
	return x;
}

static struct cval conditional(struct parser *p)
{
	struct cval c = binary(p, 1), x, y;

	if (!at(p, '?'))
		return c;
	if (++p->depth > MAX_NESTING)
		perr(p, p->t.line, "constant expression nested too deeply");
	next(p);
	x = conditional(p);
	expect(p, ':');
	y = conditional(p);
	p->depth--;
	return (c.kind == TOK_INT ? c.u != 0 : as_double(&c) != 0) ? x : y;
}

/* "(.s64)", "(.u64)", or a parenthesized expression */
static struct cval parenthesis(struct parser *p)
{
	struct cval v;
	bool uns;

	next(p);
	if (p->t.kind == TOK_DOT) {
		if (!at_dot(p, ".s64") && !at_dot(p, ".u64"))
			perr_token(p, "(.s64) or (.u64)");
		uns = at_dot(p, ".u64");
		next(p);
		expect(p, ')');
		v = unary(p);
		if (v.kind != TOK_INT)
			perr(p, p->t.line, "cast of a floating-point constant");
		v.uns = uns;
		return v;
	}
	v = conditional(p);
	expect(p, ')');
	return v;
}

static struct cval negate(struct cval v)
{
	switch (v.kind) {
	case TOK_F32:
		v.u ^= 1u << 31;
		break;
	case TOK_F64:
		v.u ^= 1ull << 63;
		break;
	default:
		v.u = -v.u;
		if (v.u >> 63)
			v.uns = false;
	}
	return v;
}

static struct cval unary(struct parser *p)
{
	struct cval v;

	if (++p->depth > MAX_NESTING)
		perr(p, p->t.line, "constant expression nested too deeply");
	if (at(p, '(')) {
		v = parenthesis(p);
	} else if (accept(p, '-')) {
		v = negate(unary(p));
	} else if (accept(p, '+')) {
		v = unary(p);
	} else if (accept(p, '~')) {
		v = unary(p);
		if (v.kind != TOK_INT)
			perr(p, p->t.line, "'~' of a floating-point constant");
		v.u = ~v.u;
	} else if (accept(p, '!')) {
		v = unary(p);
		v = of_int(v.kind == TOK_INT ? !v.u : as_double(&v) == 0, false);
	} else if (p->t.kind == TOK_INT || p->t.kind == TOK_F32 || p->t.kind == TOK_F64) {
		v = (struct cval){ p->t.kind, p->t.uns, p->t.u };
		next(p);
	} else if (at_word(p, "WARP_SZ")) {
		v = of_int(32, false);
		next(p);
	} else {
		perr_token(p, "constant");
	}
	p->depth--;
	return v;
}

struct cval parse_expr(struct parser *p)
{
	return conditional(p);
}

s64 parse_int_expr(struct parser *p)
{
	struct cval v = parse_expr(p);

	if (v.kind != TOK_INT)
		perr(p, p->t.line, "integer constant expected");
	return v.u;
}

u64 parse_count(struct parser *p)
{
	u64 n = p->t.u;

	if (p->t.kind != TOK_INT)
		perr_token(p, "count");
	next(p);
	return n;
}

static u64 int_bits(u64 u, enum ir_type t)
{
	unsigned int bits = ir_type_bits(t);

	if (bits >= 64)
		return u;
	if (ir_type_class(t) == 'S')
		return (u64)((s64)(u << (64 - bits)) >> (64 - bits));
	return u & ((1ull << bits) - 1);
}

u64 const_bits(struct parser *p, const struct cval *v, enum ir_type t, u32 line)
{
	float f;
	double d;
	u32 u;
	u64 u64bits;

	if (ir_type_class(t) == 'P')
		return v->kind == TOK_INT ? v->u != 0 : as_double(v) != 0;
	if (v->kind == TOK_INT && t != T_F32 && t != T_F64)
		return int_bits(v->u, t);
	switch (t) {
	case T_F32:
	case T_B32:
	case T_TF32:
		if (v->kind == TOK_F32)
			return (u32)v->u;
		f = as_double(v);
		memcpy(&u, &f, sizeof(u));
		return u;
	case T_F64:
	case T_B64:
		d = as_double(v);
		memcpy(&u64bits, &d, sizeof(d));
		return u64bits;
	case T_U32:
	case T_S32:
		/* bits of a float, as some generators write them */
		if (v->kind == TOK_F32)
			return int_bits(v->u, t);
		/* fall through */
	default:
		perr(p, line, "floating-point constant where .%s is wanted", ir_type_name(t));
	}
}
