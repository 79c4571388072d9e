// SPDX-License-Identifier: MIT
/*
 * Text to instruction, driven by the engine's table: guard, mnemonic, operands.
 */
#include <string.h>
#include "../../driver/engine/print.h"
#include "asm_insn.h"
#include "lex.h"

static bool comma(struct insn_text *t)
{
	if (!t->operands++)
		return true;
	return lex_char(&t->a->p, ',') || visa_fail(t->a, "expected a comma");
}

static void set_operand(struct vgpu_insn *in, enum op_field f, uint16_t val)
{
	switch (f) {
	case OPF_D:
		in->d = val;
		break;
	case OPF_A:
		in->a = val;
		break;
	case OPF_B:
		in->b = val;
		break;
	default:
		in->c = val;
		break;
	}
}

bool visa_number(struct insn_text *t, int64_t lo, int64_t hi, int64_t *out)
{
	if (!lex_number(&t->a->p, out))
		return visa_fail(t->a, "expected a number");
	return (*out >= lo && *out <= hi) || visa_fail(t->a, "number does not fit");
}

/* ---- operands ------------------------------------------------------------------------ */

static bool immediate(struct insn_text *t)
{
	int64_t val;
	uint32_t bits;

	if (!visa_number(t, -(1LL << 31), (1LL << 32) - 1, &val))
		return false;
	bits = val;
	if (t->op->imm == OPI_SHFL) {
		if (bits > 31)
			return visa_fail(t->a, "lane does not fit");
	} else if (t->imm_set && t->in.imm != bits) {
		return visa_fail(t->a, "two different immediates");
	}
	t->in.imm |= bits;
	t->imm_set = true;
	return true;
}

static bool source(struct insn_text *t, enum op_field f, uint8_t kind)
{
	char file = kind == OPK_X ? 'v' : kind == OPK_Y ? 'w' : 's';
	uint16_t bits = VGPU_SRC_REG;
	uint32_t reg = 0;

	if (!lex_register(&t->a->p, file, &reg)) {
		bits = VGPU_SRC_SCALAR;
		if (!lex_register(&t->a->p, 's', &reg)) {
			bits = VGPU_SRC_IMM;
			if (!immediate(t))
				return false;
		}
	}
	if (reg > VGPU_SRC_INDEX)
		return visa_fail(t->a, "register does not fit");
	set_operand(&t->in, f, bits | reg);
	return true;
}

static bool plain_register(struct insn_text *t, enum op_field f, char file)
{
	uint32_t reg;

	if (!lex_register(&t->a->p, file, &reg))
		return visa_fail(t->a, "expected a %c register", file);
	if (reg >= VGPU_NONE)
		return visa_fail(t->a, "register does not fit");
	set_operand(&t->in, f, reg);
	return true;
}

/* A register of whichever file the instruction wants, or none. */
static bool any_register(struct insn_text *t, enum op_field f)
{
	static const char files[] = "vwp";
	uint32_t reg;
	int i;

	if (lex_text(&t->a->p, "none")) {
		set_operand(&t->in, f, VGPU_NONE);
		return true;
	}
	for (i = 0; files[i]; i++)
		if (lex_register(&t->a->p, files[i], &reg) && reg < VGPU_NONE) {
			set_operand(&t->in, f, reg);
			return true;
		}
	return visa_fail(t->a, "expected a register or none");
}

static bool number_operand(struct insn_text *t, enum op_field f)
{
	char word[LEX_WORD];
	int64_t val;
	uint32_t i;

	if (t->in.op == VGPU_OP_SBASE || t->in.op == VGPU_OP_SBASEW)
		lex_text(&t->a->p, "pat");
	if (lex_number(&t->a->p, &val)) {
		set_operand(&t->in, f, val);
		return (val >= 0 && val <= 0xffff) || visa_fail(t->a, "number does not fit");
	}
	if (!lex_word(&t->a->p, word))
		return visa_fail(t->a, "expected a number or a name");
	if (t->in.op == VGPU_OP_BRX)
		return visa_wait(t->a, VISA_FIX_B, VISA_TABLE, t->a->b.sec[VGPU_SEC_INSNS].count, word);
	for (i = 0; i < VGPU_INT_COUNT; i++) {
		if (strcmp(word, int_kind_names[i]))
			continue;
		set_operand(&t->in, f, i);
		return true;
	}
	return visa_fail(t->a, "unknown name '%s'", word);
}

static bool operand(struct insn_text *t, enum op_field f)
{
	uint8_t kind = t->op->kind[f];

	if (kind == OPK__ || kind == OPK_M)
		return true;
	if (!comma(t))
		return false;
	switch (kind) {
	case OPK_V:
		return plain_register(t, f, 'v');
	case OPK_W:
		return plain_register(t, f, 'w');
	case OPK_S:
		return plain_register(t, f, 's');
	case OPK_P:
		return plain_register(t, f, 'p');
	case OPK_X:
	case OPK_Y:
	case OPK_T:
		return source(t, f, kind);
	case OPK_N:
		return number_operand(t, f);
	default:
		return any_register(t, f);
	}
}

