/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences of memory management between the kernels that the module is built for (6.1 to 7.x), so that no
 * other file of this folder asks for a version.
 */
#ifndef _VGPU_MM_COMPAT_H
#define _VGPU_MM_COMPAT_H

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/version.h>

/*
 * What to ask for so that pages of the calling process are seen as it writes them later: pages of its own, not those that it shares
 * until then. From @va on, for @n pages, or fewer, all alike; under mmap_read_lock().
 *
 * Until 6.2 a pin that only reads takes the page that a private mapping shares: the zero page, a file's, which
 * the first write replaces. Such mappings are pinned as if for writing, also those that cannot be written (yet). The
 * others must not be: a shared mapping's pages are everybody's already, and what is not readable stays refused.
 *
 * A page that is shared is there, but is to be replaced by the process's own: so faults are allowed, which then wait for nobody.
 */
static inline unsigned int vgpu_pin_to_read(unsigned long va, unsigned long *n)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	struct vm_area_struct *vma = find_vma(current->mm, va);

	if (vma) {
		*n = min(*n, (vma->vm_end - va) >> PAGE_SHIFT);
		if (is_cow_mapping(vma->vm_flags) && (vma->vm_flags & VM_READ))
			return FOLL_WRITE | FOLL_FORCE;
	}
#endif
	return 0;
}

/*
 * Whether pages of the calling process may be pinned to be written: from @va on, for @n pages, or fewer, all alike; under
 * mmap_read_lock(). From 6.5 on the kernel asks itself. Pages of a file whose file system watches writes would be written behind
 * its back; and who lets go of them waits for their lock, which the process that serves them (FUSE) may hold for as long as it likes.
 */
static inline bool vgpu_may_pin_to_write(unsigned long va, unsigned long *n)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	struct vm_area_struct *vma = find_vma(current->mm, va);

	if (!vma)
		return true;	/* pinning says what is wrong */
	*n = min(*n, (vma->vm_end - va) >> PAGE_SHIFT);
	if ((vma->vm_flags & VM_SHARED) && vma->vm_ops && (vma->vm_ops->page_mkwrite || vma->vm_ops->pfn_mkwrite))
		return false;
#endif
	return true;
}

/* Pin pages of the calling process for long; under mmap_read_lock(). Returns how many, or an error. */
static inline long vgpu_pin_pages(unsigned long va, unsigned long n, unsigned int gup, struct page **pages)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	return pin_user_pages(va, n, gup | FOLL_LONGTERM, pages, NULL);
#else
	return pin_user_pages(va, n, gup | FOLL_LONGTERM, pages);
#endif
}

#endif
