// SPDX-License-Identifier: MIT
/*
 * The front half on the PTX files named: index answers, each function to
 * verified SSA; and what is printed, parsed again, prints the same.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "ir.h"
#include "slurp.h"
#include "tap.h"

static const struct vgpucc_target targets[] = {
	{ .cc = 120, .borrow = true },
};

static char log_buf[4096];

/* Comments name labels as they were, which differ. */
static char *strip_comments(char *s)
{
	char *out = s, *in = s;

	while (*in) {
		if (in[0] == '/' && in[1] == '/')
			in += strcspn(in, "\n");
		*out++ = *in;
		if (*in)
			in++;
	}
	*out = 0;
	return s;
}

/* Headers of all functions, variables, and one body. */
static char *print(const struct ir_module *m, const struct ir_body *b)
{
	char *buf = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&buf, &len);

	ir_print_module(m, f, false);
	ir_print_body(b, f);
	fclose(f);
	return strip_comments(buf);
}

/* @text holds one body, of @name; its print again. */
static char *reprint(const char *text, const char *name, struct diag *d)
{
	struct vgpucc_module *m;
	struct ir_body *b;
	char *again = NULL;

	if (vgpucc_module_open(text, 0, &targets[0], d, &m))
		return NULL;
	b = ir_body_parse(vgpucc_module_ir(m), ir_module_func(vgpucc_module_ir(m), name),
			  1 << 28, d);
	if (b)
		again = print(vgpucc_module_ir(m), b);
	ir_body_free(b);
	vgpucc_module_close(m);
	return again;
}

static void check_func(const char *file, const struct ir_module *m, struct ir_func *f)
{
	char *first, *second;
	struct ir_body *b;
	struct diag d;

	diag_init(&d, log_buf, sizeof(log_buf));
	b = ir_body_parse(m, f, 1 << 28, &d);
	if (!ok(b != NULL, "%s: %s parses", file, f->name)) {
		note("%s", log_buf);
		return;
	}
	first = print(m, b);
	second = reprint(first, f->name, &d);
	if (!ok(second && !strcmp(first, second), "%s: %s prints as what it parses to", file,
		f->name))
		note("%s", second ? second : log_buf);
	free(first);
	free(second);
	if (!ok(ir_body_ssa(b, &d), "%s: %s becomes SSA that verifies", file, f->name))
		note("%s", log_buf);
	ir_body_free(b);
}

static void check_file(const char *path)
{
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct vgpucc_module *m;
	const struct ir_module *ir;
	struct diag d;
	size_t len;
	char *text = slurp(path, &len);

	diag_init(&d, log_buf, sizeof(log_buf));
	if (!ok(text && !vgpucc_module_open(text, len, &targets[0], &d, &m), "%s opens", file)) {
		note("%s", log_buf);
		free(text);
		return;
	}
	ir = vgpucc_module_ir(m);
	for (u32 k = 0; k < ir->nfuncs; k++)
		if (ir->funcs[k]->text)
			check_func(file, ir, ir->funcs[k]);
	vgpucc_module_close(m);
	free(text);
}

int main(int argc, char **argv)
{
	for (int k = 1; k < argc; k++)
		check_file(argv[k]);
	return tap_done();
}
