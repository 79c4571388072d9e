// SPDX-License-Identifier: GPL-2.0
/*
 * Code objects: a private copy of the bytes goes to the engine's verifier.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../mm/mm.h"
#include "../sched/sched.h"
#include "code.h"
#include "ioctl.h"
#include "user.h"
#include "vgpu.h"

#define MAX_IMAGE	(64u << 20)
#define MAX_CODE_BYTES	(1ull << 30)	/* decoded, a context */
#define MSG_BYTES	256

static void free_code(struct vgpu_obj *obj)
{
	struct vgpu_code *code = container_of(obj, struct vgpu_code, obj);

	if (code->engine)
		engine_code_put(code->engine);
	atomic64_sub(code->bytes, &obj->ctx->code_bytes);
	vgpu_user_unhold_code(obj->ctx->user, code->bytes);
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

/* Copy the image in and have it verified. */
static int load(struct vgpu_code *code, const struct vgpu_code_load *c)
{
	char msg[MSG_BYTES] = "";
	void *image;
	int rc, lrc;

	image = vgpu_counted(VGPU_KIND_SCRATCH, vgpu_zalloc(c->image_size));
	if (!image)
		return -ENOMEM;
	rc = -EFAULT;
	if (!copy_from_user(image, u64_to_user_ptr(c->image), c->image_size))
		rc = engine_code_load(image, c->image_size, &code->engine,
				      msg, sizeof(msg));
	vgpu_counted_free(VGPU_KIND_SCRATCH, image);
	lrc = give_log(c, msg);
	if (rc == -EINVAL)
		return -EBADMSG;
	return rc ?: lrc;
}

static int charge(struct vgpu_code *code, u64 bytes)
{
	struct vgpu_ctx *ctx = code->obj.ctx;

	if (!vgpu_user_hold_code(ctx->user, bytes))
		return -EDQUOT;
	code->bytes += bytes;
	if (atomic64_add_return(bytes, &ctx->code_bytes) > MAX_CODE_BYTES)
		return -EDQUOT;
	return 0;
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
	rc = charge(code, c->image_size);
	if (!rc)
		rc = load(code, c);
	if (!rc)
		rc = charge(code, engine_code_memory(code->engine));
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
