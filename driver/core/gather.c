// SPDX-License-Identifier: GPL-2.0
/*
 * Gathering: entries are taken under a lock, one for each context, and become those of processes without it.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "gather.h"
#include "vgpu.h"

static void *entry(const struct vgpu_gathered *g, u32 i)
{
	return g->tab + i * g->entry;
}

/** vgpu_gather_begin - no entries of @entry bytes, and room for @room: 0 or -ENOMEM, vgpu_gather_end() after either */
int vgpu_gather_begin(struct vgpu_gathered *g, size_t entry, u32 room)
{
	*g = (struct vgpu_gathered) { .entry = entry, .room = room };
	g->tab = vgpu_counted(VGPU_KIND_SCRATCH, kvcalloc(room, entry, VGPU_GFP));
	g->pids = vgpu_counted(VGPU_KIND_SCRATCH, kvcalloc(room, sizeof(*g->pids), VGPU_GFP));
	return g->tab && g->pids ? 0 : -ENOMEM;
}

/** vgpu_gather_next - a zeroed entry of a process, NULL when there is no room; under any lock */
void *vgpu_gather_next(struct vgpu_gathered *g, struct pid *pid)
{
	if (g->n == g->room)
		return NULL;
	g->pids[g->n] = get_pid(pid);
	return memset(entry(g, g->n++), 0, g->entry);
}

/**
 * vgpu_gather_fold - a process's entries become one where the first of them stands, with the pid that the caller sees
 * @g: entries
 * @add: adds a later one of a process to its first
 */
void vgpu_gather_fold(struct vgpu_gathered *g, void (*add)(void *entry, const void *more))
{
	u32 n = 0, i, k;

	for (k = 0; k < g->n; k++) {
		for (i = 0; i < n && g->pids[i] != g->pids[k]; i++)
			;
		if (i < n) {
			add(entry(g, i), entry(g, k));
			put_pid(g->pids[k]);
		} else {
			memmove(entry(g, n), entry(g, k), g->entry);
			*(u32 *)entry(g, n) = pid_vnr(g->pids[k]);
			g->pids[n++] = g->pids[k];
		}
		cond_resched();
	}
	g->n = n;
}

/** vgpu_gather_forget - as it began */
void vgpu_gather_forget(struct vgpu_gathered *g)
{
	while (g->n)
		put_pid(g->pids[--g->n]);
}

/** vgpu_gather_end - let go of all */
void vgpu_gather_end(struct vgpu_gathered *g)
{
	vgpu_gather_forget(g);
	vgpu_counted_free(VGPU_KIND_SCRATCH, g->pids);
	vgpu_counted_free(VGPU_KIND_SCRATCH, g->tab);
}
