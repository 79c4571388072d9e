// SPDX-License-Identifier: MIT
/*
 * The modifiers of an instruction as text, each behind a colon.
 */
#include <string.h>
#include "../../driver/engine/print.h"
#include "asm_insn.h"
#include "lex.h"

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
	static const char *const names[] = { "1", "2", "4", "8", "16", "32", "64", "128" };

	if (word[0] != letter)
		return false;
	for (*log2 = 0; *log2 < 8; (*log2)++)
		if (!strcmp(word + 1, names[*log2]))
			return true;
	return false;
}

static bool mod_descriptor(struct insn_text *t, const char *word)
{
	static const struct {
		const char *name;
		uint16_t bits;
	} widths[] = {
		{ "u8", VGPU_MD_WIDTH(0) },  { "s8", VGPU_MD_WIDTH(0) | VGPU_MD_SIGNED },
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

	if (!lex_char(&t->a->p, '=') || !visa_number(t, 0, 3, &val))
		return visa_fail(t->a, "expected a thread");
	t->in.imm |= (uint32_t)val << shift;
	return true;
}

static bool mod_mma(struct insn_text *t, const char *word)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} flags[] = {
		{ "as", VGPU_MMA_A_SIGNED },   { "bs", VGPU_MMA_B_SIGNED }, { "satfinite", VGPU_MMA_SATFINITE },
		{ "xor", VGPU_MMA_XOR },       { "acol", VGPU_MMA_A_COL },  { "brow", VGPU_MMA_B_ROW },
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

bool visa_modifiers(struct insn_text *t)
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
		return t->a->err->text[0] ? false : visa_fail(t->a, "unknown modifier '%s'", word);
	}
	return true;
}
