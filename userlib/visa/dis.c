// SPDX-License-Identifier: MIT
/*
 * Code object to text.
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/print.h"
#include "asm.h"

/**
 * struct dis - an object being printed
 * @sec: its sections
 * @count: how many elements each has
 * @labels: per instruction (and one past): something names it
 * @out: where the text goes
 */
struct dis {
	const void *sec[VGPU_SEC_COUNT];
	uint32_t count[VGPU_SEC_COUNT];
	unsigned char *labels;
	FILE *out;
};

static bool find_sections(struct dis *d, const char *image, size_t size)
{
	struct vgpu_code_header h;
	int i;

	if (size < sizeof(h))
		return false;
	memcpy(&h, image, sizeof(h));
	if (h.magic != VGPU_CODE_MAGIC)
		return false;
	for (i = 0; i < VGPU_SEC_COUNT; i++) {
		uint64_t bytes = (uint64_t)h.sec[i].count * visa_element_size[i];

		if (h.sec[i].offset & 7 || h.sec[i].offset > size || bytes > size - h.sec[i].offset)
			return false;
		d->sec[i] = image + h.sec[i].offset;
		d->count[i] = h.sec[i].count;
	}
	return true;
}

/* A name, or "" where the offset leads nowhere. */
static const char *string_at(const struct dis *d, uint32_t offset)
{
	const char *s = d->sec[VGPU_SEC_STRINGS];
	uint32_t n = d->count[VGPU_SEC_STRINGS];

	if (offset >= n || !memchr(s + offset, 0, n - offset))
		return "";
	return s + offset;
}

static void mark(struct dis *d, uint32_t pc)
{
	if (pc < d->count[VGPU_SEC_INSNS])
		d->labels[pc] = 1;
}

static void find_labels(struct dis *d)
{
	const struct vgpu_insn *in = d->sec[VGPU_SEC_INSNS];
	const struct vgpu_code_kernel *k = d->sec[VGPU_SEC_KERNELS];
	const uint32_t *target = d->sec[VGPU_SEC_TARGETS];
	uint32_t i;

	for (i = 0; i < d->count[VGPU_SEC_INSNS]; i++)
		if (in[i].op < VGPU_OP_COUNT && op_table[in[i].op].imm == OPI_TARGET)
			mark(d, in[i].imm);
	for (i = 0; i < d->count[VGPU_SEC_TARGETS]; i++)
		mark(d, target[i]);
	for (i = 0; i < d->count[VGPU_SEC_KERNELS]; i++) {
		mark(d, k[i].grid_pre);
		mark(d, k[i].block_pre);
	}
}

static void print_bits(FILE *out, const char *key, uint32_t val, uint32_t known, const char *const *names)
{
	const char *sep = "";
	int i;

	if (!val)
		return;
	fprintf(out, " %s=", key);
	if (val & ~known) {
		fprintf(out, "0x%x", val);
		return;
	}
	for (i = 0; names[i]; i++)
		if (val >> i & 1) {
			fprintf(out, "%s%s", sep, names[i]);
			sep = "+";
		}
}

static void print_kernel(const struct dis *d, const struct vgpu_code_kernel *k)
{
	static const char *const shapes[] = { "x32", "full", "1d", NULL };
	static const char *const flags[] = { "stack", NULL };

	fprintf(d->out, ".kernel \"%s\" func=F%u vregs=%u sregs=%u", string_at(d, k->name), k->func, k->vregs,
		k->sregs);
	fprintf(d->out, " param=%u shared=%u local=%u threads=%u", k->param_size, k->shared_size, k->local_size,
		k->max_threads);
	print_bits(d->out, "shape", k->shape, VGPU_SHAPE_ALL, shapes);
	print_bits(d->out, "flags", k->flags, VGPU_KERNEL_ALL, flags);
	if (k->req[0] || k->req[1] || k->req[2])
		fprintf(d->out, " req=%u,%u,%u", k->req[0], k->req[1], k->req[2]);
	if (k->grid_pre != VGPU_NO_PC)
		fprintf(d->out, " grid=L%u", k->grid_pre);
	if (k->block_pre != VGPU_NO_PC)
		fprintf(d->out, " block=L%u", k->block_pre);
	fprintf(d->out, "\n");
}

static void print_pattern(const struct dis *d, const struct vgpu_code_pattern *p)
{
	int i, last = VGPU_WARP_LANES - 1;

	while (last && p->offset[last] == p->offset[last - 1])
		last--;
	for (i = 0; i <= last; i++)
		fprintf(d->out, "%s%u", i ? ", " : ".pattern ", p->offset[i]);
	fprintf(d->out, "\n");
}

