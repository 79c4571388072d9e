// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls that only look: device, counters, processes, faults, events.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../engine/engine.h"
#include "../mm/mm.h"
#include "../pci/pci.h"
#include "../sched/sched.h"
#include "gather.h"
#include "ioctl.h"
#include "params.h"
#include "vgpu.h"

#define MAX_CONTEXTS	4096

static const char *arch_name(const struct vgpu_arch *a)
{
	switch (a->cc_major * 10 + a->cc_minor) {
	case 75: return "Turing";
	case 80:
	case 86: return "Ampere";
	case 89: return "Ada";
	case 90: return "Hopper";
	case 120: return "Blackwell";
	}
	return "unknown";
}

static void info_identity(struct vgpu_device *dev, struct vgpu_device_info *i)
{
	const struct vgpu_model *m = dev->model;
	struct vgpu_pci_address at;

	vgpu_pci_address(dev->index, &at);
	i->index = dev->index;
	i->uapi_version = VGPU_UAPI_VERSION;
	i->isa_version = VGPU_ISA_VERSION;
	strscpy(i->name, m->name, sizeof(i->name));
	strscpy(i->driver_version, VGPU_DRIVER_VERSION, sizeof(i->driver_version));
	strscpy(i->module_version, VGPU_MODULE_VERSION, sizeof(i->module_version));
	strscpy(i->engine, engine_isa(), sizeof(i->engine));
	strscpy(i->arch_name, arch_name(m->arch), sizeof(i->arch_name));
	memcpy(i->uuid, dev->uuid, sizeof(i->uuid));
	i->serial = dev->serial;
	i->pci_domain = at.domain;
	i->pci_bus = at.bus;
	i->pci_device = at.device;
	i->pci_function = at.function;
	i->pci_ids = (u32)m->device_id << 16 | 0x10de;
	i->pci_subsys = (u32)m->subsys_id << 16 | m->subsys_vendor;
	i->pci_revision = m->revision;
	i->pcie_gen = m->pcie_gen;
	i->pcie_width = m->pcie_width;
	i->features = vgpu_model_features(m);
}

static void info_model(struct vgpu_device *dev, struct vgpu_device_info *i)
{
	const struct vgpu_model *m = dev->model;

	i->sm_count = dev->sm_count;
	i->clock_khz = m->clock_khz;
	i->mem_clock_khz = m->mem_clock_khz;
	i->mem_bus_bits = m->mem_bus_bits;
	i->l2_bytes = m->l2_bytes;
	i->power_limit_mw = m->power_limit_mw;
	i->vram_bytes = dev->vram_bytes;
	i->va_start = VGPU_VA_SPLIT;
	i->va_end = VGPU_VA_END;
	i->workers = vgpu_sched_workers();
	i->time_limit_ms = vgpu_params.time_limit_ms;
	i->max_ring_slots = VGPU_QUEUE_MAX_SLOTS;
}

static void info_limits(const struct vgpu_arch *a, struct vgpu_device_info *i)
{
	i->cc_major = a->cc_major;
	i->cc_minor = a->cc_minor;
	i->cores_per_sm = a->cores_per_sm;
	i->warp_size = VGPU_WARP_LANES;
	i->max_threads_block = min_t(u32, a->threads_per_block, ENGINE_MAX_THREADS);
	i->max_threads_sm = a->threads_per_sm;
	i->max_blocks_sm = a->blocks_per_sm;
	i->max_block_dim[0] = ENGINE_MAX_THREADS;
	i->max_block_dim[1] = ENGINE_MAX_THREADS;
	i->max_block_dim[2] = ENGINE_MAX_BLOCK_Z;
	i->max_grid_dim[0] = ENGINE_MAX_GRID_X;
	i->max_grid_dim[1] = ENGINE_MAX_GRID_YZ;
	i->max_grid_dim[2] = ENGINE_MAX_GRID_YZ;
	i->shared_block = a->shared_default;
	i->shared_block_optin = min_t(u32, a->shared_optin, ENGINE_MAX_SHARED);
	i->shared_reserved = a->shared_reserved;
	i->shared_sm = a->shared_per_sm;
	i->regs_block = a->regs_per_sm;
	i->regs_sm = a->regs_per_sm;
	i->const_bytes = 65536;
	i->max_param_bytes = ENGINE_MAX_PARAM;
	i->max_local_bytes = ENGINE_MAX_LOCAL;
}

