// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: which range shows what, entered into the radix table.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "../core/user.h"
#include "../engine/engine.h"
#include "../sched/sched.h"
#include "mm.h"

#define MAX_MAPPINGS	65536	/* of a context */

/**
 * vgpu_as_create - an empty address space
 * @user: who its tables and mappings count for
 *
 * Return: it, -EDQUOT, -ENOMEM.
 */
struct vgpu_as *vgpu_as_create(struct vgpu_user *user)
{
	struct vgpu_as *as = vgpu_counted(VGPU_KIND_AS, vgpu_zalloc(sizeof(*as)));
	struct vgpu_pt *root;

	if (!as)
		return ERR_PTR(-ENOMEM);
	root = vgpu_pt_create(user);
	if (IS_ERR(root)) {
		vgpu_counted_free(VGPU_KIND_AS, as);
		return ERR_CAST(root);
	}
	as->root = root;
	as->user = user;
	init_rwsem(&as->lock);
	as->maps = RB_ROOT;
	as->hint = VGPU_VA_SPLIT;
	return as;
}

/** vgpu_as_free - free an address space that has no mappings and no users */
void vgpu_as_free(struct vgpu_as *as)
{
	WARN_ON_ONCE(as->nmaps);
	vgpu_pt_free(as->root, as->user);
	vgpu_counted_free(VGPU_KIND_AS, as);
}

/** vgpu_mapping_alloc - a mapping to be filled in; -EDQUOT, -ENOMEM */
struct vgpu_mapping *vgpu_mapping_alloc(struct vgpu_as *as)
{
	return vgpu_user_zalloc(as->user, VGPU_KIND_MAPPING, sizeof(struct vgpu_mapping));
}

/** vgpu_mapping_free - free a mapping that is not entered */
void vgpu_mapping_free(struct vgpu_as *as, struct vgpu_mapping *m)
{
	vgpu_user_free(as->user, VGPU_KIND_MAPPING, m, sizeof(*m));
}

static struct vgpu_mapping *to_map(struct rb_node *n)
{
	return rb_entry_safe(n, struct vgpu_mapping, node);
}

/* The first mapping that ends after @va. */
static struct vgpu_mapping *first_after(struct vgpu_as *as, u64 va)
{
	struct rb_node *n = as->maps.rb_node;
	struct vgpu_mapping *best = NULL;

