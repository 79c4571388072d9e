// SPDX-License-Identifier: MIT
/*
 * The assembler: lines, labels and directives.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "asm.h"
#include "lex.h"

bool visa_fail(struct visa_asm *a, const char *fmt, ...)
{
	va_list args;

	a->err->line = a->line;
	va_start(args, fmt);
	vsnprintf(a->err->text, sizeof(a->err->text), fmt, args);
	va_end(args);
	return false;
}

bool visa_wait(struct visa_asm *a, enum visa_fixup_kind kind, enum visa_symbol_kind wants, uint32_t index,
	       const char *name)
{
	const struct visa_fixup f = {
		.kind = kind,
		.wants = wants,
		.index = index,
		.line = a->line,
		.name = (char *)name,
	};

	return visa_fixup(&a->b, &f) || visa_fail(a, "out of memory");
}

static bool define(struct visa_asm *a, const char *name, enum visa_symbol_kind kind, uint32_t value)
{
	return visa_define(&a->b, name, kind, value) || visa_fail(a, "'%s' is defined twice", name);
}

static uint32_t next_pc(const struct visa_asm *a)
{
	return a->b.sec[VGPU_SEC_INSNS].count;
}

/* ---- .kernel -------------------------------------------------------------------- */

static bool set_number(struct visa_asm *a, struct vgpu_code_kernel *k, const char *key, int64_t val, bool *known)
{
	*known = true;
	if (val < 0 || val > UINT32_MAX)
		return visa_fail(a, "number does not fit");
	if (!strcmp(key, "vregs"))
		k->vregs = val;
	else if (!strcmp(key, "sregs"))
		k->sregs = val;
	else if (!strcmp(key, "param"))
		k->param_size = val;
	else if (!strcmp(key, "shared"))
		k->shared_size = val;
	else if (!strcmp(key, "local"))
		k->local_size = val;
	else if (!strcmp(key, "threads"))
		k->max_threads = val;
	else if (!strcmp(key, "shape"))
		k->shape = val;
	else if (!strcmp(key, "flags"))
		k->flags = val;
	else
		*known = false;
	return true;
}

/* "x32+full": names of bits */
static bool set_names(struct visa_asm *a, struct vgpu_code_kernel *k)
{
	static const struct {
		const char *name;
		uint32_t shape, flag;
	} names[] = {
		{ "x32", VGPU_SHAPE_X32, 0 },
		{ "full", VGPU_SHAPE_FULL, 0 },
		{ "1d", VGPU_SHAPE_1D, 0 },
		{ "stack", 0, VGPU_KERNEL_STACK },
	};
	char word[LEX_WORD];
	size_t i;

	do {
		if (!lex_word(&a->p, word))
			return visa_fail(a, "expected a name");
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (!strcmp(word, names[i].name))
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return visa_fail(a, "unknown name '%s'", word);
		k->shape |= names[i].shape;
		k->flags |= names[i].flag;
	} while (lex_char(&a->p, '+'));
	return true;
}

static bool set_req(struct visa_asm *a, struct vgpu_code_kernel *k)
{
	int64_t val;
	int i;

	for (i = 0; i < 3; i++) {
		if ((i && !lex_char(&a->p, ',')) || !lex_number(&a->p, &val))
			return visa_fail(a, "expected three numbers");
		k->req[i] = val;
	}
	return true;
}

static bool kernel_attribute(struct visa_asm *a, struct vgpu_code_kernel *k, uint32_t index)
{
	char key[LEX_WORD], word[LEX_WORD];
	bool known = false;
	int64_t val;

	if (!lex_word(&a->p, key) || !lex_char(&a->p, '='))
		return visa_fail(a, "expected NAME=");
	if (!strcmp(key, "req"))
		return set_req(a, k);
	if (strcmp(key, "func") && strcmp(key, "grid") && strcmp(key, "block")) {
		const char *at = a->p;

		/* "1d" begins as a number does */
		if (!strncmp(at, "1d", 2) || !lex_number(&a->p, &val))
			return (!strcmp(key, "shape") || !strcmp(key, "flags")) ? set_names(a, k) :
										  visa_fail(a, "expected a number");
		if (!set_number(a, k, key, val, &known))
			return false;
		return known || visa_fail(a, "unknown attribute '%s'", key);
	}
	if (!lex_word(&a->p, word))
		return visa_fail(a, "expected a name");
	if (!strcmp(key, "func"))
		return visa_wait(a, VISA_FIX_KERNEL_FUNC, VISA_FUNC, index, word);
	return visa_wait(a, key[0] == 'g' ? VISA_FIX_KERNEL_GRID : VISA_FIX_KERNEL_BLOCK, VISA_LABEL, index, word);
}

