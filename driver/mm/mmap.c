// SPDX-License-Identifier: GPL-2.0
/*
 * mmap of buffers and of queue areas. The file offset is a cookie: the handle
 * in the upper bits, a byte offset in the lower ones. A mapping holds a reference on its object.
 *
 * Pages are entered at once; those of sparse memory when they are touched, for backing them takes memory and
 * time, and the process's address space is locked meanwhile.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "../sched/sched.h"
#include "mm.h"

#define BATCH		64ul	/* pages entered at a time */
#define MMAP_FLAGS	(VM_MIXEDMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP)

/* Keep the device's count of the buffers that are mapped. */
static void count_vma(struct vgpu_obj *obj)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);

	if (obj->type == VGPU_OBJ_BO && atomic_inc_return(&bo->vmas) == 1)
		atomic64_add(bo->length, &obj->ctx->dev->mapped_bytes);
}

static void uncount_vma(struct vgpu_obj *obj)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);

	if (obj->type == VGPU_OBJ_BO && atomic_dec_and_test(&bo->vmas))
		atomic64_sub(bo->length, &obj->ctx->dev->mapped_bytes);
}

static void vma_open(struct vm_area_struct *vma)
{
	struct vgpu_obj *obj = vma->vm_private_data;

	kref_get(&obj->ref);
	count_vma(obj);
}

static void vma_close(struct vm_area_struct *vma)
{
	uncount_vma(vma->vm_private_data);
	vgpu_obj_put(vma->vm_private_data);
}

static const struct vm_operations_struct vm_ops = {
	.open = vma_open,
	.close = vma_close,
};

static unsigned long first_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff & ((1ull << (VGPU_COOKIE_SHIFT - PAGE_SHIFT)) - 1);
}

/**
 * vgpu_store_fault - enter the page of a store that was touched, and neighbours
 * @vmf: the fault, in a mapping that is VM_MIXEDMAP
 * @store: the store
 * @i: its page, backed
 * @n: how many, backed too, may be entered from there on
 *
 * Return: as vmf_insert_page() for the page that was touched.
 */
vm_fault_t vgpu_store_fault(struct vm_fault *vmf, const struct vgpu_store *store, unsigned long i,
			    unsigned long n)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	vm_fault_t rc = vmf_insert_page(vmf->vma, addr, vgpu_store_page(store, i));

	n = min(n, (vmf->vma->vm_end - addr) >> PAGE_SHIFT);
	/* The one that was asked for is there; the others may be left out. */
	while (rc == VM_FAULT_NOPAGE && --n) {
		addr += PAGE_SIZE;
		if (vmf_insert_page(vmf->vma, addr, vgpu_store_page(store, ++i)) != VM_FAULT_NOPAGE)
			break;
	}
	return rc;
}
EXPORT_SYMBOL_VGPU(vgpu_store_fault);

/*
 * One piece is backed at most, and the page entered with its neighbours in it. In other memory than sparse one a page is
 * missing only because its process gave it back (MADV_DONTNEED), which loses nothing: it is the device's.
 */
static vm_fault_t bo_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vgpu_store *store = vgpu_obj_store(vma->vm_private_data);
	unsigned long i = first_page(vma) + vmf->pgoff - vma->vm_pgoff;
	int err = store->sparse ? vgpu_store_back(store, i / VGPU_HUGE_PAGES) : 0;

	/* Not VM_FAULT_OOM: the kernel would try again for ever, as no OOM killer was woken. */
	if (err)
		return VM_FAULT_SIGBUS;
	return vgpu_store_fault(vmf, store, i, min(BATCH - i % BATCH,
						   (unsigned long)(store->length >> PAGE_SHIFT) - i));
}

static const struct vm_operations_struct bo_ops = {
	.open = vma_open,
	.close = vma_close,
	.fault = bo_fault,
};

static void finish(struct vm_area_struct *vma, struct vgpu_obj *obj,
		   const struct vm_operations_struct *ops)
{
	count_vma(obj);
	vma->vm_private_data = obj;
	vma->vm_ops = ops;
}

/**
 * vgpu_mmap_finish - enter an object's pages into a mapping
 * @vma: the mapping
 * @obj: the object; the mapping takes over the caller's reference on success
 * @page: how to get its pages
 * @first: number of the first one
 *
 * The caller has checked that the object has as many pages as the mapping.
 *
 * Return: 0 or vm_insert_pages()'s errno.
 */
int vgpu_mmap_finish(struct vm_area_struct *vma, struct vgpu_obj *obj,
		     struct page *(*page)(struct vgpu_obj *obj, unsigned long index),
		     unsigned long first)
{
	unsigned long left = vma_pages(vma), addr = vma->vm_start, n, i;
	struct page *batch[BATCH];
	int rc;

	vgpu_vm_flags(vma, MMAP_FLAGS, 0);
	while (left) {
		n = min_t(unsigned long, left, BATCH);
		for (i = 0; i < n; i++)
			batch[i] = page(obj, first + i);
		i = n;
		rc = vm_insert_pages(vma, addr, batch, &i);
		if (rc)
			return rc;
		first += n;
		left -= n;
		addr += n << PAGE_SHIFT;
		cond_resched();
	}
	finish(vma, obj, &vm_ops);
	return 0;
}

static struct page *bo_page(struct vgpu_obj *obj, unsigned long index)
{
	return vgpu_store_page(vgpu_obj_store(obj), index);
}

static int mmap_bo(struct vm_area_struct *vma, struct vgpu_obj *obj, u64 offset)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);
	u64 length = bo->length;
	u64 want = (u64)vma_pages(vma) << PAGE_SHIFT;
	int rc;

	if (offset >= length || want > length - offset)
		return -EINVAL;
	/* Another driver's pages: only that one knows how to map them. */
	if (bo->store->kaddr)
		return -EOPNOTSUPP;
	if (bo->store->sparse) {
		vgpu_vm_flags(vma, MMAP_FLAGS, 0);
		finish(vma, obj, &bo_ops);
		return 0;
	}
	rc = vgpu_mmap_finish(vma, obj, bo_page, offset >> PAGE_SHIFT);
	if (!rc)
		vma->vm_ops = &bo_ops;
	return rc;
}

/**
 * vgpu_mmap - the file operation
 * @file: an open of a device
 * @vma: the mapping to be
 *
 * Return: 0, -ENOENT for a handle that is not there, -EINVAL for what cannot be mapped so, -EPERM for another
 * process's object, -ENOMEM.
 */
int vgpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	u64 cookie = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 offset = cookie & ((1ull << VGPU_COOKIE_SHIFT) - 1);
	struct vgpu_obj *obj = vgpu_obj_find(file->private_data, cookie >> VGPU_COOKIE_SHIFT);
	int rc = -EINVAL;

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (!(vma->vm_flags & VM_SHARED))
		rc = -EINVAL;
	else if (obj->ctx->mm != current->mm)
		rc = -EPERM;
	else if (obj->type == VGPU_OBJ_BO)
		rc = mmap_bo(vma, obj, offset);
	else if (obj->type == VGPU_OBJ_QUEUE)
		rc = vgpu_queue_mmap(vma, obj, offset);
	if (rc)
		vgpu_obj_put(obj);
	return rc;
}