int vgpu_ioctl_device_info(struct vgpu_file *vf, void *arg)
{
	struct vgpu_device_info *i = arg;
	u32 size = i->size;

	if (i->reserved)
		return -EINVAL;
	memset(i, 0, sizeof(*i));
	i->size = size;
	info_identity(vf->dev, i);
	info_model(vf->dev, i);
	info_limits(vf->dev->model->arch, i);
	return 0;
}

static void status_v2(struct vgpu_device *dev, struct vgpu_device_status *st)
{
	int i;

	st->to_gpu_bytes = atomic64_read(&dev->to_gpu_bytes);
	st->from_gpu_bytes = atomic64_read(&dev->from_gpu_bytes);
	st->mapped_bytes = atomic64_read(&dev->mapped_bytes);
	for (i = 0; i < ARRAY_SIZE(st->ecc_single); i++) {
		st->ecc_single[i] = atomic64_read(&dev->ecc_single[i]);
		st->ecc_double[i] = atomic64_read(&dev->ecc_double[i]);
	}
	st->compute_mode = READ_ONCE(dev->mon->compute_mode);
	st->persistence = READ_ONCE(dev->mon->persistence);
	st->accounting = READ_ONCE(dev->mon->accounting);
}

int vgpu_ioctl_device_status(struct vgpu_file *vf, void *arg)
{
	struct vgpu_device_status *st = arg;
	struct vgpu_device *dev = vf->dev;
	struct vgpu_counters *c = &dev->cnt;
	u32 size = st->size;

	if (memchr_inv(st->reserved, 0, sizeof(st->reserved)))
		return -EINVAL;
	memset(st, 0, sizeof(*st));
	st->size = size;
	st->contexts = atomic_read(&c->contexts);
	st->vram_total = dev->vram_bytes;
	st->vram_used = atomic64_read(&c->vram_used);
	st->vram_free = vgpu_device_vram_free(dev);
	st->pinned_bytes = atomic64_read(&c->pinned);
	st->now_ns = ktime_get_ns();
	st->busy_ns = atomic64_read(&c->busy_ns);
	st->mem_busy_ns = atomic64_read(&c->mem_busy_ns);
	st->active_ns = vgpu_device_active_ns(dev);
	st->launches = atomic64_read(&c->launches);
	st->blocks = atomic64_read(&c->blocks);
	st->copies = atomic64_read(&c->copies);
	st->copied_bytes = atomic64_read(&c->copied_bytes);
	st->faults = atomic64_read(&c->faults);
	st->queues = atomic_read(&c->queues);
	st->running = atomic_read(&c->running);
	st->last_event = READ_ONCE(dev->event_seq);
	status_v2(dev, st);
	vgpu_inject_status(dev, st);
	return 0;
}

static bool take_ctx(struct vgpu_ctx *ctx, void *gathered)
{
	struct vgpu_process *p = vgpu_gather_next(gathered, ctx->pid);

	if (!p)
		return false;
	memcpy(p->comm, ctx->comm, sizeof(p->comm));
	p->contexts = 1;
	p->vram_used = atomic64_read(&ctx->cnt.vram_used);
	p->pinned_bytes = atomic64_read(&ctx->cnt.pinned);
	p->busy_ns = atomic64_read(&ctx->cnt.busy_ns);
	p->launches = atomic64_read(&ctx->cnt.launches);
	p->last_error = vgpu_ctx_error(ctx);
	return true;
}

