/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The face of driver/mm: VRAM, buffer objects, GPU address spaces, user
 * mappings, registered host memory, copies.
 *
 * Locks: vgpu_as.lock (a rwsem) protects the mappings and is held for writing by
 * whoever changes the table, for reading by MEM_COPY; nobody touches user memory under it. The table itself is read
 * without a lock: by workers inside a slice (see sched/slice.c) and by holders of the lock. Memory that
 * was mapped is freed only after vgpu_sched_quiesce().
 */
#ifndef _VGPU_MM_MM_H
#define _VGPU_MM_MM_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "../core/face.h"
#include "../core/vgpu.h"

#define VGPU_HUGE_SHIFT		21
#define VGPU_HUGE_PAGES		(1u << (VGPU_HUGE_SHIFT - PAGE_SHIFT))

struct vm_area_struct;

/**
 * struct vgpu_piece - 2 MiB of VRAM (the last one of a buffer may be shorter)
 * @huge: one compound page of 2 MiB, or
 * @small: a table of its pages, NULL beyond the end
 */
struct vgpu_piece {
	struct page *huge;
	struct page **small;
};

struct mem_cgroup;

/**
 * struct vgpu_store - the memory of a buffer, of which there can be several (share.c)
 * @ref: references: of buffers and of file descriptors
 * @dev: the device whose VRAM it is; referenced
 * @length: bytes
 * @npieces: number of
 * @pieces: the memory, or
 * @kaddr: memory that is not ours, one range of kernel addresses
 * @ops: how that is let go
 * @priv: for it
 * @sparse: whole pieces are backed when first touched; see sparse.c
 * @backing: held while a piece of a sparse store is backed; protects the two below
 * @absent: bytes of it that have no memory yet
 * @counted_by: the context that counts these too, while its buffer exists
 * @memcg: whose maker pays for what is backed later; NULL without one
 * @node: in the table of tokens, while @listed
 * @listed: it can be opened by @token; under the table's lock
 * @token: drawn when first asked for
 */
struct vgpu_store {
	struct kref ref;
	struct vgpu_device *dev;
	u64 length;
	unsigned long npieces;
	struct vgpu_piece *pieces;
	void *kaddr;
	const struct vgpu_store_ops *ops;
	void *priv;
	bool sparse;
	struct mutex backing;
	u64 absent;
	struct vgpu_ctx *counted_by;
	struct mem_cgroup *memcg;
	struct hlist_node node;
	bool listed;
	u8 token[VGPU_TOKEN_LEN];
};

/**
 * struct vgpu_bo - a buffer object
 * @obj: head
 * @length: bytes, multiple of 4 KiB
 * @flags: VGPU_BO_*
 * @opened: made by OPEN_SHARED: its memory is another buffer's and counted there
 * @maps: its mappings (struct vgpu_mapping.owner_link), under the address space's lock
 * @store: its memory
 * @vmas: user mappings of it
 */
struct vgpu_bo {
	struct vgpu_obj obj;
	u64 length;
	u32 flags;
	bool opened;
	struct list_head maps;
	struct vgpu_store *store;
	atomic_t vmas;
};

/* The memory of a buffer, NULL for an object of another kind. */
static inline struct vgpu_store *vgpu_obj_store(struct vgpu_obj *obj)
{
	return obj->type == VGPU_OBJ_BO ? container_of(obj, struct vgpu_bo, obj)->store : NULL;
}

/* ---- huge.c: huge pages of which some pages are pinned */
void vgpu_huge_init(struct vgpu_huge *g);
int vgpu_huge_cover(struct vgpu_huge *g, struct page **pages, unsigned long n, long *more);
long vgpu_huge_uncover(struct vgpu_huge *g, struct page **pages, unsigned long n);

/**
 * struct vgpu_host - registered host memory
 * @obj: head
 * @va: address on both sides
 * @npages: pinned pages
 * @pages: they
 * @writable: pinned for writing
 * @maps: its mapping, under the address space's lock
 */
struct vgpu_host {
	struct vgpu_obj obj;
	u64 va;
	unsigned long npages;
	struct page **pages;
	bool writable;
	struct list_head maps;
};

/**
 * struct vgpu_mapping - a range of the address space
 * @node: in vgpu_as.maps, by @va
 * @va: first address
 * @length: bytes
 * @readonly: GPU writes fault
 * @obj: buffer or host memory behind it; holds a reference
 * @offset: first byte in it
 * @owner_link: in the maps of @obj
 */
struct vgpu_mapping {
	struct rb_node node;
	u64 va;
	u64 length;
	bool readonly;
	struct vgpu_obj *obj;
	u64 offset;
	struct list_head owner_link;
};