/* ---- addresses -------------------------------------------------------------------------- */

/* "+v2.s<<3" or "+pat5" after a scalar base */
static bool address_index(struct insn_text *t)
{
	const char *at = t->a->p;
	uint32_t reg;
	int64_t val;

	if (lex_char(&at, '+') && lex_register(&at, 'v', &reg)) {
		t->a->p = at;
		t->in.b = reg;
		t->in.c |= VGPU_MD_FORM_SV;
		if (lex_text(&t->a->p, ".s"))
			t->in.c |= VGPU_MD_SEXT;
		if (!lex_text(&t->a->p, "<<"))
			return visa_fail(t->a, "expected a shift");
		if (!visa_number(t, 0, 7, &val))
			return false;
		t->in.c |= VGPU_MD_SHIFT(val);
		return true;
	}
	at = t->a->p;
	if (lex_char(&at, '+') && lex_text(&at, "pat")) {
		t->a->p = at;
		if (!visa_number(t, 0, 0xffff, &val))
			return false;
		t->in.b = val;
		t->in.c |= VGPU_MD_FORM_SP;
		return true;
	}
	t->in.c |= VGPU_MD_FORM_S;
	return true;
}

static bool address_base(struct insn_text *t)
{
	uint32_t reg;
	int64_t val;

	if (lex_register(&t->a->p, 'w', &reg) || lex_register(&t->a->p, 'v', &reg)) {
		t->in.a = reg;
		return true;
	}
	if (lex_register(&t->a->p, 's', &reg))
		t->in.a = reg;
	else if (visa_number(t, 0, 0, &val))
		t->in.a = VGPU_NONE;
	else
		return false;
	return !op_has_form(t->op) || address_index(t);
}

static bool address(struct insn_text *t, int64_t lo, int64_t hi, int64_t *offset)
{
	*offset = 0;
	if (!comma(t))
		return false;
	if (!lex_char(&t->a->p, '['))
		return visa_fail(t->a, "expected an address");
	if (!address_base(t))
		return false;
	if (!lex_char(&t->a->p, ']')) {
		if (!visa_number(t, lo, hi, offset))
			return false;
		if (!lex_char(&t->a->p, ']'))
			return visa_fail(t->a, "expected ]");
	}
	return true;
}

/* ---- instructions whose operands are not simply D, A, B, C -------------------------------- */

static bool memory(struct insn_text *t)
{
	int64_t offset;

	if (!operand(t, OPF_D) || !address(t, -(1LL << 31), (1LL << 31) - 1, &offset))
		return false;
	t->in.imm = offset;
	if (t->op->mod != OPM_ATOM && t->op->mod != OPM_MBAR)
		return true;
	if (!operand(t, OPF_B))
		return false;
	if (t->op->mod == OPM_MBAR)
		return true;
	t->in.c = VGPU_NONE;
	return lex_blank(&t->a->p) || operand(t, OPF_C);
}

static bool cpasync(struct insn_text *t)
{
	int64_t low = 0, high;

	if (!comma(t) || !lex_char(&t->a->p, '[') || !plain_register(t, OPF_D, 'v'))
		return visa_fail(t->a, "expected a shared address");
	if (!lex_char(&t->a->p, ']') && (!visa_number(t, -0x8000, 0x7fff, &low) || !lex_char(&t->a->p, ']')))
		return visa_fail(t->a, "expected ]");
	if (!address(t, -0x8000, 0x7fff, &high))
		return false;
	t->in.imm = (uint32_t)high << 16 | (uint16_t)low;
	if (!(t->in.mod & VGPU_CPASYNC_SRCSIZE))
		return true;
	return comma(t) && plain_register(t, OPF_B, 'v');
}

static bool shuffle(struct insn_text *t)
{
	int64_t clamp, segment;

	if (!operand(t, OPF_D) || !operand(t, OPF_A) || !operand(t, OPF_B) || !comma(t))
		return false;
	if (lex_text(&t->a->p, "full"))
		t->in.imm |= VGPU_SHFL_FULL;
	else if (!source(t, OPF_C, OPK_X))
		return false;
	if (!comma(t) || !visa_number(t, 0, 31, &clamp) || !comma(t) || !visa_number(t, 0, 31, &segment))
		return false;
	t->in.imm |= VGPU_SHFL_CLAMP((uint32_t)clamp) | VGPU_SHFL_SEGMASK((uint32_t)segment);
	return true;
}

