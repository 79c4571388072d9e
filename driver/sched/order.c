// SPDX-License-Identifier: GPL-2.0
/*
 * Units of a job in the order of their blocks.
 */
#include "internal.h"

static bool begins_before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct vgpu_unit, node)->first < rb_entry(b, struct vgpu_unit, node)->first;
}

/** vgpu_units_add - put a unit among others, none of which has its first block; under sched.lock */
void vgpu_units_add(struct rb_root_cached *units, struct vgpu_unit *u)
{
	rb_add_cached(&u->node, units, begins_before);
}

/**
 * vgpu_units_take - take a unit out
 * @units: of which there are some
 * @at: the one with this block, else the next one, behind the last the first; under sched.lock
 *
 * Return: the unit.
 */
struct vgpu_unit *vgpu_units_take(struct rb_root_cached *units, u64 at)
{
	struct rb_node *n = units->rb_root.rb_node, *found = NULL;

	while (n) {
		if (rb_entry(n, struct vgpu_unit, node)->first < at) {
			n = n->rb_right;
		} else {
			found = n;
			n = n->rb_left;
		}
	}
	found = found ?: rb_first_cached(units);
	rb_erase_cached(found, units);
	return rb_entry(found, struct vgpu_unit, node);
}

/** vgpu_units_free - free all of them */
void vgpu_units_free(struct rb_root_cached *units)
{
	struct vgpu_unit *u, *next;

	rbtree_postorder_for_each_entry_safe(u, next, &units->rb_root, node)
		vgpu_unit_free(u);
	*units = RB_ROOT_CACHED;
}