static bool kernel(struct visa_asm *a)
{
	struct vgpu_code_kernel *k = visa_push(&a->b, VGPU_SEC_KERNELS);
	uint32_t index = a->b.sec[VGPU_SEC_KERNELS].count - 1;
	char name[LEX_WORD];

	if (!k)
		return visa_fail(a, "out of memory");
	if (!lex_string(&a->p, name))
		return visa_fail(a, "expected a \"name\"");
	if (!visa_string(&a->b, name, &k->name))
		return visa_fail(a, "out of memory");
	k->grid_pre = VGPU_NO_PC;
	k->block_pre = VGPU_NO_PC;
	k->vregs = 32;
	k->sregs = 16;
	while (!lex_blank(&a->p))
		if (!kernel_attribute(a, k, index))
			return false;
	return true;
}

/* ---- the other directives ---------------------------------------------------------- */

static bool func(struct visa_asm *a)
{
	struct vgpu_code_func *f = visa_push(&a->b, VGPU_SEC_FUNCS);
	char ident[LEX_WORD], name[LEX_WORD];
	int64_t id;

	if (!f)
		return visa_fail(a, "out of memory");
	if (a->in_func)
		return visa_fail(a, ".func before .end");
	if (!lex_word(&a->p, ident))
		return visa_fail(a, "expected a name");
	if (!define(a, ident, VISA_FUNC, a->b.sec[VGPU_SEC_FUNCS].count - 1))
		return false;
	if (!lex_string(&a->p, name))
		memcpy(name, ident, sizeof(name));
	if (!visa_string(&a->b, name, &f->name))
		return visa_fail(a, "out of memory");
	f->start = next_pc(a);
	f->id = VGPU_NO_PC;
	if (lex_text(&a->p, "id=")) {
		if (!lex_number(&a->p, &id))
			return visa_fail(a, "expected a number");
		f->id = id;
	}
	a->in_func = true;
	return true;
}

static bool end(struct visa_asm *a)
{
	struct vgpu_code_func *f = a->b.sec[VGPU_SEC_FUNCS].data;

	if (!a->in_func)
		return visa_fail(a, ".end without .func");
	f += a->b.sec[VGPU_SEC_FUNCS].count - 1;
	f->count = next_pc(a) - f->start;
	a->in_func = false;
	return true;
}

static bool table(struct visa_asm *a)
{
	struct vgpu_code_table *t = visa_push(&a->b, VGPU_SEC_TABLES);
	char word[LEX_WORD];
	uint32_t *target;
	int64_t val;

	if (!t)
		return visa_fail(a, "out of memory");
	if (!lex_word(&a->p, word))
		return visa_fail(a, "expected a name");
	if (!define(a, word, VISA_TABLE, a->b.sec[VGPU_SEC_TABLES].count - 1))
		return false;
	t->first = a->b.sec[VGPU_SEC_TARGETS].count;
	while (!lex_blank(&a->p)) {
		if (t->count++ && !lex_char(&a->p, ','))
			return visa_fail(a, "expected a comma");
		target = visa_push(&a->b, VGPU_SEC_TARGETS);
		if (!target)
			return visa_fail(a, "out of memory");
		if (lex_number(&a->p, &val))
			*target = val;
		else if (!lex_word(&a->p, word))
			return visa_fail(a, "expected a label");
		else if (!visa_wait(a, VISA_FIX_TARGET, VISA_LABEL, a->b.sec[VGPU_SEC_TARGETS].count - 1, word))
			return false;
	}
	return true;
}

