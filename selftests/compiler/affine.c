// SPDX-License-Identifier: MIT
/*
 * Addresses that are a scalar and a pattern of lanes: the kernels of affine.py, whatever the compiler
 * may know of their block, find in each thread what affine.py says.
 */
#include "../../uapi/vgpu_isa.h"
#include "on_engine.h"
#include "slurp.h"

enum { THREADS = 64, BLOCKS = 2 };	/* as in affine.py */

static const struct launch_as {
	struct shape shape;
	u32 block;		/* in the order of affine.py */
	const char *name;
} launches[] = {
	{ { 1, { 64, 1, 1 }, 0, VGPUCC_SHAPE_GENERAL }, 0, "64, general" },
	{ { 1, { 64, 1, 1 }, 0, VGPUCC_SHAPE_LINEAR }, 0, "64, linear" },
	{ { 1, { 64, 1, 1 }, 0, VGPUCC_SHAPE_ROWS }, 0, "64, rows" },
	{ { 1, { 32, 2, 1 }, 0, VGPUCC_SHAPE_GENERAL }, 1, "32 x 2, general" },
	{ { 1, { 32, 2, 1 }, 0, VGPUCC_SHAPE_ROWS }, 1, "32 x 2, rows" },
};

/**
 * struct wanted - what affine.py has for a kernel
 * @base: bases of addresses, low word first
 */
struct wanted {
	u32 base[2][2];
	u32 param[4];
	u32 result[BLOCKS][THREADS];
};

/* Memory elsewhere, and the kernel's own in shared memory: word(address) of affine.py */
static void fill_elsewhere(void)
{
	u32 *w, i;

	elsewhere = aligned_alloc(4096, 2 * BYTES);
	if (!elsewhere)
		abort();
	for (w = (u32 *)elsewhere, i = 0; i < 2 * BYTES / 4; i++)
		w[i] = (i * 2654435761u) ^ (i >> 7);
}

static bool run(u32 n, const struct launch_as *how)
{
	u64 out = take(THREADS * 4), args[7] = { out };
	const struct wanted *want;
	struct vgpucc_global g;
	const u32 *got = at(out);
	char name[32];
	u32 i;

	if (vgpucc_global_at(module, n, &g) || g.init_len != sizeof(*want))
		return false;
	want = (const void *)g.init;
	for (i = 0; i < 2; i++)
		args[1 + i] = want->base[i][0] | (u64)want->base[i][1] << 32;
	for (i = 0; i < 4; i++)
		args[3 + i] = want->param[i];
	snprintf(name, sizeof(name), "kernel_%u", n);
	if (launch(name, &how->shape, args, 7) != ENGINE_DONE)
		return false;
	for (i = 0; i < THREADS; i++) {
		if (got[i] == want->result[how->block][i])
			continue;
		note("%s, %s, thread %u: %x instead of %x", name, how->name, i, got[i], want->result[how->block][i]);
		return false;
	}
	return true;
}

static void run_set(const char *set)
{
	u32 i, k, bad, n, before = top;
	struct vgpucc_info info;

	vgpucc_module_info(module, &info);
	n = info.nglobals;
	for (k = 0; k < sizeof(launches) / sizeof(launches[0]); k++) {
		for (i = bad = 0; i < n; i++, top = before)
			bad += !run(i, &launches[k]);
		ok(!bad && n, "%s: a block of %s: %u kernels, %u differ", set, launches[k].name, n, bad);
	}
}

/* How many objects have patterns, and how many instructions look for bases: or this tests nothing */
static void count_patterns(u32 n)
{
	struct vgpucc_options o = { .shape = VGPUCC_SHAPE_ROWS, .cc = 120 };
	u32 i, with = 0, bases = 0, k;

	for (i = 0; i < n; i++) {
		const struct vgpu_code_header *h;
		const struct vgpu_insn *in;
		char name[32];
		void *image;
		size_t len;

		snprintf(name, sizeof(name), "kernel_%u", i);
		if (vgpucc_compile_kernel(module, name, &o, NULL, &image, &len))
			continue;
		h = image;
		in = (const void *)((const char *)image + h->sec[VGPU_SEC_INSNS].offset);
		with += h->sec[VGPU_SEC_PATTERNS].count != 0;
		for (k = 0; k < h->sec[VGPU_SEC_INSNS].count; k++)
			bases += in[k].op == VGPU_OP_SBASE || in[k].op == VGPU_OP_SBASEW;
		free(image);
	}
	ok(with > n / 2, "%u of %u kernels have patterns", with, n);
	ok(bases > n / 4, "%u bases are looked for", bases);
}

int main(int argc, char **argv)
{
	struct vgpucc_info info;
	size_t len;
	char *text = argc > 1 ? slurp(argv[1], &len) : NULL;

	mem = aligned_alloc(4096, BYTES);
	if (!text || !mem || !open_text(text, len))
		return 2;
	fill_elsewhere();
	vgpucc_module_info(module, &info);
	count_patterns(info.nglobals);
	with_all_sets(run_set);
	vgpucc_module_close(module);
	free(elsewhere);
	free(text);
	free(mem);
	return tap_done();
}
