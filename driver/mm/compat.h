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
 * Pin memory of the calling process to read it for long: what the process writes there later is seen, so the pages
 * are its own. Returns what pin_user_pages_fast() does, and may pin fewer.
 *
 * Until 6.2 a pin that only reads takes the page that a private mapping shares: the zero page, a file's, which
 * the first write replaces. Such mappings are pinned as if for writing, also those that cannot be written (yet). The
 * others must not be: a shared mapping's pages are everybody's already, and what is not readable stays refused.
 */
static inline int vgpu_pin_to_read(unsigned long va, unsigned long n, struct page **pages)
{
	unsigned int gup = FOLL_LONGTERM;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	vma = find_vma(current->mm, va);
	if (vma) {
		n = min(n, (vma->vm_end - va) >> PAGE_SHIFT);
		if (is_cow_mapping(vma->vm_flags) && (vma->vm_flags & VM_READ))
			gup |= FOLL_WRITE | FOLL_FORCE;
	}
	mmap_read_unlock(current->mm);
#endif
	return pin_user_pages_fast(va, n, gup, pages);
}

#endif