struct vgpu_pt;

/**
 * struct vgpu_as - a GPU address space
 * @lock: see above
 * @maps: mappings by address
 * @nmaps: how many
 * @hint: where the search for a free range begins
 * @root: the radix table
 * @user: who its tables and mappings count for
 */
struct vgpu_as {
	struct rw_semaphore lock;
	struct rb_root maps;
	unsigned int nmaps;
	u64 hint;
	struct vgpu_pt *root;
	struct vgpu_user *user;
};

/* ---- vram.c: memory itself */
/* Zeroed, paid for by the caller, and without the OOM killer. */
#define VGPU_MEMORY_GFP	(VGPU_GFP | __GFP_ZERO)
u64 vgpu_vram_machine_free(void);
void *vgpu_zalloc(size_t bytes);
void *vgpu_zalloc_snug(size_t bytes);
void *vgpu_zalloc_reserved(size_t bytes);
bool vgpu_vram_has(struct page *page);
int vgpu_vram_alloc(struct vgpu_piece *piece, unsigned int npages);
void vgpu_vram_free(struct vgpu_piece *piece);

/* ---- bo.c */
struct vgpu_bo *vgpu_bo_get(struct vgpu_file *vf, u32 handle);
struct vgpu_bo *vgpu_bo_open(struct vgpu_ctx *ctx, struct vgpu_store *store);

/* ---- sparse.c: VRAM that is backed when first touched */
bool vgpu_sparse_wanted(const struct vgpu_device *dev, u64 length, u32 flags);
void vgpu_sparse_init(struct vgpu_store *store, struct vgpu_ctx *ctx);
void vgpu_sparse_uncount(struct vgpu_store *store);
void vgpu_sparse_fini(struct vgpu_store *store);
bool vgpu_store_backed(const struct vgpu_store *store, unsigned long piece);
int vgpu_store_back(struct vgpu_store *store, unsigned long piece);
int vgpu_as_touch(struct vgpu_as *as, u64 va);

/* ---- share.c */
void vgpu_store_unlist(struct vgpu_store *store);

/* ---- table.c: the radix table */
struct vgpu_pt *vgpu_pt_create(struct vgpu_user *user);
void vgpu_pt_free(struct vgpu_pt *root, struct vgpu_user *user);
int vgpu_pt_set(struct vgpu_as *as, u64 va, void *kaddr, bool huge, bool readonly);
int vgpu_pt_set_absent(struct vgpu_as *as, u64 va);
int vgpu_pt_set_piece(struct vgpu_as *as, u64 va, const struct vgpu_piece *piece, bool readonly);
void vgpu_pt_clear(struct vgpu_pt *root, u64 va, u64 length, struct list_head *dead);
void vgpu_pt_free_list(struct list_head *dead, struct vgpu_user *user);
void *vgpu_pt_lookup(const struct vgpu_pt *root, u64 va, u64 *start, u64 *size, bool *readonly);

/* ---- as.c: mappings */
struct vgpu_as *vgpu_as_create(struct vgpu_user *user);
void vgpu_as_free(struct vgpu_as *as);
struct vgpu_mapping *vgpu_mapping_alloc(struct vgpu_as *as);
void vgpu_mapping_free(struct vgpu_as *as, struct vgpu_mapping *m);
int vgpu_as_map(struct vgpu_as *as, struct vgpu_mapping *m);
int vgpu_as_map_anywhere(struct vgpu_as *as, struct vgpu_mapping *m, u64 align, u64 *va);
int vgpu_as_unmap(struct vgpu_as *as, u64 va, u64 length);
void vgpu_as_unmap_all(struct vgpu_as *as, struct list_head *maps);
struct vgpu_mapping *vgpu_as_mapping(struct vgpu_as *as, u64 va);
struct vgpu_obj *vgpu_as_hold(struct vgpu_as *as, u64 va, u64 *left);
void *vgpu_as_translate(struct vgpu_as *as, u64 va, bool write, u64 *span);
extern const struct engine_mem_ops vgpu_as_engine_ops;

/* ---- mmap.c */
#define VGPU_COOKIE_SHIFT	40
#define VGPU_COOKIE_KERNEL	(1ull << 39)	/* a queue's kernel area */
static inline u64 vgpu_cookie(u32 handle)
{
	return (u64)handle << VGPU_COOKIE_SHIFT;
}

int vgpu_mmap(struct file *file, struct vm_area_struct *vma);
int vgpu_mmap_finish(struct vm_area_struct *vma, struct vgpu_obj *obj,
		     struct page *(*page)(struct vgpu_obj *obj, unsigned long index),
		     unsigned long first);

#endif