	while (n) {
		struct vgpu_mapping *m = to_map(n);

		if (m->va + m->length > va) {
			best = m;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return best;
}

static void insert(struct vgpu_as *as, struct vgpu_mapping *m)
{
	struct rb_node **link = &as->maps.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = m->va < to_map(parent)->va ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&m->node, parent, link);
	rb_insert_color(&m->node, &as->maps);
	as->nmaps++;
}

static struct list_head *owner_maps(struct vgpu_obj *obj)
{
	if (obj->type == VGPU_OBJ_BO)
		return &container_of(obj, struct vgpu_bo, obj)->maps;
	return &container_of(obj, struct vgpu_host, obj)->maps;
}

static void *address_at(struct vgpu_obj *obj, unsigned long index)
{
	const struct vgpu_store *store = vgpu_obj_store(obj);

	if (!store)
		return page_address(container_of(obj, struct vgpu_host, obj)->pages[index]);
	if (store->kaddr)
		return store->kaddr + (index << PAGE_SHIFT);
	return page_address(vgpu_store_page(store, index));
}

/* Whether 2 MiB at @va can be one leaf: aligned, contiguous, long enough. */
static bool can_be_huge(const struct vgpu_mapping *m, u64 va, unsigned long index)
{
	const struct vgpu_store *store = vgpu_obj_store(m->obj);
	unsigned long i;
	void *first;

	if (!IS_ALIGNED(va, VGPU_HUGE_SIZE) || m->va + m->length - va < VGPU_HUGE_SIZE)
		return false;
	if (store && store->kaddr)
		return true;
	if (store && IS_ALIGNED(index, VGPU_HUGE_PAGES))
		return store->pieces[index / VGPU_HUGE_PAGES].huge;
	first = address_at(m->obj, index);
	for (i = 1; i < VGPU_HUGE_PAGES; i++)
		if (address_at(m->obj, index + i) != first + (i << PAGE_SHIFT))
			return false;
	return true;
}

/* Whether 2 MiB at @va have no memory yet; map.c backed what is not whole and aligned. */
static bool is_absent(const struct vgpu_mapping *m, unsigned long index)
{
	const struct vgpu_store *store = vgpu_obj_store(m->obj);

	return store && store->sparse && !vgpu_store_backed(store, index / VGPU_HUGE_PAGES);
}

/* What was cleared is out of every worker's sight. */
static void settle(struct vgpu_as *as, struct list_head *dead)
{
	vgpu_sched_quiesce(as);
	vgpu_pt_free_list(dead, as->user);
}

static void clear(struct vgpu_as *as, struct vgpu_mapping *m, u64 length)
{
	LIST_HEAD(dead);

	vgpu_pt_clear(as->root, m->va, length, &dead);
	settle(as, &dead);
}

static int fill(struct vgpu_as *as, struct vgpu_mapping *m)
{
	u64 va = m->va, end = m->va + m->length;
	unsigned long index = m->offset >> PAGE_SHIFT;
	int rc;

	while (va < end) {
		bool absent = is_absent(m, index), huge = absent || can_be_huge(m, va, index);

		rc = absent ? vgpu_pt_set_absent(as, va) :
		     vgpu_pt_set(as, va, address_at(m->obj, index), huge, m->readonly);
		if (rc) {
			clear(as, m, va - m->va);
			return rc;
		}
		va += huge ? VGPU_HUGE_SIZE : VGPU_PAGE_SIZE;
		index += huge ? VGPU_HUGE_PAGES : 1;
		cond_resched();
	}
	return 0;
}

/* Under the lock, range known to be free. On success takes a reference on the object. */
static int enter(struct vgpu_as *as, struct vgpu_mapping *m)
{
	int rc;

	/* Who ends the object unmaps it under this lock, after setting gone. */
	if (READ_ONCE(m->obj->gone))
		return -ENOENT;
	rc = fill(as, m);
	if (rc)
		return rc;
	kref_get(&m->obj->ref);
	insert(as, m);
	list_add(&m->owner_link, owner_maps(m->obj));
	return 0;
}

/**
 * vgpu_as_map - enter a mapping at its address
 * @as: address space
 * @m: the mapping; freed by the address space after success
 *
 * Return: 0, -EINTR, -EDQUOT, -EEXIST where something is mapped, -ENOMEM.
 */
int vgpu_as_map(struct vgpu_as *as, struct vgpu_mapping *m)
{
	struct vgpu_mapping *next;
	int rc;

	if (down_write_killable(&as->lock))
		return -EINTR;
	rc = as->nmaps < MAX_MAPPINGS ? 0 : -EDQUOT;
	next = first_after(as, m->va);
	if (!rc && next && next->va < m->va + m->length)
		rc = -EEXIST;
	if (!rc)
		rc = enter(as, m);
	up_write(&as->lock);
	return rc;
}

/* First fit in [from, to); 0 when there is none. */
static u64 find_gap(struct vgpu_as *as, u64 length, u64 align, u64 from, u64 to)
{
	struct vgpu_mapping *m = first_after(as, from);
	u64 va = ALIGN(from, align);

	while (m && m->va < va + length) {
		va = ALIGN(max(va, m->va + m->length), align);
		m = to_map(rb_next(&m->node));
	}
	return va + length <= to && va + length > va ? va : 0;
}

/**
 * vgpu_as_map_anywhere - enter a mapping where there is room
 * @as: address space
 * @m: the mapping; once entered another thread may take it out and free it
 * @align: alignment of the address
 * @va: the address
 *
 * Return: as vgpu_as_map(), -ENOSPC where no range is left.
 */
int vgpu_as_map_anywhere(struct vgpu_as *as, struct vgpu_mapping *m, u64 align, u64 *va)
{
	int rc;

	if (down_write_killable(&as->lock))
		return -EINTR;
	rc = as->nmaps < MAX_MAPPINGS ? 0 : -EDQUOT;
	if (rc)
		goto unlock;
	m->va = find_gap(as, m->length, align, as->hint, VGPU_VA_END);
	if (!m->va)
		m->va = find_gap(as, m->length, align, VGPU_VA_SPLIT, VGPU_VA_END);
	rc = m->va ? enter(as, m) : -ENOSPC;
	if (!rc) {
		as->hint = m->va + m->length;
		*va = m->va;
	}
unlock:
	up_write(&as->lock);
	return rc;
}

/** vgpu_as_mapping - the mapping at an address, or NULL; under the lock */
struct vgpu_mapping *vgpu_as_mapping(struct vgpu_as *as, u64 va)
{
	struct vgpu_mapping *m = first_after(as, va);