static bool pattern(struct visa_asm *a)
{
	struct vgpu_code_pattern *p = visa_push(&a->b, VGPU_SEC_PATTERNS);
	int64_t val = 0;
	int i;

	if (!p)
		return visa_fail(a, "out of memory");
	for (i = 0; i < VGPU_WARP_LANES; i++) {
		if (!lex_blank(&a->p) && ((i && !lex_char(&a->p, ',')) || !lex_number(&a->p, &val)))
			return visa_fail(a, "expected a number");
		p->offset[i] = val;
	}
	return true;
}

static bool line(struct visa_asm *a)
{
	struct vgpu_code_line *l = visa_push(&a->b, VGPU_SEC_LINES);
	int64_t val;

	if (!l)
		return visa_fail(a, "out of memory");
	if (!lex_number(&a->p, &val))
		return visa_fail(a, "expected a number");
	l->pc = next_pc(a);
	l->line = val;
	return true;
}

static bool raw(struct visa_asm *a)
{
	struct vgpu_insn *in = visa_push(&a->b, VGPU_SEC_INSNS);
	char word[LEX_WORD];
	int64_t val[8];
	int i = 0;

	if (!in)
		return visa_fail(a, "out of memory");
	if (lex_blank(&a->p) || !(*a->p >= '0' && *a->p <= '9')) {
		if (!lex_word(&a->p, word) || (val[i++] = visa_find_op(word)) < 0)
			return visa_fail(a, "expected an opcode");
	}
	for (; i < 8; i++)
		if ((i && !lex_char(&a->p, ',')) || !lex_number(&a->p, &val[i]))
			return visa_fail(a, "expected eight numbers");
	in->op = val[0];
	in->guard = val[1];
	in->mod = val[2];
	in->d = val[3];
	in->a = val[4];
	in->b = val[5];
	in->c = val[6];
	in->imm = val[7];
	return true;
}

/* ---- lines ---------------------------------------------------------------------------- */

static bool directive(struct visa_asm *a)
{
	static const struct {
		const char *name;
		bool (*read)(struct visa_asm *a);
	} table_of[] = {
		{ ".kernel", kernel },   { ".func", func }, { ".end", end }, { ".table", table },
		{ ".pattern", pattern }, { ".line", line }, { ".raw", raw },
	};
	char word[LEX_WORD];
	size_t i;

	if (!lex_word(&a->p, word))
		return visa_fail(a, "expected a directive");
	for (i = 0; i < sizeof(table_of) / sizeof(table_of[0]); i++) {
		if (strcmp(word, table_of[i].name))
			continue;
		if (!table_of[i].read(a))
			return false;
		return lex_blank(&a->p) || visa_fail(a, "text after the directive");
	}
	return visa_fail(a, "unknown directive '%s'", word);
}

/* "name:" alone; a modifier's colon has something after it */
static bool label(struct visa_asm *a, bool *found)
{
	const char *at = a->p;
	char word[LEX_WORD];

	*found = lex_word(&at, word) && lex_char(&at, ':') && lex_blank(&at);
	if (!*found)
		return true;
	a->p = at;
	return define(a, word, VISA_LABEL, next_pc(a));
}

static bool one_line(struct visa_asm *a)
{
	bool found;

	if (lex_blank(&a->p))
		return true;
	if (*a->p == '.')
		return directive(a);
	if (!label(a, &found))
		return false;
	return found || visa_asm_insn(a);
}

static bool all_lines(struct visa_asm *a, const char *text)
{
	while (text) {
		a->p = text;
		a->line++;
		if (!one_line(a))
			return false;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return !a->in_func || visa_fail(a, ".func without .end");
}

int visa_assemble(const char *text, void **image, size_t *size, struct visa_error *err)
{
	struct visa_asm a = { .err = err };
	const struct visa_fixup *lost;
	bool ok = all_lines(&a, text);

	*image = NULL;
	if (ok) {
		lost = visa_resolve(&a.b);
		if (lost) {
			a.line = lost->line;
			ok = visa_fail(&a, "'%s' is not defined", lost->name);
		}
	}
	if (ok) {
		*image = visa_finish(&a.b, size);
		ok = *image || visa_fail(&a, "out of memory");
	}
	visa_build_free(&a.b);
	return ok ? 0 : -1;
}
