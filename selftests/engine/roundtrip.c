// SPDX-License-Identifier: MIT
/*
 * Whatever an instruction's bytes are, its text assembles to them again.
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/optable.h"
#include "../../userlib/visa/build.h"
#include "../../userlib/visa/visa.h"
#include "tap.h"

#define PER_OP	40

static uint32_t state = 1;

static uint32_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* Mostly what a compiler could mean, sometimes anything. */
static uint16_t random_operand(uint8_t kind)
{
	static const uint16_t sources[] = { 0, VGPU_SRC_SCALAR, VGPU_SRC_IMM, VGPU_SRC_REG };

	if (rnd() % 8 == 0)
		return rnd();
	switch (kind) {
	case OPK__:
		return 0;
	case OPK_X:
	case OPK_Y:
	case OPK_T: {
		uint16_t src = sources[rnd() % 4];

		return src == VGPU_SRC_IMM ? src : src | rnd() % 64;
	}
	case OPK_R:
		return rnd() % 4 ? rnd() % 64 : VGPU_NONE;
	case OPK_M:
		return rnd() & ~VGPU_MD_RESERVED;
	default:
		return rnd() % 16;
	}
}

/* A value that the table gives no meaning is rarely set. */
static bool meaningful(const struct vgpu_insn *in, const struct op_info *op)
{
	if (rnd() % 16 == 0)
		return true;
	if (op->imm == OPI_SRC)
		return in->a == VGPU_SRC_IMM || in->b == VGPU_SRC_IMM || in->c == VGPU_SRC_IMM;
	return op->imm != OPI_ZERO;
}

static void random_insn(struct vgpu_insn *in, unsigned int op)
{
	in->op = op;
	in->guard = rnd() % 3 ? 0 : VGPU_GUARD | rnd() % 32;
	if (op_table[op].mod != OPM_NONE)
		in->mod = rnd() % 4 ? rnd() % 8 : rnd();
	in->d = random_operand(op_table[op].kind[OPF_D]);
	in->a = random_operand(op_table[op].kind[OPF_A]);
	in->b = random_operand(op_table[op].kind[OPF_B]);
	in->c = random_operand(op_table[op].kind[OPF_C]);
	if (meaningful(in, &op_table[op]))
		in->imm = rnd() % 2 ? rnd() % 64 : rnd();
}

/* One function of every opcode, a table and a callee. */
static void *random_object(size_t *size)
{
	struct visa_build b = { 0 };
	struct vgpu_code_kernel *k = visa_push(&b, VGPU_SEC_KERNELS);
	struct vgpu_code_func *f;
	unsigned int op, i;
	void *image;

	visa_string(&b, "k", &k->name);
	k->grid_pre = VGPU_NO_PC;
	k->block_pre = VGPU_NO_PC;
	f = visa_push(&b, VGPU_SEC_FUNCS);
	f->id = 3;
	f->count = VGPU_OP_COUNT * PER_OP;
	visa_string(&b, "f", &f->name);
	((struct vgpu_code_table *)visa_push(&b, VGPU_SEC_TABLES))->count = 1;
	*(uint32_t *)visa_push(&b, VGPU_SEC_TARGETS) = 7;
	for (op = 0; op < VGPU_OP_COUNT; op++)
		for (i = 0; i < PER_OP; i++)
			random_insn(visa_push(&b, VGPU_SEC_INSNS), op);
	image = visa_finish(&b, size);
	visa_build_free(&b);
	return image;
}

int main(void)
{
	size_t size, back_size = 0, text_size;
	struct visa_error err = { 0 };
	void *image = random_object(&size), *back = NULL;
	char *text = NULL, *at;
	FILE *out = open_memstream(&text, &text_size);
	unsigned int raw = 0;
	int ret;

	tap_result(!visa_disassemble(image, size, out), "an object of random instructions prints");
	fclose(out);
	ret = visa_assemble(text, &back, &back_size, &err);
	if (!tap_result(!ret, "its text assembles"))
		printf("# line %u: %s\n", err.line, err.text);
	tap_result(!ret && size == back_size && !memcmp(image, back, size),
		   "to the same bytes");
	for (at = text; (at = strstr(at, "\t.raw")); at++)
		raw++;
	if (!tap_result(raw < VGPU_OP_COUNT * PER_OP * 3 / 4, "most of it not as raw words"))
		printf("# %u of %u\n", raw, VGPU_OP_COUNT * PER_OP);
	free(text);
	free(back);
	free(image);
	return tap_end();
}
