// SPDX-License-Identifier: MIT
/* One instruction: mnemonic, modifiers, types; then its operands. */
#include "parse.h"

/*
 * The mnemonic with its suffixes, as one string. Suffixes normally stand
 * right behind it; where blanks come between, they are taken out.
 */
static const char *mnemonic(struct parser *p, size_t *len)
{
	const char *start = p->t.p, *end = start + p->t.len;
	char buf[256];
	size_t n;

	next(p);
	while (p->t.kind == TOK_DOT && p->t.p == end) {
		end += p->t.len;
		next(p);
	}
	*len = end - start;
	if (p->t.kind != TOK_DOT)
		return start;
	n = *len;
	if (n > sizeof(buf))
		perr(p, p->t.line, "instruction name is too long");
	memcpy(buf, start, n);
	for (; p->t.kind == TOK_DOT; next(p)) {
		if (p->t.len > sizeof(buf) - n)
			perr(p, p->t.line, "instruction name is too long");
		memcpy(buf + n, p->t.p, p->t.len);
		n += p->t.len;
	}
	*len = n;
	return arena_strndup(p->a, buf, n);
}

/* First group that the opcode admits and that is unset. */
static bool set_modifier(struct ir_insn *i, const struct ptx_op *op, const char *s, size_t n)
{
	const struct ptx_mod *m = ptx_find_mod(s, n);

	for (; m; m = ptx_mod_next(m)) {
		if (op->allowed >> m->group & 1 && !i->m.group[m->group]) {
			i->m.group[m->group] = m->value;
			return true;
		}
	}
	return false;
}

static bool set_type(struct ir_insn *i, const struct ptx_op *op, const char *s, size_t n)
{
	enum ir_type t = ptx_find_type(s, n);

	if (!t || i->ntypes >= op->max_types)
		return false;
	/* A set may be skipped where fewer types are given than positions. */
	if (!(op->types[i->ntypes] >> t & 1))
		return false;
	i->types[i->ntypes++] = t;
	return true;
}

static const char *first_missing(const struct ir_insn *i, const struct ptx_op *op)
{
	static const char *const names[] = {
#define GROUP(g) #g,
#define MOD(g, id, s)
#define ENDGROUP(g)
#include "ptx_mods.def"
#undef GROUP
#undef MOD
#undef ENDGROUP
	};

	for (u128 left = op->required; left; left &= left - 1) {
		unsigned int g = (u64)left ? __builtin_ctzll(left) : 64 + __builtin_ctzll(left >> 64);

		if (!i->m.group[g])
			return names[g];
	}
	return NULL;
}

static bool has_float(const struct ir_insn *i)
{
	for (unsigned int k = 0; k < i->ntypes; k++)
		if (ir_type_class(i->types[k]) == 'F')
			return true;
	return false;
}

/* Modifiers that mean something for one kind of type only. */
static void check_types(struct parser *p, const struct ir_insn *i)
{
	static const u8 float_only[] = {
		GRP_rnd, GRP_ftz, GRP_approx, GRP_nan, GRP_xorsign,
	};
	bool flt = has_float(i);

	for (size_t k = 0; k < sizeof(float_only) && !flt; k++)
		if (i->m.group[float_only[k]])
			perr(p, i->line, "'.%s' is not allowed with .%s",
			     ir_mod_name(float_only[k], i->m.group[float_only[k]]), ir_type_name(i->types[0]));
	if (i->op != OP_MUL && i->op != OP_MAD)
		return;
	if (flt && i->m.mul)
		perr(p, i->line, "'.%s' is not allowed with .%s", ir_mod_name(GRP_mul, i->m.mul),
		     ir_type_name(i->types[0]));
	if (!flt && !i->m.mul)
		perr(p, i->line, "'%s' of integers lacks .lo, .hi or .wide", ir_op_name(i->op));
}

/* A load releases nothing, a store acquires nothing (PTX ISA, ld and st). */
static void check_order(struct parser *p, const struct ir_insn *i)
{
	u8 other = i->op == OP_LD ? SEM_RELEASE : SEM_ACQUIRE;

	if (i->op != OP_LD && i->op != OP_ST)
		return;
	if (i->m.sem == other || i->m.sem == SEM_ACQ_REL || i->m.sem == SEM_SC)
		perr(p, i->line, "'.%s' is not allowed on '%s'", ir_mod_name(GRP_sem, i->m.sem), ir_op_name(i->op));
}