static bool constant(struct insn_text *t)
{
	int64_t val;

	if (!operand(t, OPF_D) || !comma(t))
		return false;
	if (!lex_number(&t->a->p, &val))
		return visa_fail(t->a, "expected a number");
	t->in.imm = val;
	t->in.b = (uint64_t)val >> 32;
	t->in.c = (uint64_t)val >> 48;
	return true;
}

static bool float_mode(struct insn_text *t)
{
	uint32_t i;
	int64_t val;

	if (lex_number(&t->a->p, &val)) {
		t->in.imm = val;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(fmode_round_names); i++)
		if (lex_text(&t->a->p, fmode_round_names[i])) {
			t->in.imm = i | (lex_text(&t->a->p, "+ftz") ? VGPU_FMODE_FTZ : 0);
			return true;
		}
	return visa_fail(t->a, "expected a rounding");
}

static bool special_register(struct insn_text *t)
{
	char word[LEX_WORD];
	int64_t val;
	uint32_t i;

	if (lex_number(&t->a->p, &val)) {
		t->in.imm = val;
		return true;
	}
	if (!lex_word(&t->a->p, word))
		return visa_fail(t->a, "expected a special register");
	for (i = 0; i < VGPU_SREG_COUNT; i++) {
		if (strcmp(word, sreg_table[i].name))
			continue;
		t->in.imm = i;
		return true;
	}
	return visa_fail(t->a, "unknown special register '%s'", word);
}

/* A name that stands for an instruction or a function, or a plain number. */
static bool place(struct insn_text *t, enum visa_symbol_kind wants)
{
	char word[LEX_WORD];
	int64_t val;

	if (lex_number(&t->a->p, &val)) {
		t->in.imm = val;
		return true;
	}
	if (!lex_word(&t->a->p, word))
		return visa_fail(t->a, "expected a name");
	return visa_wait(t->a, VISA_FIX_IMM, wants, t->a->b.sec[VGPU_SEC_INSNS].count, word);
}

static bool number_imm(struct insn_text *t)
{
	int64_t val;

	if (!visa_number(t, -(1LL << 31), (1LL << 32) - 1, &val))
		return false;
	t->in.imm = val;
	return true;
}

static bool plain(struct insn_text *t)
{
	enum op_field f;

	for (f = OPF_D; f < OPF_COUNT; f++)
		if (!operand(t, f))
			return false;
	if (t->op->imm == OPI_ZERO || t->op->imm == OPI_SRC || t->op->imm == OPI_MMA)
		return true;
	if (!comma(t))
		return false;
	switch (t->op->imm) {
	case OPI_TARGET:
		return place(t, VISA_LABEL);
	case OPI_FUNC:
		return place(t, VISA_FUNC);
	case OPI_SREG:
		return special_register(t);
	case OPI_FMODE:
		return float_mode(t);
	default:
		return number_imm(t);
	}
}

static bool operands(struct insn_text *t)
{
	if (t->in.op == VGPU_OP_SMOVI)
		return constant(t);
	if (t->op->imm == OPI_SHFL)
		return shuffle(t);
	if (t->op->imm == OPI_CPOFF)
		return cpasync(t);
	if (t->op->imm == OPI_OFFSET || t->op->imm == OPI_ATOMIC)
		return memory(t);
	return plain(t);
}

static bool guard(struct insn_text *t)
{
	uint32_t reg;

	if (!lex_char(&t->a->p, '@'))
		return true;
	t->in.guard = VGPU_GUARD;
	if (lex_char(&t->a->p, '!'))
		t->in.guard |= VGPU_GUARD_NOT;
	if (!lex_register(&t->a->p, 'p', &reg) || reg > VGPU_GUARD_PRED)
		return visa_fail(t->a, "expected a predicate");
	t->in.guard |= reg;
	return true;
}

int visa_find_op(const char *name)
{
	int i;

	for (i = 0; i < VGPU_OP_COUNT; i++)
		if (name[0] == op_table[i].name[0] && !strcmp(name, op_table[i].name))
			return i;
	return -1;
}

static bool mnemonic(struct insn_text *t)
{
	char word[LEX_WORD];
	int op;

	if (!lex_word(&t->a->p, word))
		return visa_fail(t->a, "expected an instruction");
	op = visa_find_op(word);
	if (op < 0)
		return visa_fail(t->a, "unknown instruction '%s'", word);
	t->in.op = op;
	t->op = &op_table[op];
	return true;
}

bool visa_asm_insn(struct visa_asm *a)
{
	struct insn_text t = { .a = a };
	struct vgpu_insn *in;

	if (!guard(&t) || !mnemonic(&t) || !visa_modifiers(&t) || !operands(&t))
		return false;
	if (!lex_blank(&a->p))
		return visa_fail(a, "text after the instruction");
	in = visa_push(&a->b, VGPU_SEC_INSNS);
	if (!in)
		return visa_fail(a, "out of memory");
	*in = t.in;
	return true;
}
