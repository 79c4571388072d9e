// SPDX-License-Identifier: MIT
/*
 * Truncated and damaged objects: refused with a message or accepted, and never
 * read beyond their end (the sanitizers watch).
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/verify.h"
#include "../../userlib/visa/visa.h"
#include "tap.h"
#include "verifier.h"
#include "rnd.h"

#define FLIPS	60000

static const char text[] =
	".kernel \"k\" func=f vregs=16 sregs=8 param=16 grid=pre\n.pattern 0, 4, 8\n.table T a, b\n"
	"pre:\ns.ld:param:b64:a8 s0, [0]\nexit\n"
	".func f\n.line 3\na:\nld.global:b32:a4 v0, [s0+pat0]\ns.base s1, v0, pat0\n@p0 bra b\nbrx v0, T\nb:\n"
	".line 4\nsetmode rz\nfadd v0, v1, v2\nsetmode rn\ncall v3, g\nmma:M16N8K8_F16_F32 v4, v8, v10, none\n"
	"atom.global:cas:u32 v0, [w2+8], v4, v5\nexit\n.end\n.func g \"callee\" id=7\nret v3\n.end\n";

/* A refusal always says something, what is accepted says nothing. */
static bool try_load(const void *image, size_t size, bool *accepted)
{
	/* exactly as large as it says it is */
	void *copy = malloc(size ? size : 1);
	struct engine_code *code = NULL;
	char msg[200];
	int ret;

	memcpy(copy, image, size);
	ret = engine_code_load(copy, size, &code, msg, sizeof(msg));
	free(copy);
	engine_code_put(code);
	*accepted = !ret;
	return ret ? ret == -EINVAL && msg[0] : !msg[0];
}

void verifier_mutate(void)
{
	struct visa_error err;
	unsigned char *image;
	bool accepted, ok = true, cut = true;
	u32 good = 0, i;
	size_t size, n;

	if (visa_assemble(text, (void **)&image, &size, &err)) {
		tap_result(false, "line %u: %s", err.line, err.text);
		return;
	}
	tap_result(try_load(image, size, &accepted) && accepted, "the object itself");
	for (n = 0; n < size; n++)
		cut = cut && try_load(image, n, &accepted) && !accepted;
	tap_result(cut, "an object cut anywhere is refused (%zu lengths)", size);
	for (i = 0; i < FLIPS; i++) {
		u32 at = rnd() % size, bytes = 1 + rnd() % 4, k;
		unsigned char old[4];

		for (k = 0; k < bytes && at + k < size; k++) {
			old[k] = image[at + k];
			image[at + k] = rnd() % 4 ? rnd() : rnd() % 2 ? 0xff : 0;
		}
		ok = ok && try_load(image, size, &accepted);
		good += accepted;
		while (k--)
			image[at + k] = old[k];
	}
	tap_result(ok && good && good < FLIPS, "damaged objects are refused by name or valid");
	printf("# %u of %u are valid\n", good, FLIPS);
	free(image);
}
