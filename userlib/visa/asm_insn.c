// SPDX-License-Identifier: MIT
/*
 * Text to instruction, driven by the engine's table.
 */
#include <string.h>
#include "../../driver/engine/print.h"
#include "asm.h"
#include "lex.h"

/**
 * struct insn_text - an instruction being read
 * @a: the assembly
 * @in: the instruction
 * @op: its row
 * @imm_set: an operand has given the immediate
 * @operands: how many operands were read
 */
struct insn_text {
	struct visa_asm *a;
	struct vgpu_insn in;
	const struct op_info *op;
	bool imm_set;
	unsigned int operands;
};

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

/* ---- modifiers -------------------------------------------------------------------- */

static bool number_in(struct insn_text *t, int64_t lo, int64_t hi, int64_t *out)
{
	if (!lex_number(&t->a->p, out))
		return visa_fail(t->a, "expected a number");
	return (*out >= lo && *out <= hi) || visa_fail(t->a, "number does not fit");
}

/* What follows "name=" of a modifier: a predicate. */
static bool mod_predicate(struct insn_text *t, int shift, uint8_t clear)
{
	uint32_t reg;

	if (!lex_char(&t->a->p, '=') || !lex_register(&t->a->p, 'p', &reg) || reg > 15)
		return visa_fail(t->a, "expected a predicate");
	t->in.mod = (t->in.mod & ~clear) | reg << shift;
	return true;
}

static bool mod_table(struct insn_text *t, const char *word)
{
	uint32_t i;

	for (i = 0; i < mod_name_count; i++) {
		const struct mod_name *n = &mod_names[i];

		if (n->kind != t->op->mod || strcmp(n->name, word))
			continue;
		t->in.mod = (t->in.mod & ~n->mask) | n->value;
		return true;
	}
	return false;
}

/* "x4", "a16": a power of two after a letter. */
static bool power(const char *word, char letter, unsigned int *log2)
{
	static const char * const names[] = { "1", "2", "4", "8", "16", "32", "64", "128" };

	if (word[0] != letter)
		return false;
	for (*log2 = 0; *log2 < 8; (*log2)++)
		if (!strcmp(word + 1, names[*log2]))
			return true;
	return false;
}

static bool mod_descriptor(struct insn_text *t, const char *word)
{
	static const struct { const char *name; uint16_t bits; } widths[] = {
		{ "u8", VGPU_MD_WIDTH(0) }, { "s8", VGPU_MD_WIDTH(0) | VGPU_MD_SIGNED },
		{ "u16", VGPU_MD_WIDTH(1) }, { "s16", VGPU_MD_WIDTH(1) | VGPU_MD_SIGNED },
		{ "b32", VGPU_MD_WIDTH(2) }, { "b64", VGPU_MD_WIDTH(3) },
	};
	unsigned int i, log2;

	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		if (strcmp(word, widths[i].name))
			continue;
		t->in.c |= widths[i].bits;
		return true;
	}
	if (power(word, 'x', &log2) && log2 < 4)
		t->in.c |= VGPU_MD_COUNT(log2);
	else if (power(word, 'a', &log2))
		t->in.c |= VGPU_MD_ALIGN(log2);
	else
		return false;
	return true;
}

static bool q8_type(struct insn_text *t, int shift)
{
	char word[LEX_WORD];
	uint32_t i;

	if (!lex_char(&t->a->p, '=') || !lex_word(&t->a->p, word))
		return visa_fail(t->a, "expected a type");
	for (i = 0; i < VGPU_Q8_COUNT; i++) {
		if (strcmp(word, q8_names[i]))
			continue;
		t->in.imm |= i << shift;
		return true;
	}
	return visa_fail(t->a, "unknown type '%s'", word);
}

/* "ta=1", "tb=3", "sel=2": threads that hold the scales, the metadata */
static bool thread_id(struct insn_text *t, int shift)
{
	int64_t val;

	if (!lex_char(&t->a->p, '=') || !number_in(t, 0, 3, &val))
		return visa_fail(t->a, "expected a thread");
	t->in.imm |= (uint32_t)val << shift;
	return true;
}

