// SPDX-License-Identifier: GPL-2.0
/*
 * Clients: several open files that are accounted as one, which an fdinfo tells of (driver/drm).
 * A client's usage is that of the live contexts of its files, and what those used that have ended.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "face.h"
#include "vgpu.h"

/**
 * struct vgpu_client - who
 * @ref: references: of files and of who made it
 * @ended_ns: worker time of contexts that have ended
 */
struct vgpu_client {
	struct kref ref;
	atomic64_t ended_ns;
};

/** vgpu_client_create - a client without files, NULL without memory */
struct vgpu_client *vgpu_client_create(void)
{
	struct vgpu_client *client = vgpu_counted(VGPU_KIND_CLIENT, kzalloc(sizeof(*client), VGPU_GFP));

	if (client)
		kref_init(&client->ref);
	return client;
}
EXPORT_SYMBOL_VGPU(vgpu_client_create);

static void free_client(struct kref *ref)
{
	vgpu_counted_free(VGPU_KIND_CLIENT, container_of(ref, struct vgpu_client, ref));
}

/** vgpu_client_put - drop a reference; NULL is fine */
void vgpu_client_put(struct vgpu_client *client)
{
	if (client)
		kref_put(&client->ref, free_client);
}
EXPORT_SYMBOL_VGPU(vgpu_client_put);

/**
 * vgpu_client_attach - an open file is the client's from here on
 * @client: client
 * @dev: device that the file must be of
 * @fd: descriptor of it
 *
 * Return: 0, also when it was already; -EBUSY when it is another's, -EBADF, -EINVAL for another
 * kind of file or another device.
 */
int vgpu_client_attach(struct vgpu_client *client, struct vgpu_device *dev, int fd)
{
	struct vgpu_client *old;
	struct vgpu_file *vf;
	struct file *file = vgpu_file_from_fd(fd, &vf);
	int rc = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	kref_get(&client->ref);
	old = vf->dev == dev ? cmpxchg(&vf->client, NULL, client) : ERR_PTR(-EINVAL);
	if (IS_ERR(old))
		rc = PTR_ERR(old);
	else if (old && old != client)
		rc = -EBUSY;
	if (old)
		vgpu_client_put(client);
	fput(file);
	return rc;
}
EXPORT_SYMBOL_VGPU(vgpu_client_attach);

/** vgpu_client_ctx_end - a context leaves the device's list; under ctx_lock */
void vgpu_client_ctx_end(struct vgpu_ctx *ctx)
{
	struct vgpu_client *client = READ_ONCE(ctx->file->client);

	if (client)
		atomic64_add(atomic64_read(&ctx->cnt.busy_ns), &client->ended_ns);
}

struct look {
	const struct vgpu_client *client;
	struct vgpu_client_usage *usage;
};

static bool add_ctx(struct vgpu_ctx *ctx, void *arg)
{
	struct look *l = arg;
	u64 vram, absent;

	if (READ_ONCE(ctx->file->client) != l->client)
		return true;
	/* What is being counted just now must not make the difference negative. */
	absent = atomic64_read(&ctx->vram_absent);
	vram = atomic64_read(&ctx->cnt.vram_used);
	l->usage->contexts++;
	l->usage->vram += vram;
	l->usage->absent += min(absent, vram);
	l->usage->busy_ns += atomic64_read(&ctx->cnt.busy_ns);
	return true;
}

/**
 * vgpu_client_usage - what a client uses now
 * @client: client
 * @dev: device that its files are of
 * @usage: where it goes
 *
 * The time of a context that ends meanwhile may be missing, and is there the next time.
 */
void vgpu_client_usage(struct vgpu_client *client, struct vgpu_device *dev,
		       struct vgpu_client_usage *usage)
{
	struct look look = { client, usage };

	memset(usage, 0, sizeof(*usage));
	usage->busy_ns = atomic64_read(&client->ended_ns);
	vgpu_ctx_each(dev, add_ctx, &look);
}
EXPORT_SYMBOL_VGPU(vgpu_client_usage);
