// SPDX-License-Identifier: GPL-2.0
/*
 * VRAM is the machine's memory, taken in pieces of 2 MiB, or smaller where the
 * machine has none that large, in the caller's context so that its cgroup pays.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../core/params.h"
#include "mm.h"

#define HUGE_ORDER	(VGPU_HUGE_SHIFT - PAGE_SHIFT)

/**
 * vgpu_vram_machine_free - memory that the machine could give to VRAM now
 *
 * What is left above the reserve: so that VRAM ends with "out of memory" and
 * never with the OOM killer.
 *
 * Return: bytes.
 */
u64 vgpu_vram_machine_free(void)
{
	long pages = si_mem_available();
	long reserve = vgpu_params.reserve_mib << (20 - PAGE_SHIFT);

	return pages > reserve ? (u64)(pages - reserve) << PAGE_SHIFT : 0;
}

static void *zalloc(size_t bytes, gfp_t account)
{
	gfp_t gfp = GFP_KERNEL | account | __GFP_ZERO | __GFP_NOWARN;
	void *p = NULL;

	if (bytes <= KMALLOC_MAX_SIZE)
		p = kmalloc(bytes, gfp | (bytes > PAGE_SIZE ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL));
	if (p || bytes <= PAGE_SIZE)
		return p;
	return __vmalloc(bytes, gfp | __GFP_RETRY_MAYFAIL);
}

/**
 * vgpu_zalloc - zeroed memory of the kernel's whose size user space decides on
 * @bytes: how many
 *
 * Neither the machine's OOM killer nor a memory control group's has anything to do. May sleep.
 *
 * Return: the memory, to be freed with kvfree(), or NULL where the machine has no more above the reserve.
 */
void *vgpu_zalloc(size_t bytes)
{
	return vgpu_vram_machine_free() < bytes ? NULL : zalloc(bytes, __GFP_ACCOUNT);
}

/**
 * vgpu_zalloc_snug - vgpu_zalloc() of what is counted for its user by the byte
 * @bytes: how many
 *
 * Pages in a row come in powers of two, up to twice what is counted. Where more than an eighth would be for nothing, these
 * are single ones.
 *
 * Return: as vgpu_zalloc().
 */
void *vgpu_zalloc_snug(size_t bytes)
{
	if (bytes <= PAGE_SIZE || (PAGE_SIZE << get_order(bytes)) - bytes <= bytes / 8)
		return vgpu_zalloc(bytes);
	return vgpu_vram_machine_free() < bytes ? NULL : __vmalloc(bytes, VGPU_MEMORY_GFP);
}

/**
 * vgpu_zalloc_reserved - zeroed memory that a worker needs at once; takes from the reserve, too
 * @bytes: how many, little
 *
 * For what a context needs to go on, and whose number something bounds that counts for its user. Does not wait for a memory
 * control group, which lets whoever allocates for it sleep for seconds when it is above its limit, and workers work for all:
 * what such a one cannot pay at once nobody does.
 *
 * Return: the memory, to be freed with kvfree(), or NULL where the machine has none.
 */
void *vgpu_zalloc_reserved(size_t bytes)
{
	return kzalloc(bytes, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN) ?: zalloc(bytes, 0);
}

static const char mark;	/* where the private field of VRAM's pages points, and of no others */

static struct page *alloc_order(unsigned int order)
{
	gfp_t gfp = VGPU_MEMORY_GFP;
	struct page *page;

	if (order)
		gfp |= __GFP_COMP;
	page = alloc_pages(gfp, order);
	if (!page)
		return NULL;
	set_page_private(page, (unsigned long)&mark);
	vgpu_tally_add(VGPU_KIND_VRAM, 1 << order);
	return page;
}

static void free_order(struct page *page, unsigned int order)
{
	set_page_private(page, 0);
	__free_pages(page, order);
	vgpu_tally_add(VGPU_KIND_VRAM, -(1 << order));
}

/** vgpu_vram_has - whether a page that somebody holds is VRAM */
bool vgpu_vram_has(struct page *page)
{
	return page_private(compound_head(page)) == (unsigned long)&mark;
}

/* Fill a table of pages from blocks as large as can be had. */
static int alloc_small(struct vgpu_piece *piece, unsigned int npages)
{
	unsigned int i = 0, k, order = HUGE_ORDER - 1;

	piece->small = vgpu_counted(VGPU_KIND_PIECES, vgpu_zalloc(VGPU_HUGE_PAGES * sizeof(*piece->small)));
	if (!piece->small)
		return -ENOMEM;
	while (i < npages) {
		struct page *page;

		order = min_t(unsigned int, order, ilog2(npages - i));
		page = alloc_order(order);
		if (!page) {
			if (!order)
				return -ENOSPC;
			order--;
			continue;
		}
		for (k = 0; k < 1u << order; k++)
			piece->small[i + k] = page + k;
		i += 1u << order;
	}
	return 0;
}

/**
 * vgpu_vram_alloc - back a piece with zeroed memory
 * @piece: where it goes, zeroed before
 * @npages: pages, at most 2 MiB of them
 *
 * Return: 0, -ENOSPC, -ENOMEM, or -EINTR when the caller is being killed. On an error
 * vgpu_vram_free() frees what was had.
 */
int vgpu_vram_alloc(struct vgpu_piece *piece, unsigned int npages)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (vgpu_vram_machine_free() < (u64)npages << PAGE_SHIFT)
		return -ENOSPC;
	if (npages == VGPU_HUGE_PAGES) {
		piece->huge = alloc_order(HUGE_ORDER);
		if (piece->huge)
			return 0;
	}
	return alloc_small(piece, npages);
}

/** vgpu_vram_free - free a piece; pages that are mapped by a process live on until unmapped */
void vgpu_vram_free(struct vgpu_piece *piece)
{
	unsigned int i = 0;

	if (piece->huge)
		free_order(piece->huge, HUGE_ORDER);
	piece->huge = NULL;
	if (!piece->small)
		return;
	while (i < VGPU_HUGE_PAGES && piece->small[i]) {
		struct page *page = piece->small[i];
		unsigned int order = compound_order(page);

		free_order(page, order);
		i += 1u << order;
	}
	vgpu_counted_free(VGPU_KIND_PIECES, piece->small);
	piece->small = NULL;
}