static void add(void *entry, const void *other)
{
	const struct vgpu_process *more = other;
	struct vgpu_process *p = entry;

	p->contexts += more->contexts;
	p->vram_used += more->vram_used;
	p->pinned_bytes += more->pinned_bytes;
	p->busy_ns += more->busy_ns;
	p->launches += more->launches;
	p->last_error = more->last_error ?: p->last_error;
}

/* Who does not see a process is not told its name either. */
static void hide_names(const struct vgpu_gathered *g)
{
	struct vgpu_process *p = g->tab;
	u32 i;

	for (i = 0; i < g->n; i++)
		if (!p[i].pid)
			memset(p[i].comm, 0, sizeof(p[i].comm));
}

/**
 * vgpu_copy_array - give user space an array of structs
 * @to: user address
 * @to_size: sizeof() of the struct as user space was compiled
 * @from: array
 * @from_size: sizeof() of the struct here
 * @count: how many
 *
 * Return: 0, -EINVAL for a size that no version of the struct has, -EFAULT.
 */
int vgpu_copy_array(u64 to, u32 to_size, const void *from, u32 from_size, u32 count)
{
	char __user *out = u64_to_user_ptr(to);
	u32 i;

	if (to_size < sizeof(u32) || to_size > PAGE_SIZE)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (clear_user(out, to_size) ||
		    copy_to_user(out, from, min(to_size, from_size)))
			return -EFAULT;
		out += to_size;
		from += from_size;
	}
	return 0;
}

int vgpu_ioctl_process_list(struct vgpu_file *vf, void *arg)
{
	struct vgpu_process_list *l = arg;
	struct vgpu_gathered g;
	int rc;

	if (l->reserved)
		return -EINVAL;
	rc = vgpu_gather_begin(&g, sizeof(struct vgpu_process),
			       clamp(atomic_read(&vf->dev->cnt.contexts) + 16, 16, MAX_CONTEXTS));
	if (!rc) {
		vgpu_ctx_each(vf->dev, take_ctx, &g);
		vgpu_gather_fold(&g, add);
		hide_names(&g);
		rc = vgpu_copy_array(l->processes, l->entry_size, g.tab, g.entry, min(g.n, l->count));
		l->count = g.n;
	}
	vgpu_gather_end(&g);
	return rc;
}

static int give_fault(u64 ptr, u32 user_size, const struct vgpu_fault *f)
{
	void __user *to = u64_to_user_ptr(ptr);

	if (user_size < sizeof(u32) || user_size > PAGE_SIZE)
		return -EINVAL;
	if (clear_user(to, user_size) ||
	    copy_to_user(to, f, min_t(u32, user_size, sizeof(*f))))
		return -EFAULT;
	return 0;
}

int vgpu_ioctl_fault_query(struct vgpu_file *vf, void *arg)
{
	struct vgpu_fault_query *q = arg;
	struct vgpu_fault f = { };
	struct vgpu_ctx *ctx;

	if (q->reserved)
		return -EINVAL;
	if (!q->ctx) {
		vgpu_event_newest(vf->dev, &f);
		return give_fault(q->fault, q->fault_size, &f);
	}
	ctx = vgpu_ctx_get(vf, q->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	spin_lock(&ctx->state_lock);
	f = ctx->fault;
	spin_unlock(&ctx->state_lock);
	f.pid = pid_vnr(ctx->pid);
	vgpu_ctx_put(ctx);
	return give_fault(q->fault, q->fault_size, &f);
}

int vgpu_ioctl_event_query(struct vgpu_file *vf, void *arg)
{
	struct vgpu_event_query *q = arg;
	struct vgpu_fault f;
	int rc;

	if (q->flags)
		return -EINVAL;
	if (!vgpu_event_next(vf->dev, q->after, &f, &q->lost))
		return -EAGAIN;
	rc = give_fault(q->fault, q->fault_size, &f);
	if (rc)
		return rc;
	q->after = f.event;
	if (f.event > READ_ONCE(vf->event_seen))
		WRITE_ONCE(vf->event_seen, f.event);
	return 0;
}
