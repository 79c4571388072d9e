// SPDX-License-Identifier: MIT
/*
 * libFuzzer: PTX through the whole compiler, for each shape class. What comes
 * out must pass the engine's verifier.
 */
#include <stdlib.h>
#include <string.h>

#include "../../driver/engine/engine.h"
#include "compiler.h"

static void compile(const struct vgpucc_module *m, const char *name,
		    enum vgpucc_shape_class shape)
{
	struct vgpucc_options opt = { .cc = 120, .shape = shape,
				      .memory_limit = (size_t)256 << 20 };
	char log_buf[512], why[256] = "";
	struct engine_code *code;
	struct diag d;
	void *image = NULL;
	size_t len = 0;

	diag_init(&d, log_buf, sizeof(log_buf));
	if (vgpucc_compile_kernel(m, name, &opt, &d, &image, &len)) {
		if (!d.errors)
			abort();	/* a refusal without a reason */
		return;
	}
	if (engine_code_load(image, len, &code, why, sizeof(why))) {
		fprintf(stderr, "kernel %s, shape %d: %s\n", name, shape, why);
		abort();
	}
	engine_code_put(code);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vgpucc_target target = { .cc = 120, .borrow = true };
	struct vgpucc_module *m;
	struct vgpucc_kernel k;
	struct diag d;

	/* text only: fuzz_ptx has the containers */
	if (size < 8 || !memchr(data, '.', size) || *data == 0x7f || *data > 126)
		return 0;
	diag_init(&d, NULL, 0);
	if (vgpucc_module_open(data, size, &target, &d, &m))
		return 0;
	for (unsigned int i = 0; !vgpucc_kernel_at(m, i, &k); i++)
		for (int shape = VGPUCC_SHAPE_GENERAL; shape <= VGPUCC_SHAPE_ROWS; shape++)
			compile(m, k.name, shape);
	vgpucc_module_close(m);
	return 0;
}
