// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of what the modules allocated, told when they go.
 */
#define pr_fmt(fmt) "vgpu: " fmt

#include <linux/printk.h>

#include "face.h"
#include "tally.h"

/* A CPU's count alone says nothing: what one makes another frees. */
DEFINE_PER_CPU(long [VGPU_KINDS_COUNT], vgpu_tally);

static const struct {
	const char *name;
	enum vgpu_kind_of of;
} kinds[] = {
#define X(kind, of, name) { name, VGPU_KIND_OF_##of },
	VGPU_KINDS(X)
#undef X
};

/** vgpu_tally_drm - vgpu_tally_add() for vgpu_drm.ko */
void vgpu_tally_drm(enum vgpu_kind kind, long n)
{
	vgpu_tally_add(kind, n);
}
EXPORT_SYMBOL_VGPU(vgpu_tally_drm);

static long count(enum vgpu_kind kind)
{
	long n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += per_cpu(vgpu_tally, cpu)[kind];
	return n;
}

/**
 * vgpu_tally_tell - say what a module has not freed, or freed more often than it was made
 * @of: the module; it is going, nothing of it runs any more
 *
 * One line for each kind, as "vgpu: leaked", vgpu_drm.ko's too: the test beds fail for that.
 */
void vgpu_tally_tell(enum vgpu_kind_of of)
{
	enum vgpu_kind kind;

	for (kind = 0; kind < VGPU_KINDS_COUNT; kind++) {
		long n = kinds[kind].of == of ? count(kind) : 0;

		if (n)
			pr_err("leaked %ld %s%s\n", n, kinds[kind].name, n == 1 ? "" : "s");
	}
}
EXPORT_SYMBOL_VGPU(vgpu_tally_tell);
