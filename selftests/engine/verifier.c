// SPDX-License-Identifier: MIT
/*
 * The verifier refuses what it must, with the exact message, and accepts what is
 * valid; every refusal has a test.
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/print.h"
#include "../../userlib/visa/visa.h"
#include "tap.h"
#include "verifier.h"

static bool tested[REFUSE_COUNT];

static char *source_of(const struct vcase *c)
{
	char *text = NULL;

	if (c->text)
		return strdup(c->text);
	/* a label stands alone on its line */
	if (asprintf(&text, ".kernel \"k\" func=f vregs=16 sregs=8 param=16\n"
		     ".table T other\n.pattern 0, 4, 8\n.func f\n%s\nend:\nexit\n.end\n"
		     ".func g id=1\nother:\nexit\n.end\n", c->body) < 0)
		abort();
	return text;
}

/* The message that must come. */
static void message_of(const struct vcase *c, char *want, size_t size)
{
	size_t n;

	*want = 0;
	if (!c->where)
		return;
	n = snprintf(want, size, "%s: %s", c->where, engine_refusal_text(c->why));
	if (c->version)
		snprintf(want + n, size - n, ": %u.%u, not %u.%u", c->version >> 16, c->version & 0xffff,
			 VGPU_ISA_MAJOR, (u32)VGPU_ISA_MINOR);
}

static void run_case(const struct vcase *c)
{
	char *text = source_of(c), msg[200], want[200];
	struct engine_code *code = NULL;
	struct visa_error err;
	void *image;
	size_t size;
	int ret;

	tested[c->why] = true;
	if (visa_assemble(text, &image, &size, &err)) {
		tap_result(false, "%s: line %u: %s", c->name, err.line, err.text);
		free(text);
		return;
	}
	if (c->patch)
		size = c->patch(image, size);
	ret = engine_code_load(image, size, &code, msg, sizeof(msg));
	message_of(c, want, sizeof(want));
	if (!tap_result(ret == (c->where ? -EINVAL : 0) && !strcmp(msg, want), "%s", c->name))
		printf("# %d, '%s'\n# want '%s'\n", ret, msg, want);
	engine_code_put(code);
	free(image);
	free(text);
}

static void run_all(const struct vcase *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		run_case(&c[i]);
}

/* What the text of a refusal says is exact only if a test has seen it. */
static void check_complete(void)
{
	unsigned int i;
	bool all = true;

	for (i = 1; i < REFUSE_COUNT; i++)
		if (!tested[i]) {
			printf("# no test: %s\n", engine_refusal_text(i));
			all = false;
		}
	tap_result(all, "every refusal has a test");
}

int main(void)
{
	run_all(verifier_container, verifier_container_count);
	run_all(verifier_unit, verifier_unit_count);
	run_all(verifier_insn, verifier_insn_count);
	run_all(verifier_mem, verifier_mem_count);
	run_all(verifier_flow, verifier_flow_count);
	check_complete();
	verifier_alloc();
	verifier_mutate();
	verifier_big();
	return tap_end();
}
