// SPDX-License-Identifier: GPL-2.0
/*
 * Sparse buffers: on a device that claims more VRAM than the machine has
 * memory, whole pieces are backed when they are first touched, by a copy, a
 * user mapping, or a block of a kernel. The charge against the claimed VRAM is made at once.
 *
 * Locks: vgpu_store.backing, under which a piece is backed and published; taken inside no other lock of
 * ours, so that waiting for memory holds nobody up.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "mm.h"

/**
 * vgpu_sparse_wanted - whether a new buffer is to be sparse
 * @dev: device
 * @length: bytes
 * @flags: VGPU_BO_*; managed memory is the process's as well and backed at once
 *
 * Return: true where devices have more memory than the machine, and the buffer is no small one.
 */
bool vgpu_sparse_wanted(const struct vgpu_device *dev, u64 length, u32 flags)
{
	return dev->vram_bytes >> PAGE_SHIFT > totalram_pages() && length >= VGPU_HUGE_SIZE &&
	       !(flags & VGPU_BO_MANAGED);
}

/**
 * vgpu_sparse_init - make a new store sparse, in the context of who pays for it
 * @store: store without pieces
 * @ctx: context whose buffer it is
 */
void vgpu_sparse_init(struct vgpu_store *store, struct vgpu_ctx *ctx)
{
	mutex_init(&store->backing);
	store->memcg = get_mem_cgroup_from_mm(current->mm);
	store->absent = store->length;
	store->counted_by = ctx;
	atomic64_add(store->length, &ctx->vram_absent);
	atomic64_add(store->length, &store->dev->cnt.vram_promised);
	store->sparse = true;
}

/** vgpu_sparse_uncount - the buffer that a store was made for ends; others may live on */
void vgpu_sparse_uncount(struct vgpu_store *store)
{
	if (!store->sparse)
		return;
	mutex_lock(&store->backing);
	atomic64_sub(store->absent, &store->counted_by->vram_absent);
	store->counted_by = NULL;
	mutex_unlock(&store->backing);
}

/** vgpu_sparse_fini - the end of a store, sparse or not */
void vgpu_sparse_fini(struct vgpu_store *store)
{
	if (store->sparse)
		atomic64_sub(store->absent, &store->dev->cnt.vram_promised);
	if (store->memcg)
		mem_cgroup_put(store->memcg);
}

/**
 * vgpu_store_backed - whether a piece has memory
 * @store: store
 * @piece: its number, below npieces
 *
 * Return: true if so; what it leads to is zeroed then.
 */
bool vgpu_store_backed(const struct vgpu_store *store, unsigned long piece)
{
	const struct vgpu_piece *p = &store->pieces[piece];

	/* pairs with publish() */
	return smp_load_acquire(&p->huge) || smp_load_acquire(&p->small);
}

/* A piece of a store is backed from here on; under its lock. */
static void publish(struct vgpu_store *store, unsigned long piece, const struct vgpu_piece *fresh,
		    u64 bytes)
{
	struct vgpu_piece *to = &store->pieces[piece];

	if (fresh->huge)	/* zeroed memory before what leads to it: pairs with vgpu_store_backed() */
		smp_store_release(&to->huge, fresh->huge);
	else			/* likewise */
		smp_store_release(&to->small, fresh->small);
	store->absent -= bytes;
	atomic64_sub(bytes, &store->dev->cnt.vram_promised);
	if (store->counted_by)
		atomic64_sub(bytes, &store->counted_by->vram_absent);
}

/**
 * vgpu_store_back - back a piece of a sparse store with zeroed memory
 * @store: store
 * @piece: its number, below npieces
 *
 * Called by whoever touches it: the maker's control group pays.
 *
 * Return: as vgpu_vram_alloc(), or -EINTR for a killed caller.
 */
int vgpu_store_back(struct vgpu_store *store, unsigned long piece)
{
	u64 bytes = min(store->length - ((u64)piece << VGPU_HUGE_SHIFT), VGPU_HUGE_SIZE);
	struct vgpu_piece fresh = {};
	struct mem_cgroup *old;
	int rc = 0;

	if (mutex_lock_killable(&store->backing))
		return -EINTR;
	if (!vgpu_store_backed(store, piece)) {
		old = set_active_memcg(store->memcg);
		rc = vgpu_vram_alloc(&fresh, bytes >> PAGE_SHIFT);
		set_active_memcg(old);
		if (rc)
			vgpu_vram_free(&fresh);
		else
			publish(store, piece, &fresh, bytes);
	}
	mutex_unlock(&store->backing);
	return rc;
}

/**
 * vgpu_store_back_range - back all pieces of a range
 * @store: store; one that is not sparse has its memory
 * @offset: first byte
 * @length: bytes, may be 0; inside the store
 *
 * Return: as vgpu_vram_alloc().
 */
int vgpu_store_back_range(struct vgpu_store *store, u64 offset, u64 length)
{
	unsigned long i = offset >> VGPU_HUGE_SHIFT;
	unsigned long end = DIV_ROUND_UP_ULL(offset + length, VGPU_HUGE_SIZE);
	int rc = 0;

	if (!store->sparse || !length)
		return 0;
	for (; i < end && !rc; i++) {
		rc = vgpu_store_back(store, i);
		cond_resched();
	}
	return rc;
}
EXPORT_SYMBOL_VGPU(vgpu_store_back_range);

/* The sparse store that an address shows, and which of its pieces; NULL: none. Under the lock. */
static struct vgpu_store *store_at(const struct vgpu_mapping *m, u64 va, unsigned long *piece)
{
	struct vgpu_store *store = m ? vgpu_obj_store(m->obj) : NULL;

	if (!store || !store->sparse)
		return NULL;
	*piece = (va - m->va + m->offset) >> VGPU_HUGE_SHIFT;
	return store;
}

/* Once it is backed: enter it, if it is still what the address shows. */
static int enter(struct vgpu_as *as, u64 va)
{
	struct vgpu_mapping *m = vgpu_as_mapping(as, va);
	unsigned long piece;
	struct vgpu_store *store = store_at(m, va, &piece);

	if (!store || !vgpu_store_backed(store, piece))
		return 0;	/* the next look at the address says what is wrong */
	return vgpu_pt_set_piece(as, ALIGN_DOWN(va, VGPU_HUGE_SIZE), &store->pieces[piece],
				 m->readonly);
}

/**
 * vgpu_as_touch - bring the memory of an address
 * @as: address space; the caller holds neither its lock nor a slice
 * @va: an address at which the translation said -EAGAIN
 *
 * Return: 0 when the translation is worth another look, -ENOSPC, -ENOMEM, -EDQUOT or -EINTR.
 */
int vgpu_as_touch(struct vgpu_as *as, u64 va)
{
	struct vgpu_store *store;
	unsigned long piece;
	int rc;

	if (down_read_killable(&as->lock))
		return -EINTR;
	store = store_at(vgpu_as_mapping(as, va), va, &piece);
	if (store)
		kref_get(&store->ref);
	up_read(&as->lock);
	if (!store)
		return 0;
	rc = vgpu_store_back(store, piece);
	if (!rc && down_write_killable(&as->lock)) {
		rc = -EINTR;
	} else if (!rc) {
		rc = enter(as, va);
		up_write(&as->lock);
	}
	vgpu_store_put(store);
	return rc;
}
