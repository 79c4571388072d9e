/* SPDX-License-Identifier: MIT */
/* What the parser's parts share. Not for others. */
#ifndef VGPU_COMPILER_PARSE_H
#define VGPU_COMPILER_PARSE_H

#include <string.h>

#include "lex.h"
#include "ptx_tables.h"
#include "symtab.h"

#define MAX_NESTING   64 /* scopes, parentheses, initializer braces */
#define MAX_RAW_OPNDS (PTX_MAX_OPNDS + 1)
#define MAX_VEC       1024 /* elements of {…}; call argument lists */

/**
 * struct parser - state of one parse: of a module's top level or of a body
 * @lx: lexer behind @t
 * @t: the token to look at
 * @a: arena of what is made
 * @d: log
 * @mod: the module, while its top level is being parsed; NULL in bodies
 * @part: the text that is being parsed; its symbols are looked up after @syms
 * @b: body, NULL at the top level
 * @syms: names of the body, or of the text
 * @printed: names given out in this body so far, whatever their scope
 * @labels_here: labels that wait for the next instruction
 * @depth: nesting of the recursive part that runs
 */
struct parser {
	struct lexer lx;
	struct token t;
	struct arena *a;
	struct diag *d;
	struct ir_module *mod;
	struct ir_part *part;
	struct ir_body *b;
	struct ir_symtab *syms;
	struct ir_symtab *printed;
	struct ir_label *labels_here;
	unsigned int depth;
};

/* parse_util.c: tokens, errors */
_Noreturn void perr(struct parser *p, u32 line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void perr_token(struct parser *p, const char *wanted);
static inline void next(struct parser *p)
{
	lex_next(&p->lx, &p->t);
}
static inline bool at(struct parser *p, char punct)
{
	return tok_is(&p->t, punct);
}
bool accept(struct parser *p, char punct);
void expect(struct parser *p, char punct);
static inline bool tok_text(const struct token *t, const char *s, size_t n)
{
	return t->len == n && !memcmp(t->p, s, n);
}
#define at_dot(p, s)  ((p)->t.kind == TOK_DOT && tok_text(&(p)->t, s, sizeof(s) - 1))
#define at_word(p, s) ((p)->t.kind == TOK_IDENT && tok_text(&(p)->t, s, sizeof(s) - 1))
/* Name token as a string of the arena; fails if it is none. */
const char *take_name(struct parser *p, const char *what);
/*
 * Names in different scopes may be equal; what is printed must tell them
 * apart. The name itself, or with a number behind it.
 */
const char *unique_name(struct parser *p, const char *name);
#define PUSH(p, arr, n, cap, x)                                                       \
	do {                                                                          \
		if ((n) == (cap)) {                                                   \
			u32 cap_ = (cap) ? (cap)*2 : 8;                               \
			(arr) = arena_grow((p)->a, (arr), (n), cap_, sizeof(*(arr))); \
			(cap) = cap_;                                                 \
		}                                                                     \
		(arr)[(n)++] = (x);                                                   \
	} while (0)

/* parse_expr.c */
struct cval {
	u8 kind; /* TOK_INT, TOK_F32 (bits as written), TOK_F64 */
	bool uns;
	u64 u;
};
struct cval parse_expr(struct parser *p);
s64 parse_int_expr(struct parser *p);
/* A plain number, as in %r<100>, where '>' is no operator. */
u64 parse_count(struct parser *p);
/* The bits of a constant as an operand of type @t. */
u64 const_bits(struct parser *p, const struct cval *v, enum ir_type t, u32 line);

/* parse_decl.c */
enum ir_space space_of(const struct token *t);
/*
 * One declaration, at its state space or attributes, past its ';'. Each
 * variable is handed to @add (not .reg, which declares registers).
 */
void parse_var_decl(struct parser *p, enum ir_linkage link, void (*add)(struct parser *p, struct ir_var *v));
void parse_reg_decl(struct parser *p);
/*
 * Innermost symbol, or NULL. Where a name is one of a range (%r57 of
 * %r<100>), the symbol of the range, and in @ranged the ir_reg or, for
 * vector registers, the reg_vec.
 */
struct ir_sym *find_name(struct parser *p, const char *name, size_t len, void **ranged);
/* Where the number of a NAME57 begins, of 7 digits at most and without a leading zero; @len where it is none. */
size_t number_at(const char *name, size_t len);
u32 number_of(const char *digits, size_t n);
void parse_proto(struct parser *p, struct ir_proto *proto, bool entry, const char **name);
void skip_pragma(struct parser *p);
void skip_file(struct parser *p);

/* parse_again.c: a name in the innermost scope, which has no other of that name */
void declare(struct parser *p, const char *name, size_t len, u32 line, enum sym_kind kind, void *what);
/* A label that is defined in a scope is nothing else there. */
void check_label(struct parser *p, const char *name, size_t len, u32 line);
/* Results and parameters of a function with a body; prototypes may repeat a name. */
void check_param_names(struct parser *p, const struct ir_proto *proto);
/* What was declared before at the top level (@old: NULL where that was no variable) against what stands there now. */
void check_var_again(struct parser *p, const struct ir_var *old, const struct ir_var *v);
void check_proto_again(struct parser *p, const struct ir_proto *old, const struct ir_proto *proto, const char *name,
		       u32 line);

/* parse_init.c: "= …" of a variable */
void parse_initializer(struct parser *p, struct ir_var *v);

/* parse_operand.c */
struct raw_opnd {
	struct ir_operand op;
	struct cval imm; /* of OPND_IMM, before its type is known */
	bool bar, is_imm;
	u32 line;
};
void parse_operand(struct parser *p, struct raw_opnd *o);
struct ir_label *label_use(struct parser *p, const char *name, size_t len);
void label_define(struct parser *p, const char *name, size_t len, u32 line);
/* What goes out of scope; forward labels move to the enclosing scope. */
void close_scope(struct parser *p, u32 line);

/* parse_sig.c: operands against the opcode's signature */
void match_signature(struct parser *p, struct ir_insn *i, struct raw_opnd *raw, unsigned int n);

/* parse_body.c */
void add_ret_values(struct parser *p, struct ir_insn *ret);

/* parse_matrix.c: shapes, types and fragments of a matrix instruction */
void check_matrix(struct parser *p, struct ir_insn *i);

/* parse_insn.c */
void parse_insn(struct parser *p);

/* parse_call.c */
void parse_call_operands(struct parser *p, struct ir_insn *i);
bool parse_table(struct parser *p, const char *label, size_t len);

/* index.c: past the body's closing brace without parsing it */
struct body_scan {
	const char *close;       /* the closing brace, NULL: none */
	u32 line;                /* line of it */
	const char *shared[256]; /* .shared declarations seen */
	u32 shared_line[256];
	u32 nshared;
};
void scan_body(const char *text, const char *end, u32 line, struct body_scan *s);

#endif
