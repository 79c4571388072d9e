// SPDX-License-Identifier: GPL-2.0
/*
 * Code objects: the engine takes a private copy of the bytes and verifies it; what it allocates for that is
 * charged to the context and its user first.
 */
#include <linux/uaccess.h>

#include "../mm/mm.h"
#include "../sched/sched.h"
#include "code.h"
#include "ioctl.h"
#include "user.h"
#include "vgpu.h"

#define MAX_IMAGE	(64u << 20)
#define MAX_CODE_BYTES	(1ull << 30)	/* a context's, images and their decoded form */
#define MSG_BYTES	256

/**
 * struct loading - an image on its way to the engine
 * @image: what the engine sees of it
 * @code: the code object; pays
 * @bytes: where the process has it
 */
struct loading {
	struct engine_image image;
	struct vgpu_code *code;
	const void __user *bytes;
};

static int copy_image(const struct engine_image *image, void *to)
{
	const struct loading *l = container_of(image, struct loading, image);

	return copy_from_user(to, l->bytes, image->size) ? -EFAULT : 0;
}

static void uncharge(struct vgpu_code *code, u64 bytes)
{
	struct vgpu_ctx *ctx = code->obj.ctx;

	code->bytes -= bytes;
	vgpu_user_unhold_code(ctx->user, bytes);
	atomic64_sub(bytes, &ctx->code_bytes);
}

static bool charge(const struct engine_image *image, s64 bytes)
{
	struct vgpu_code *code = container_of(image, struct loading, image)->code;
	struct vgpu_ctx *ctx = code->obj.ctx;

	if (bytes < 0) {
		uncharge(code, -bytes);
		return true;
	}
	/* The user's last: what is not to be is then never counted where other processes would be refused for it. */
	if (!vgpu_charge(&ctx->code_bytes, bytes, MAX_CODE_BYTES))
		return false;
	if (!vgpu_user_hold_code(ctx->user, bytes)) {
		atomic64_sub(bytes, &ctx->code_bytes);
		return false;
	}
	code->bytes += bytes;
	return true;
}

static void free_code(struct vgpu_obj *obj)
{
	struct vgpu_code *code = container_of(obj, struct vgpu_code, obj);

	if (code->engine)
		engine_code_put(code->engine);
	uncharge(code, code->bytes);
	vgpu_counted_free(VGPU_KIND_CODE, code);
}

static const struct vgpu_obj_ops code_ops = { .free = free_code };

static int give_log(const struct vgpu_code_load *c, const char *msg)
{
	size_t n = strlen(msg) + 1;

	if (!c->log || !c->log_size)
		return 0;
	n = min_t(size_t, n, c->log_size);
	if (copy_to_user(u64_to_user_ptr(c->log), msg, n) ||
	    put_user('\0', (char __user *)u64_to_user_ptr(c->log) + n - 1))
		return -EFAULT;
	return 0;
}

static int load(struct vgpu_code *code, const struct vgpu_code_load *c)
{
	const struct loading l = {
		.image = { .size = c->image_size, .copy = copy_image, .charge = charge },
		.code = code,
		.bytes = u64_to_user_ptr(c->image),
	};
	char msg[MSG_BYTES] = "";
	int rc, lrc;

	rc = engine_code_load_image(&l.image, &code->engine, msg, sizeof(msg));
	lrc = give_log(c, msg);
	if (rc == -EINVAL)
		return -EBADMSG;
	return rc ?: lrc;
}

int vgpu_ioctl_code_load(struct vgpu_file *vf, void *arg)
{
	struct vgpu_code_load *c = arg;
	struct vgpu_code *code;
	struct vgpu_ctx *ctx;
	int rc;

	if (c->flags || !c->image_size)
		return -EINVAL;
	if (c->image_size > MAX_IMAGE)
		return -EDQUOT;
	ctx = vgpu_ctx_get(vf, c->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rc = vgpu_ctx_usable(ctx);
	code = rc ? NULL : vgpu_counted(VGPU_KIND_CODE, vgpu_zalloc(sizeof(*code)));
	if (!code) {
		vgpu_ctx_put(ctx);
		return rc ?: -ENOMEM;
	}
	vgpu_obj_init(&code->obj, VGPU_OBJ_CODE, ctx, &code_ops);
	vgpu_ctx_put(ctx);
	rc = load(code, c);
	if (!rc) {
		c->kernels = engine_code_kernels(code->engine);
		rc = vgpu_obj_publish(vf, &code->obj, &c->handle);
	}
	if (rc)
		vgpu_obj_put(&code->obj);
	return rc;
}

static int describe(struct vgpu_device *dev, struct vgpu_code *code,
		    struct vgpu_kernel_info *k)
{
	const struct vgpu_code_kernel *ck;
	u32 max = dev->model->arch->threads_per_block;

	if (k->kernel >= engine_code_kernels(code->engine) || k->threads > max ||
	    k->launch_local_bytes > ENGINE_MAX_LOCAL || k->reserved)
		return -EINVAL;
	ck = engine_code_kernel(code->engine, k->kernel);
	k->static_shared = ck->shared_size;
	k->local_bytes = ck->local_size;
	k->param_bytes = ck->param_size;
	k->vregs = ck->vregs;
	k->max_threads = ck->max_threads ? min(ck->max_threads, max) : max;
	k->cta_bytes = 0;
	k->coop_blocks = 0;
	strscpy(k->name, engine_code_kernel_name(code->engine, k->kernel), sizeof(k->name));
	if (k->threads)
		vgpu_sched_occupancy(dev, code, k);
	return 0;
}

int vgpu_ioctl_kernel_info(struct vgpu_file *vf, void *arg)
{
	struct vgpu_kernel_info *k = arg;
	struct vgpu_obj *obj = vgpu_obj_get(vf, k->code, VGPU_OBJ_CODE);
	int rc;

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rc = describe(vf->dev, container_of(obj, struct vgpu_code, obj), k);
	vgpu_obj_put(obj);
	return rc;
}
