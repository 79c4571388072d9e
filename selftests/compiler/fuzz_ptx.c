// SPDX-License-Identifier: MIT
/*
 * libFuzzer: any bytes as an image, through the index and, for each function
 * found, parse, verifier, SSA, verifier, printer. The IR verifier failing on
 * what the parser let through is a bug, so that aborts. Bytes with zeros among
 * them are also images one behind the other, which are linked.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "ir.h"

#define BODY_LIMIT	((size_t)64 << 20)

static void run_body(const struct ir_module *ir, struct ir_func *f, FILE *sink)
{
	struct ir_body *b;
	char log_buf[512];
	struct diag d;

	diag_init(&d, log_buf, sizeof(log_buf));
	b = ir_body_parse(ir, f, BODY_LIMIT, &d);
	if (!b) {
		if (!d.errors)
			abort();	/* a refusal without a reason */
		return;
	}
	ir_print_body(b, sink);
	if (!ir_body_ssa(b, &d) && strstr(log_buf, "IR after")) {
		fprintf(stderr, "%s", log_buf);
		abort();
	}
	if (b->ssa)
		ir_print_body(b, sink);
	ir_body_free(b);
}

static void run_image(const void *data, size_t size, struct diag *d)
{
	struct vgpucc_target target = { .cc = 120, .borrow = true };
	static FILE *sink;
	struct vgpucc_module *m;
	struct vgpucc_kernel k;
	struct vgpucc_info info;

	if (!sink)
		sink = fopen("/dev/null", "w");
	if (vgpucc_module_open(data, size, &target, d, &m)) {
		if (!d->errors)
			abort();
		return;
	}
	vgpucc_module_info(m, &info);
	for (unsigned int i = 0; i < info.nkernels; i++)
		vgpucc_kernel_at(m, i, &k);
	for (u32 i = 0; i < vgpucc_module_ir(m)->nfuncs; i++)
		run_body(vgpucc_module_ir(m), vgpucc_module_ir(m)->funcs[i], sink);
	vgpucc_module_close(m);
}

static void link_images(const uint8_t *data, size_t size, struct diag *d)
{
	struct vgpucc_link *l = vgpucc_link_new(120);
	size_t len;
	char *image;

	while (size) {
		const uint8_t *zero = memchr(data, 0, size);
		size_t n = zero ? zero - data : size;

		if (n)
			vgpucc_link_add(l, "part", data, n, d);
		n += zero != NULL;
		data += n;
		size -= n;
	}
	image = vgpucc_link_image(l, &len);
	vgpucc_link_free(l);
	if (image)
		run_image(image, len, d);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char log_buf[512];
	struct diag d;

	/* a wrapper holds a pointer, which is trusted by nature */
	if (size < 4 || !memcmp(data, "\xb1\x43\x62\x46", 4))
		return 0;
	diag_init(&d, log_buf, sizeof(log_buf));
	run_image(data, size, &d);
	diag_init(&d, log_buf, sizeof(log_buf));
	if (memchr(data, 0, size))
		link_images(data, size, &d);
	return 0;
}