static void print_table(const struct dis *d, uint32_t index)
{
	const struct vgpu_code_table *t = d->sec[VGPU_SEC_TABLES];
	const uint32_t *target = d->sec[VGPU_SEC_TARGETS];
	uint32_t i;

	fprintf(d->out, ".table T%u ", index);
	t += index;
	for (i = 0; i < t->count && t->first + (uint64_t)i < d->count[VGPU_SEC_TARGETS]; i++)
		fprintf(d->out, "%s%s%u", i ? ", " : "", target[t->first + i] < d->count[VGPU_SEC_INSNS] ? "L" : "",
			target[t->first + i]);
	fprintf(d->out, "\n");
}

/* The text names things by index, so that an index is what the name comes to. */
static bool read_index(const struct dis *d, const struct visa_fixup *f, struct vgpu_insn *in)
{
	uint32_t index = strtoul(f->name + 1, NULL, 10);

	switch (f->wants) {
	case VISA_LABEL:
		in->imm = index;
		return index < d->count[VGPU_SEC_INSNS];
	case VISA_FUNC:
		in->imm = index;
		return index < d->count[VGPU_SEC_FUNCS];
	default:
		in->b = index;
		return index < d->count[VGPU_SEC_TABLES];
	}
}

static bool reads_back(const struct dis *d, const struct vgpu_insn *in, const char *text)
{
	struct visa_error err;
	struct visa_asm a = { .p = text, .err = &err };
	struct vgpu_insn back;
	bool same = visa_asm_insn(&a);

	if (same) {
		memcpy(&back, a.b.sec[VGPU_SEC_INSNS].data, sizeof(back));
		same = !a.b.fixups.count || read_index(d, a.b.fixups.data, &back);
		same = same && !memcmp(&back, in, sizeof(back));
	}
	visa_build_free(&a.b);
	return same;
}

static void print_insn(const struct dis *d, const struct vgpu_insn *in)
{
	char text[ENGINE_PRINT_SIZE];

	engine_print_insn(in, text, sizeof(text));
	if (reads_back(d, in, text)) {
		fprintf(d->out, "\t%s\n", text);
		return;
	}
	if (in->op < VGPU_OP_COUNT)
		fprintf(d->out, "\t.raw %s", op_table[in->op].name);
	else
		fprintf(d->out, "\t.raw 0x%x", in->op);
	fprintf(d->out, ", 0x%x, 0x%x, 0x%x, 0x%x, 0x%x, 0x%x, 0x%x\n", in->guard, in->mod, in->d, in->a, in->b, in->c,
		in->imm);
}

static void print_code(const struct dis *d)
{
	const struct vgpu_insn *in = d->sec[VGPU_SEC_INSNS];
	const struct vgpu_code_func *f = d->sec[VGPU_SEC_FUNCS];
	const struct vgpu_code_line *l = d->sec[VGPU_SEC_LINES];
	uint32_t pc, func = 0, line = 0;
	bool open = false;

	for (pc = 0; pc < d->count[VGPU_SEC_INSNS]; pc++) {
		if (!open && func < d->count[VGPU_SEC_FUNCS] && f[func].start == pc) {
			fprintf(d->out, "\n.func F%u \"%s\"", func, string_at(d, f[func].name));
			if (f[func].id != VGPU_NO_PC)
				fprintf(d->out, " id=%u", f[func].id);
			fprintf(d->out, "\n");
			open = true;
		}
		for (; line < d->count[VGPU_SEC_LINES] && l[line].pc <= pc; line++)
			fprintf(d->out, "\t.line %u\n", l[line].line);
		if (d->labels[pc])
			fprintf(d->out, "L%u:\n", pc);
		print_insn(d, &in[pc]);
		if (open && pc + 1 - f[func].start == f[func].count) {
			fprintf(d->out, ".end\n");
			open = false;
			func++;
		}
	}
	if (open)
		fprintf(d->out, ".end\n");
}

int visa_disassemble(const void *image, size_t size, FILE *out)
{
	struct dis d = { .out = out };
	const struct vgpu_code_kernel *k;
	const struct vgpu_code_pattern *p;
	uint32_t i;

	if (!find_sections(&d, image, size))
		return -1;
	d.labels = calloc(d.count[VGPU_SEC_INSNS] + 1, 1);
	if (!d.labels)
		return -1;
	find_labels(&d);
	k = d.sec[VGPU_SEC_KERNELS];
	p = d.sec[VGPU_SEC_PATTERNS];
	for (i = 0; i < d.count[VGPU_SEC_KERNELS]; i++)
		print_kernel(&d, &k[i]);
	for (i = 0; i < d.count[VGPU_SEC_PATTERNS]; i++)
		print_pattern(&d, &p[i]);
	for (i = 0; i < d.count[VGPU_SEC_TABLES]; i++)
		print_table(&d, i);
	print_code(&d);
	free(d.labels);
	return 0;
}
