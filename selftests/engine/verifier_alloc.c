// SPDX-License-Identifier: MIT
/*
 * Every allocation of loading fails in turn: -ENOMEM and nothing left behind (the
 * leak sanitizer watches).
 */
#include <stdlib.h>
#include "../../driver/engine/verify.h"
#include "../../userlib/visa/visa.h"
#include "tap.h"
#include "verifier.h"

static const char text[] =
	".kernel \"k\" func=f vregs=4 sregs=2\n.table T a\n.func f\na:\nbrx v0, T\n.end\n"
	".func g id=1\nret v0\n.end\n";

static int countdown = -1;	/* allocations until one fails; negative: none does */

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	if (countdown >= 0 && !countdown--)
		return NULL;
	return __real_aligned_alloc(align, size);
}

void verifier_alloc(void)
{
	struct engine_code *code = NULL;
	struct visa_error err;
	int ret = -ENOMEM, n;
	bool ok = true;
	char msg[200];
	void *image;
	size_t size;

	if (visa_assemble(text, &image, &size, &err)) {
		tap_result(false, "line %u: %s", err.line, err.text);
		return;
	}
	for (n = 0; ret == -ENOMEM && n < 100; n++) {
		countdown = n;
		ret = engine_code_load(image, size, &code, msg, sizeof(msg));
		if (ret == -ENOMEM)
			ok = ok && !code && !msg[0];
	}
	countdown = -1;
	/* the object itself, its image, mode, ids, and what the verifier needs meanwhile */
	tap_result(ok && !ret && n > 8, "each of %d allocations may fail", n - 1);
	engine_code_put(code);
	free(image);
}
