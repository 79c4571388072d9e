// SPDX-License-Identifier: GPL-2.0
/*
 * The radix table of a GPU address space: four levels of 512 entries over 48
 * bits, leaves of 2 MiB or 4 KiB that hold direct-map addresses.
 *
 * Written under vgpu_as.lock, read without a lock. A table page
 * that empties is unlinked at once and freed by the caller after a quiescent period.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "../core/user.h"
#include "mm.h"

#define ENTRIES		512
#define LEVEL_BITS	9
#define LEAF_LEVEL	0	/* 4 KiB leaves */
#define HUGE_LEVEL	1	/* 2 MiB leaves, or tables of level 0 */
#define ROOT_LEVEL	3

/* Low bits of an entry; the rest is an address, multiple of 4 KiB. */
#define E_PRESENT	BIT(0)
#define E_HUGE		BIT(1)
#define E_READONLY	BIT(2)
#define E_ABSENT	BIT(3)		/* alone, at the huge level: 2 MiB to be backed at first touch */
#define E_ADDR		(~0xfffUL)

/* One page; the count of entries in use is in the page's private field. */
struct vgpu_pt {
	unsigned long e[ENTRIES];
};

static unsigned int index_at(u64 va, int level)
{
	return (va >> (12 + LEVEL_BITS * level)) & (ENTRIES - 1);
}

static u64 span_at(int level)
{
	return 1ull << (12 + LEVEL_BITS * level);
}

static struct vgpu_pt *below(unsigned long e)
{
	return (struct vgpu_pt *)(e & E_ADDR);
}

static bool is_table(unsigned long e)
{
	return (e & E_PRESENT) && !(e & E_HUGE);
}

static void count_use(struct vgpu_pt *pt, int n)
{
	struct page *page = virt_to_page(pt);

	set_page_private(page, page_private(page) + n);
}

static bool is_empty(struct vgpu_pt *pt)
{
	return !page_private(virt_to_page(pt));
}

/**
 * vgpu_pt_create - an empty table page
 * @user: who it counts for
 *
 * Return: it; -EDQUOT, -ENOMEM also where the machine has no more above the reserve.
 */
struct vgpu_pt *vgpu_pt_create(struct vgpu_user *user)
{
	struct page *page = NULL;

	if (!vgpu_user_keep(user, PAGE_SIZE))
		return ERR_PTR(-EDQUOT);
	if (vgpu_vram_machine_free() >= PAGE_SIZE)
		page = vgpu_counted(VGPU_KIND_PT, alloc_page(VGPU_MEMORY_GFP));
	if (!page) {
		vgpu_user_unkeep(user, PAGE_SIZE);
		return ERR_PTR(-ENOMEM);
	}
	set_page_private(page, 0);
	return page_address(page);
}

static void free_one(struct vgpu_user *user, struct vgpu_pt *pt)
{
	set_page_private(virt_to_page(pt), 0);
	free_page((unsigned long)pt);
	vgpu_tally_add(VGPU_KIND_PT, -1);
	vgpu_user_unkeep(user, PAGE_SIZE);
}

static void free_level(struct vgpu_user *user, struct vgpu_pt *pt, int level)
{
	int i;

	for (i = 0; level > LEAF_LEVEL && i < ENTRIES; i++)
		if (is_table(pt->e[i]))
			free_level(user, below(pt->e[i]), level - 1);
	free_one(user, pt);
	cond_resched();
}

/** vgpu_pt_free - free a whole table that nobody reads any more */
void vgpu_pt_free(struct vgpu_pt *root, struct vgpu_user *user)
{
	free_level(user, root, ROOT_LEVEL);
}

static void store(struct vgpu_pt *pt, unsigned int i, unsigned long e)
{
	count_use(pt, !!e - !!pt->e[i]);
	smp_store_release(&pt->e[i], e);	/* a table's zeros before the table */
}

/* The table of @level that covers @va, made where missing. */
static struct vgpu_pt *descend(struct vgpu_as *as, u64 va, int level)
{
	struct vgpu_pt *pt = as->root;
	int l;

	for (l = ROOT_LEVEL; l > level; l--) {
		unsigned int i = index_at(va, l);

		if (WARN_ON_ONCE(pt->e[i] & (E_HUGE | E_ABSENT)))
			return ERR_PTR(-ENOMEM);
		if (!pt->e[i]) {
			struct vgpu_pt *next = vgpu_pt_create(as->user);

			if (IS_ERR(next))
				return next;
			store(pt, i, (unsigned long)next | E_PRESENT);
		}
		pt = below(pt->e[i]);
	}
	return pt;
}

