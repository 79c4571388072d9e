// SPDX-License-Identifier: GPL-2.0
/*
 * Memory shared between contexts, of one process or of several: by a file
 * descriptor, or by a token that is handed on in any way.
 *
 * A token is 128 random bits: who knows it was told.  It opens the memory as
 * long as the buffer it was drawn for exists.  A descriptor keeps the memory itself.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "../core/ioctl.h"
#include "mm.h"

static DEFINE_SPINLOCK(lock);	/* protects the table and vgpu_store.listed */
static DEFINE_HASHTABLE(tokens, 12);

static u64 key(const u8 *token)
{
	u64 k;

	memcpy(&k, token, sizeof(k));
	return k;
}

/** vgpu_store_unlist - the buffer that a token was drawn for ends */
void vgpu_store_unlist(struct vgpu_store *store)
{
	spin_lock(&lock);
	if (store->listed)
		hash_del(&store->node);
	store->listed = false;
	spin_unlock(&lock);
}

/* The token, drawn when first asked for; -ENOENT when the buffer is ending. */
static int list(struct vgpu_bo *bo, u8 *token)
{
	struct vgpu_store *store = bo->store;
	u8 drawn[VGPU_TOKEN_LEN];
	int rc = 0;

	get_random_bytes(drawn, sizeof(drawn));
	spin_lock(&lock);
	/* end() marks the object before it detaches it, which takes our lock. */
	if (READ_ONCE(bo->obj.gone)) {
		rc = -ENOENT;
	} else if (!store->listed) {
		memcpy(store->token, drawn, sizeof(store->token));
		hash_add(tokens, &store->node, key(store->token));
		store->listed = true;
	}
	if (!rc)
		memcpy(token, store->token, VGPU_TOKEN_LEN);
	spin_unlock(&lock);
	return rc;
}

static struct vgpu_store *find(const u8 *token)
{
	struct vgpu_store *store;

	spin_lock(&lock);
	hash_for_each_possible(tokens, store, node, key(token)) {
		if (!memcmp(store->token, token, VGPU_TOKEN_LEN)) {
			/* What is listed has a buffer, and so a reference. */
			kref_get(&store->ref);
			spin_unlock(&lock);
			return store;
		}
	}
	spin_unlock(&lock);
	return ERR_PTR(-ENOENT);
}

static int release(struct inode *inode, struct file *file)
{
	vgpu_store_put(file->private_data);
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.release = release,
};

/**
 * vgpu_store_fd - a descriptor that keeps memory, for OPEN_SHARED
 * @store: memory
 *
 * Return: the descriptor, or a negative errno.
 */
int vgpu_store_fd(struct vgpu_store *store)
{
	int fd;

	kref_get(&store->ref);
	fd = anon_inode_getfd("[vgpu-memory]", &fops, store, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vgpu_store_put(store);
	return fd;
}
EXPORT_SYMBOL_VGPU(vgpu_store_fd);

/* A number and a file, not yet under it. */
static int make_fd(struct vgpu_share_call *call, struct vgpu_store *store)
{
	struct file *file;
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	kref_get(&store->ref);
	file = anon_inode_getfile("[vgpu-memory]", &fops, store, O_RDWR);
	if (IS_ERR(file)) {
		vgpu_store_put(store);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	call->file = file;
	call->a.fd = fd;
	return 0;
}

/** vgpu_share_told - the descriptor begins to exist, or never has */
void vgpu_share_told(struct vgpu_file *vf, void *arg, bool told)
{
	struct vgpu_share_call *call = arg;

	if (call->a.flags != VGPU_SHARE_FD)
		return;
	if (told) {
		fd_install(call->a.fd, call->file);
	} else {
		put_unused_fd(call->a.fd);
		fput(call->file);
	}
}

static struct vgpu_store *from_fd(int fd)
{
	struct file *file = fget(fd);
	struct vgpu_store *store;

	if (!file)
		return ERR_PTR(-EBADF);
	store = file->f_op == &fops ? file->private_data : ERR_PTR(-EINVAL);
	if (!IS_ERR(store))
		kref_get(&store->ref);
	fput(file);
	return store;
}

/**
 * vgpu_store_from_fd - memory that is ours, which a descriptor of vgpu_store_fd() keeps
 * @dev: device whose memory it must be
 * @fd: descriptor
 *
 * Before vgpu_store_page() may be asked for pages, vgpu_store_back_range() has to back them.
 *
 * Return: it, with a reference; -EBADF, -EINVAL for a descriptor of another kind or another
 * device, -EOPNOTSUPP for another driver's memory.
 */
struct vgpu_store *vgpu_store_from_fd(struct vgpu_device *dev, int fd)
{
	struct vgpu_store *store = from_fd(fd);
	int rc = 0;

	if (IS_ERR(store))
		return store;
	if (store->dev != dev)
		rc = -EINVAL;
	else if (store->kaddr)
		rc = -EOPNOTSUPP;
	if (!rc)
		return store;
	vgpu_store_put(store);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_VGPU(vgpu_store_from_fd);

int vgpu_ioctl_share(struct vgpu_file *vf, void *arg)
{
	struct vgpu_share_call *call = arg;
	struct vgpu_share *a = &call->a;
	struct vgpu_bo *bo;
	int rc;

	if (a->flags != VGPU_SHARE_FD && a->flags != VGPU_SHARE_TOKEN)
		return -EINVAL;
	bo = vgpu_bo_get(vf, a->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	a->length = bo->length;
	if (a->flags == VGPU_SHARE_FD) {
		rc = make_fd(call, bo->store);
	} else {
		a->fd = -1;
		rc = bo->opened ? -EINVAL : list(bo, a->token);
	}
	vgpu_obj_put(&bo->obj);
	return rc;
}

static int open_in(struct vgpu_file *vf, struct vgpu_ctx *ctx, struct vgpu_store *store, u32 *handle)
{
	struct vgpu_bo *bo;
	int rc = vgpu_ctx_usable(ctx);

	if (rc)
		return rc;
	bo = vgpu_bo_open(ctx, store);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	kref_get(&store->ref);
	rc = vgpu_obj_publish(vf, &bo->obj, handle);
	if (rc)
		vgpu_obj_put(&bo->obj);
	return rc;
}

int vgpu_ioctl_open_shared(struct vgpu_file *vf, void *arg)
{
	struct vgpu_open_shared *a = arg;
	struct vgpu_store *store;
	struct vgpu_ctx *ctx;
	int rc;

	if (a->flags != VGPU_SHARE_FD && a->flags != VGPU_SHARE_TOKEN)
		return -EINVAL;
	ctx = vgpu_ctx_get(vf, a->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	store = a->flags == VGPU_SHARE_FD ? from_fd(a->fd) : find(a->token);
	if (IS_ERR(store)) {
		rc = PTR_ERR(store);
	} else {
		a->length = store->length;
		a->device = store->dev->index;
		rc = open_in(vf, ctx, store, &a->handle);
		vgpu_store_put(store);
	}
	vgpu_ctx_put(ctx);
	return rc;
}
