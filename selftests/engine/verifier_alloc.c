// SPDX-License-Identifier: MIT
/*
 * Every allocation of loading fails in turn: -ENOMEM and nothing left behind (the
 * leak sanitizer watches). Each is charged before, and may be refused: -EDQUOT.
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
static int patience = -1;	/* charges until one is refused; negative: none is */
static s64 charged;		/* what the engine has asked for, and not given back */
static s64 room;		/* charged, but not allocated yet: one allocation at a time */
static bool exact;

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	exact = exact && size >= room && size < room + 64 + !room;	/* engine_alloc() rounds up */
	room = -1;
	if (countdown >= 0 && !countdown--)
		return NULL;
	return __real_aligned_alloc(align, size);
}

static bool charge(const struct engine_image *image, s64 bytes)
{
	if (bytes >= 0 && patience >= 0 && !patience--)
		return false;
	if (bytes >= 0)
		room = bytes;
	charged += bytes;
	return true;
}

static int copy(const struct engine_image *image, void *to)
{
	return -EFAULT;
}

static void allocations_fail(const void *image, size_t size)
{
	struct engine_code *code = NULL;
	int ret = -ENOMEM, n;
	bool ok = true;
	char msg[200];

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
}

static void charges_are_refused(const void *bytes, size_t size)
{
	struct engine_image image = { .at = bytes, .size = size, .charge = charge };
	struct engine_code *code = NULL;
	int ret = -EDQUOT, n;
	bool ok = true;

	exact = true;
	for (n = 0; ret == -EDQUOT && n < 100; n++) {
		patience = n;
		ret = engine_code_load_image(&image, &code, NULL, 0);
		patience = -1;
		if (ret == -EDQUOT)
			ok = ok && !code && !charged;
	}
	tap_result(ok && !ret && n > 8, "each of %d charges may be refused", n - 1);
	tap_result(exact, "each allocation was charged before");
	tap_result(code && charged == code->bytes, "what an object has stays charged");
	engine_code_put(code);
}

/* Nothing stays charged for what does not become an object. */
static void nothing_is_kept(void *bytes, size_t size)
{
	struct engine_image image = { .at = bytes, .size = size, .charge = charge };
	struct vgpu_code_header *header = bytes;
	struct engine_code *code;
	int ret = -ENOMEM, n;
	bool ok = true;

	charged = 0;
	for (n = 0; ret == -ENOMEM && n < 8; n++) {
		countdown = n;
		ret = engine_code_load_image(&image, &code, NULL, 0);
		ok = ok && ret == -ENOMEM && !charged;
	}
	countdown = -1;
	tap_result(ok, "nothing stays charged where there is no memory");
	header->magic++;
	ret = engine_code_load_image(&image, &code, NULL, 0);
	tap_result(ret == -EINVAL && !charged, "nothing stays charged for what is refused");
	image.copy = copy;
	ret = engine_code_load_image(&image, &code, NULL, 0);
	tap_result(ret == -EFAULT && !charged, "nothing stays charged for what cannot be read");
}

void verifier_alloc(void)
{
	struct visa_error err;
	void *image;
	size_t size;

	if (visa_assemble(text, &image, &size, &err)) {
		tap_result(false, "line %u: %s", err.line, err.text);
		return;
	}
	allocations_fail(image, size);
	charges_are_refused(image, size);
	nothing_is_kept(image, size);
	free(image);
}
