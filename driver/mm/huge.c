// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages of which some pages are pinned. A pinned page keeps the whole of it, in nobody's resident set and whatever becomes of the
 * rest, so that is what counts: for each huge page what a context has registered of it, or all of it, whichever is more.
 */
#include <linux/mm.h>
#include <linux/xarray.h>

#include "mm.h"

/** vgpu_huge_init - a context's part */
void vgpu_huge_init(struct vgpu_huge *g)
{
	mutex_init(&g->lock);
	xa_init_flags(&g->covered, XA_FLAGS_ACCOUNT);
}

/* Pages that are kept besides @covered ones of @all. */
static long besides(unsigned long all, unsigned long covered)
{
	return covered && covered < all ? all - covered : 0;
}

/* So many pages of a huge page more, or fewer: which is sure to succeed. */
static int change(struct vgpu_huge *g, struct page *head, long pages, long *more)
{
	unsigned long at = page_to_pfn(head), all = compound_nr(head), covered = 0;
	void *entry = xa_load(&g->covered, at);

	if (entry)
		covered = xa_to_value(entry);
	*more -= besides(all, covered);
	covered += pages;
	*more += besides(all, covered);
	if (covered)
		return xa_err(xa_store(&g->covered, at, xa_mk_value(covered), VGPU_GFP));
	xa_erase(&g->covered, at);
	return 0;
}

/* All of them: @sign 1 or -1. Stops at an error: how many pages are done. */
static unsigned long walk(struct vgpu_huge *g, struct page **pages, unsigned long n, int sign, long *more)
{
	unsigned long i, end;

	for (i = 0; i < n; i = end) {
		struct page *head = compound_head(pages[i]);

		for (end = i + 1; end < n && compound_head(pages[end]) == head; end++)
			;
		if (compound_nr(head) > 1 && change(g, head, sign * (long)(end - i), more))
			break;
	}
	return i;
}

/**
 * vgpu_huge_cover - pages are registered
 * @g: the context's part
 * @pages: they, pinned
 * @n: how many
 * @more: [out] pages that are kept besides, more than before; may be negative, and means nothing after an error
 *
 * Return: 0 or -ENOMEM, then nothing has changed.
 */
int vgpu_huge_cover(struct vgpu_huge *g, struct page **pages, unsigned long n, long *more)
{
	unsigned long done;

	*more = 0;
	mutex_lock(&g->lock);
	done = walk(g, pages, n, 1, more);
	if (done < n)
		walk(g, pages, done, -1, more);
	mutex_unlock(&g->lock);
	return done < n ? -ENOMEM : 0;
}

/**
 * vgpu_huge_uncover - they are no longer, and still pinned
 * @g: the context's part
 * @pages: they
 * @n: how many
 *
 * Return: pages that are kept besides, more than before; at most @n.
 */
long vgpu_huge_uncover(struct vgpu_huge *g, struct page **pages, unsigned long n)
{
	long more = 0;

	mutex_lock(&g->lock);
	walk(g, pages, n, -1, &more);
	mutex_unlock(&g->lock);
	return more;
}
