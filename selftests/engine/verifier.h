/* SPDX-License-Identifier: MIT */
/*
 * Tests of the verifier: texts, what is patched in their objects, and the exact
 * message that must come.
 */
#ifndef ENGINE_VERIFIER_H
#define ENGINE_VERIFIER_H

#include "../../driver/engine/verify.h"

/**
 * struct vcase - one object that must be refused, or accepted
 * @name: what is wrong
 * @text: its source; where @body is set, NULL
 * @body: instructions only; a kernel with 16 vector registers, 8 scalars, one
 *	jump table (T, of another function) and one pattern is put around them
 * @patch: changes bytes of the object, or NULL
 * @where: what the message begins with; NULL where the object is valid
 * @why: the reason, which the rest of the message is the text of
 * @version: where it is the version, that of the object, which follows with the engine's
 */
struct vcase {
	const char *name;
	const char *text;
	const char *body;
	size_t (*patch)(unsigned char *image, size_t size);
	const char *where;
	enum engine_refusal why;
	u32 version;
};

#define BODY(NAME, TEXT, WHERE, WHY) \
	{ .name = NAME, .body = TEXT, .where = WHERE, .why = REFUSE_##WHY }
#define VALID(NAME, TEXT)	{ .name = NAME, .body = TEXT }
#define TEXT(NAME, SOURCE, WHERE, WHY) \
	{ .name = NAME, .text = SOURCE, .where = WHERE, .why = REFUSE_##WHY }
#define PATCH(NAME, FN, WHERE, WHY) \
	{ .name = NAME, .body = "nop", .patch = FN, .where = WHERE, .why = REFUSE_##WHY }

extern const struct vcase verifier_container[], verifier_unit[], verifier_insn[],
	verifier_mem[], verifier_flow[];
extern const size_t verifier_container_count, verifier_unit_count, verifier_insn_count,
	verifier_mem_count, verifier_flow_count;

/** verifier_alloc() - allocations that fail */
void verifier_alloc(void);
/** verifier_mutate() - objects cut and damaged */
void verifier_mutate(void);
/** verifier_big() - the largest objects */
void verifier_big(void);

#endif /* ENGINE_VERIFIER_H */