static void parse_suffixes(struct parser *p, struct ir_insn *i, const char *s, const char *end)
{
	const struct ptx_op *op = ptx_op(i->op);
	const char *missing;

	while (s < end) {
		const char *q = memchr(s + 1, '.', end - s - 1);
		size_t n;

		if (!q)
			q = end;
		n = q - s - 1;
		if (!set_modifier(i, op, s + 1, n) && !set_type(i, op, s + 1, n))
			perr(p, i->line, "'.%.*s' is not allowed on '%s'", (int)(n < 64 ? n : 64), s + 1, op->name);
		s = q;
	}
	if (i->ntypes < op->min_types)
		perr(p, i->line, "'%s' lacks a type", op->name);
	missing = first_missing(i, op);
	if (missing)
		perr(p, i->line, "'%s' lacks its %s modifier", op->name, missing);
	if (i->ntypes)
		check_types(p, i);
	check_order(p, i);
}

/* Older spellings that are another opcode in truth. */
static void canonical_op(struct ir_insn *i)
{
	if (i->op == OP_VOTE && i->m.sync) {
		i->op = OP_VOTE_SYNC;
		i->m.sync = 0;
	}
}

static unsigned int parse_operands(struct parser *p, struct raw_opnd *raw)
{
	unsigned int n = 0;
	bool bar = false;

	if (at(p, ';'))
		return 0;
	for (;;) {
		if (n >= MAX_RAW_OPNDS)
			perr(p, p->t.line, "too many operands");
		parse_operand(p, &raw[n]);
		raw[n++].bar = bar;
		bar = at(p, '|');
		if (!accept(p, ',') && !accept(p, '|'))
			return n;
	}
}

static void parse_plain(struct parser *p, struct ir_insn *i)
{
	struct raw_opnd raw[MAX_RAW_OPNDS];
	unsigned int n = parse_operands(p, raw);

	if (!at(p, ';'))
		perr_token(p, "';'");
	match_signature(p, i, raw, n);
	if (ptx_op(i->op)->allowed >> GRP_shape & 1)
		check_matrix(p, i);
}

static void parse_branch(struct parser *p, struct ir_insn *i)
{
	if (p->t.kind != TOK_IDENT)
		perr_token(p, "label");
	i->ops[0].kind = OPND_BLOCK;
	i->ops[0].label = label_use(p, p->t.p, p->t.len);
	next(p);
}

/* @p or @!p, before an instruction */
static struct ir_reg *parse_guard(struct parser *p, bool *inv)
{
	struct raw_opnd o;

	*inv = false;
	if (!accept(p, '@'))
		return NULL;
	*inv = accept(p, '!');
	if (p->t.kind != TOK_IDENT)
		perr_token(p, "predicate");
	parse_operand(p, &o);
	if (o.op.kind != OPND_REG || o.op.reg->type != T_PRED)
		perr(p, o.line, "guard is not a predicate register");
	return o.op.reg;
}

static void append(struct parser *p, struct ir_insn *i)
{
	struct ir_body *b = p->b;
	struct ir_label *l, *n;

	i->prev = b->insns_last;
	if (b->insns_last)
		b->insns_last->next = i;
	else
		b->insns = i;
	b->insns_last = i;
	b->ninsns++;
	for (l = p->labels_here; l; l = n) {
		n = l->next;
		l->next = NULL;
		l->at = i;
	}
	p->labels_here = NULL;
}

void parse_insn(struct parser *p)
{
	struct ir_reg *guard;
	struct ir_insn *i;
	const char *name;
	size_t len, used = 0;
	enum ir_op op;
	bool inv;
	u32 line;

	guard = parse_guard(p, &inv);
	line = p->t.line;
	if (p->t.kind != TOK_IDENT)
		perr_token(p, "instruction");
	name = mnemonic(p, &len);
	op = ptx_find_op(name, len, &used);
	if (!op)
		perr(p, line, "unknown instruction '%.*s'", (int)(len < 64 ? len : 64), name);
	if (ir_op_flags(op) & OPF_OTHER_CC)
		perr(p, line, "'%.*s' exists on other compute capabilities only", (int)(len < 64 ? len : 64), name);
	i = ir_insn_new(p->b, op, ptx_op(op)->nopnds, line);
	i->guard = guard;
	i->guard_not = inv;
	parse_suffixes(p, i, name + used, name + len);
	canonical_op(i);
	if (op == OP_BRA)
		parse_branch(p, i);
	else if (op == OP_CALL)
		parse_call_operands(p, i);
	else
		parse_plain(p, i);
	if (op == OP_RET)
		add_ret_values(p, i);
	expect(p, ';');
	append(p, i);
}