/**
 * vgpu_pt_set - enter one leaf
 * @as: address space
 * @va: address, aligned to the leaf; nothing is mapped there
 * @kaddr: direct-map address of the memory
 * @huge: a leaf of 2 MiB
 * @readonly: writes fault
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int vgpu_pt_set(struct vgpu_as *as, u64 va, void *kaddr, bool huge, bool readonly)
{
	int level = huge ? HUGE_LEVEL : LEAF_LEVEL;
	struct vgpu_pt *pt = descend(as, va, level);
	unsigned long e = (unsigned long)kaddr | E_PRESENT;

	if (IS_ERR(pt))
		return PTR_ERR(pt);
	if (huge)
		e |= E_HUGE;
	if (readonly)
		e |= E_READONLY;
	store(pt, index_at(va, level), e);
	return 0;
}

/**
 * vgpu_pt_set_absent - enter 2 MiB that have no memory yet
 * @as: address space
 * @va: address, aligned to 2 MiB; nothing is mapped there
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int vgpu_pt_set_absent(struct vgpu_as *as, u64 va)
{
	struct vgpu_pt *pt = descend(as, va, HUGE_LEVEL);

	if (IS_ERR(pt))
		return PTR_ERR(pt);
	store(pt, index_at(va, HUGE_LEVEL), E_ABSENT);
	return 0;
}

/* A table of all pages of a piece, made before anybody can read it. */
static struct vgpu_pt *table_of(struct vgpu_as *as, const struct vgpu_piece *piece,
				unsigned long flags)
{
	struct vgpu_pt *pt = vgpu_pt_create(as->user);
	int i;

	for (i = 0; !IS_ERR(pt) && i < ENTRIES; i++)
		store(pt, i, (unsigned long)page_address(piece->small[i]) | flags);
	return pt;
}

/**
 * vgpu_pt_set_piece - enter a whole piece where vgpu_pt_set_absent() was
 * @as: address space
 * @va: address, aligned to 2 MiB
 * @piece: memory, backed
 * @readonly: writes fault
 *
 * Readers see it absent or whole.
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int vgpu_pt_set_piece(struct vgpu_as *as, u64 va, const struct vgpu_piece *piece, bool readonly)
{
	unsigned long flags = E_PRESENT | (readonly ? E_READONLY : 0), e;
	struct vgpu_pt *pt = descend(as, va, HUGE_LEVEL), *table;

	if (IS_ERR(pt))
		return PTR_ERR(pt);
	if (pt->e[index_at(va, HUGE_LEVEL)] != E_ABSENT)
		return 0;	/* somebody was faster */
	if (piece->huge) {
		e = (unsigned long)page_address(piece->huge) | flags | E_HUGE;
	} else {
		table = table_of(as, piece, flags);
		if (IS_ERR(table))
			return PTR_ERR(table);
		e = (unsigned long)table | E_PRESENT;
	}
	store(pt, index_at(va, HUGE_LEVEL), e);
	return 0;
}

/* Clear within one table; returns through @dead the tables that emptied. */
static void clear_level(struct vgpu_pt *pt, int level, u64 va, u64 end,
			struct list_head *dead)
{
	u64 span = span_at(level), next;

	for (; va < end; va = next) {
		unsigned int i = index_at(va, level);
		unsigned long e = pt->e[i];

		next = min(end, (va & ~(span - 1)) + span);
		if (!e)
			continue;
		if (level > LEAF_LEVEL && is_table(e)) {
			clear_level(below(e), level - 1, va, next, dead);
			cond_resched();
			if (!is_empty(below(e)))
				continue;
			list_add(&virt_to_page(below(e))->lru, dead);
		}
		store(pt, i, 0);
	}
}

/**
 * vgpu_pt_clear - clear the leaves of a range
 * @root: table
 * @va: start
 * @length: bytes; only whole leaves lie in it
 * @dead: table pages that emptied are put here; free them with vgpu_pt_free_list()
 *	once no reader can be inside
 *
 * May sleep.
 */
void vgpu_pt_clear(struct vgpu_pt *root, u64 va, u64 length, struct list_head *dead)
{
	clear_level(root, ROOT_LEVEL, va, va + length, dead);
}

/** vgpu_pt_free_list - free what vgpu_pt_clear() unlinked */
void vgpu_pt_free_list(struct list_head *dead, struct vgpu_user *user)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, dead, lru) {
		list_del(&page->lru);
		free_one(user, page_address(page));
		cond_resched();
	}
}

/* Widen [start, start + size) over neighbours that continue it in memory. */
static void widen(const struct vgpu_pt *pt, unsigned int i, unsigned long e,
		  u64 *size)
{
	while (++i < ENTRIES) {
		unsigned long n = READ_ONCE(pt->e[i]);

		e += PAGE_SIZE;
		if (n != e)
			return;
		*size += PAGE_SIZE;
	}
}

/**
 * vgpu_pt_lookup - translate an address
 * @root: table
 * @va: address
 * @start: first address of the contiguous piece that was found
 * @size: its bytes
 * @readonly: writes are not allowed
 *
 * Return: direct-map address of @start; -EFAULT where nothing is mapped, -EAGAIN
 * where vgpu_as_touch() must bring the memory first.
 */
void *vgpu_pt_lookup(const struct vgpu_pt *root, u64 va, u64 *start, u64 *size,
		     bool *readonly)
{
	const struct vgpu_pt *pt = root;
	unsigned long e = 0;
	int level;

	if (va >= VGPU_VA_END)
		return ERR_PTR(-EFAULT);
	for (level = ROOT_LEVEL; level >= LEAF_LEVEL; level--) {
		e = smp_load_acquire(&pt->e[index_at(va, level)]);	/* pairs with store() */
		if (!e)
			return ERR_PTR(-EFAULT);
		if (e & E_ABSENT)
			return ERR_PTR(-EAGAIN);
		if (e & E_HUGE)
			break;
		if (level > LEAF_LEVEL)
			pt = below(e);
	}
	level = max(level, LEAF_LEVEL);
	*start = va & ~(span_at(level) - 1);
	*size = span_at(level);
	*readonly = e & E_READONLY;
	if (level == LEAF_LEVEL)
		widen(pt, index_at(va, level), e, size);
	return (void *)(e & E_ADDR);
}