	return m && m->va <= va ? m : NULL;
}

/* Under the lock. Workers can reach it until settle(); its object's reference is the caller's then. */
static void take_out(struct vgpu_as *as, struct vgpu_mapping *m, struct list_head *dead)
{
	rb_erase(&m->node, &as->maps);
	list_del(&m->owner_link);
	as->nmaps--;
	vgpu_pt_clear(as->root, m->va, m->length, dead);
}

/**
 * vgpu_as_unmap - take one mapping out
 * @as: address space
 * @va: its address
 * @length: its length, or 0
 *
 * Return: 0, -EINTR, -EINVAL for what is not a mapping of VA_MAP.
 */
int vgpu_as_unmap(struct vgpu_as *as, u64 va, u64 length)
{
	struct vgpu_mapping *m;
	LIST_HEAD(dead);
	bool found;

	if (down_write_killable(&as->lock))
		return -EINTR;
	m = first_after(as, va);
	found = m && m->va == va && (!length || m->length == length) &&
		m->obj->type == VGPU_OBJ_BO;
	if (found) {
		take_out(as, m, &dead);
		settle(as, &dead);
	}
	up_write(&as->lock);
	if (!found)
		return -EINVAL;
	vgpu_obj_put(m->obj);
	vgpu_mapping_free(as, m);
	return 0;
}

/**
 * vgpu_as_unmap_all - take all mappings of an object out
 * @as: address space
 * @maps: the object's mappings; the caller holds a reference on it
 *
 * An object's end must not fail, so this cannot be interrupted; but who holds the lock never waits
 * for user space.
 */
void vgpu_as_unmap_all(struct vgpu_as *as, struct list_head *maps)
{
	struct vgpu_mapping *m, *next;
	LIST_HEAD(gone);
	LIST_HEAD(dead);

	down_write(&as->lock);
	list_for_each_entry_safe(m, next, maps, owner_link) {
		take_out(as, m, &dead);
		list_add(&m->owner_link, &gone);
		cond_resched();
	}
	settle(as, &dead);
	up_write(&as->lock);
	list_for_each_entry_safe(m, next, &gone, owner_link) {
		vgpu_obj_put(m->obj);
		vgpu_mapping_free(as, m);
		cond_resched();
	}
}

/**
 * vgpu_as_hold - keep what lies behind an address
 * @as: address space; the caller holds the lock
 * @va: GPU address
 * @left: bytes of it that follow there
 *
 * Return: the buffer or host memory, with a reference: it stays where it is, mapped or not. NULL where
 * nothing is mapped.
 */
struct vgpu_obj *vgpu_as_hold(struct vgpu_as *as, u64 va, u64 *left)
{
	struct vgpu_mapping *m = vgpu_as_mapping(as, va);

	if (!m)
		return NULL;
	kref_get(&m->obj->ref);
	*left = m->va + m->length - va;
	return m->obj;
}

/**
 * vgpu_as_translate - where an address lies in the kernel
 * @as: address space; the caller is inside a slice or holds the lock
 * @va: GPU address
 * @write: for writing
 * @span: bytes that are contiguous from there
 *
 * Return: a direct-map address; -EFAULT, or -EAGAIN where vgpu_as_touch() helps.
 */
void *vgpu_as_translate(struct vgpu_as *as, u64 va, bool write, u64 *span)
{
	u64 start, size;
	bool readonly;
	void *p = vgpu_pt_lookup(as->root, va, &start, &size, &readonly);

	if (IS_ERR(p))
		return p;
	if (write && readonly)
		return ERR_PTR(-EFAULT);
	*span = size - (va - start);
	return p + (va - start);
}

static int engine_translate(void *as, u64 va, bool write, struct engine_span *span)
{
	struct vgpu_as *space = as;
	bool readonly;

	span->ptr = vgpu_pt_lookup(space->root, va, &span->va, &span->size, &readonly);
	if (IS_ERR(span->ptr))
		return PTR_ERR(span->ptr);
	span->writable = !readonly;
	return 0;
}

/* The engine asks for pieces through this. */
const struct engine_mem_ops vgpu_as_engine_ops = {
	.translate = engine_translate,
};