static bool mod_mma(struct insn_text *t, const char *word)
{
	static const struct { const char *name; uint32_t bits; } flags[] = {
		{ "as", VGPU_MMA_A_SIGNED }, { "bs", VGPU_MMA_B_SIGNED },
		{ "satfinite", VGPU_MMA_SATFINITE }, { "xor", VGPU_MMA_XOR },
		{ "acol", VGPU_MMA_A_COL }, { "brow", VGPU_MMA_B_ROW },
		{ "scaled", VGPU_MMA_SCALED },
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(word, flags[i].name)) {
			t->in.imm |= flags[i].bits;
			return true;
		}
	for (i = 0; i < VGPU_MMA_COUNT; i++)
		if (!strcmp(word, mma_table[i].name)) {
			t->in.imm |= i;
			return true;
		}
	if (word[0] == 'x' && word[1] >= '1' && word[1] <= '8' && !word[2]) {
		t->in.imm |= VGPU_MMA_GROUP((uint32_t)(word[1] - '0'));
		return true;
	}
	if (!strcmp(word, "at"))
		return q8_type(t, 16);
	if (!strcmp(word, "sel"))
		return thread_id(t, 12);
	if (!strcmp(word, "ta"))
		return thread_id(t, 27);
	if (!strcmp(word, "tb"))
		return thread_id(t, 29);
	return !strcmp(word, "bt") && q8_type(t, 20);
}

static bool mod_special(struct insn_text *t, const char *word)
{
	if (t->op->mod == OPM_CARRY && !strcmp(word, "ci"))
		return mod_predicate(t, 4, 0xf0);
	if (t->op->mod == OPM_CARRY && !strcmp(word, "co"))
		return mod_predicate(t, 0, 0x0f);
	if (t->op->mod == OPM_SHFL && !strcmp(word, "p")) {
		t->in.mod |= VGPU_SHFL_PRED;
		return mod_predicate(t, 4, 0xf0);
	}
	if (t->op->kind[OPF_C] == OPK_M && mod_descriptor(t, word))
		return true;
	return t->op->imm == OPI_MMA && mod_mma(t, word);
}

/* A modifier that is a plain byte. */
static bool mod_number(struct insn_text *t, const char *word)
{
	const char *at = word;
	int64_t val;

	if (!lex_number(&at, &val) || *at || val < 0 || val > 255)
		return false;
	t->in.mod = val;
	return true;
}

static bool modifiers(struct insn_text *t)
{
	char word[LEX_WORD];

	if (t->op->mod == OPM_CARRY)
		t->in.mod = VGPU_CARRY_NOP << 4 | VGPU_CARRY_NOP;
	t->a->err->text[0] = '\0';
	while (lex_char(&t->a->p, ':')) {
		if (!lex_word(&t->a->p, word))
			return visa_fail(t->a, "expected a modifier");
		if (mod_table(t, word) || mod_special(t, word) || mod_number(t, word))
			continue;
		/* what knew the word has said what is wrong after it */
		return t->a->err->text[0] ? false :
			visa_fail(t->a, "unknown modifier '%s'", word);
	}
	return true;
}

/* ---- operands ------------------------------------------------------------------------ */

static bool immediate(struct insn_text *t)
{
	int64_t val;
	uint32_t bits;

	if (!number_in(t, -(1LL << 31), (1LL << 32) - 1, &val))
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

	if (lex_number(&t->a->p, &val)) {
		set_operand(&t->in, f, val);
		return (val >= 0 && val <= 0xffff) || visa_fail(t->a, "number does not fit");
	}
	if (!lex_word(&t->a->p, word))
		return visa_fail(t->a, "expected a number or a name");
	if (t->in.op == VGPU_OP_BRX)
		return visa_wait(t->a, VISA_FIX_B, VISA_TABLE,
				 t->a->b.sec[VGPU_SEC_INSNS].count, word);
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
		if (!number_in(t, 0, 7, &val))
			return false;
		t->in.c |= VGPU_MD_SHIFT(val);
		return true;
	}
	at = t->a->p;
	if (lex_char(&at, '+') && lex_text(&at, "pat")) {
		t->a->p = at;
		if (!number_in(t, 0, 0xffff, &val))
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
	else if (number_in(t, 0, 0, &val))
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
		if (!number_in(t, lo, hi, offset))
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
	if (!lex_char(&t->a->p, ']') &&
	    (!number_in(t, -0x8000, 0x7fff, &low) || !lex_char(&t->a->p, ']')))
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
	if (!comma(t) || !number_in(t, 0, 31, &clamp) || !comma(t) ||
	    !number_in(t, 0, 31, &segment))
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

	if (!number_in(t, -(1LL << 31), (1LL << 32) - 1, &val))
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

	if (!guard(&t) || !mnemonic(&t) || !modifiers(&t) || !operands(&t))
		return false;
	if (!lex_blank(&a->p))
		return visa_fail(a, "text after the instruction");
	in = visa_push(&a->b, VGPU_SEC_INSNS);
	if (!in)
		return visa_fail(a, "out of memory");
	*in = t.in;
	return true;
}
