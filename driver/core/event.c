// SPDX-License-Identifier: GPL-2.0
/*
 * Device events: a short ring of the newest faults, an Xid line in the log for
 * each, and who waits for them.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/kernel.h>

#include "../pci/pci.h"
#include "loglimit.h"
#include "trace.h"
#include "user.h"
#include "vgpu.h"

/* What a fault is called and which Xid a card would report for it. */
static const struct {
	const char *name;
	u32 xid;
} kinds[] = {
#define FAULT_KIND(kind, n, cuda, words) [VGPU_FAULT_##kind] = { words, n },
#define EVENT_KIND(kind, n, words) [VGPU_EVENT_##kind] = { words, n },
#include "../../uapi/vgpu_faults.def"
#undef FAULT_KIND
#undef EVENT_KIND
};

static const struct {
	u32 xid;
	const char *words;
} xids[] = {
#define XID(n, w) { n, w },
#include "../../uapi/vgpu_xids.def"
#undef XID
};

static const char *xid_words(u32 xid)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(xids); i++)
		if (xids[i].xid == xid)
			return xids[i].words;
	return "Unknown Error";
}

/** vgpu_fault_xid - the Xid of a kind of fault */
u32 vgpu_fault_xid(u32 kind)
{
	return kind < ARRAY_SIZE(kinds) ? kinds[kind].xid : 0;
}

/** vgpu_fault_name - a kind of fault in words */
const char *vgpu_fault_name(u32 kind)
{
	return kind < ARRAY_SIZE(kinds) && kinds[kind].name ? kinds[kind].name : "unknown";
}

/* What an event adds to; contexts that it ends are counted where they end. */
static void count(struct vgpu_device *dev, const struct vgpu_fault *f)
{
	atomic64_t *counter = dev->ecc_double;
	s64 n = 1;

	if (f->kind == VGPU_EVENT_ECC_SINGLE) {
		counter = dev->ecc_single;
		n = f->detail;
	} else if (f->kind != VGPU_EVENT_ECC_DOUBLE) {
		return;
	}
	atomic64_add(n, &counter[VGPU_ECC_VOLATILE]);
	atomic64_add(n, &counter[VGPU_ECC_AGGREGATE]);
}

static void log_xid(struct vgpu_device *dev, const struct vgpu_fault *f,
		    struct pid *pid, kuid_t uid)
{
	struct vgpu_pci_address at;
	char address[32] = "";

	if (!f->xid || !vgpu_log_allows(uid))
		return;
	vgpu_pci_address(dev->index, &at);
	/* The device's own trouble, as NVIDIA's driver words it. */
	if (f->kind == VGPU_EVENT_RECOVERY) {
		pr_err("NVRM: Xid (PCI:%04x:%02x:%02x): %u, GPU recovery action changed from %s to %s\n",
		       at.domain, at.bus, at.device, f->xid,
		       f->detail ? "0x0 (None)" : "0x1 (GPU Reset Required)",
		       f->detail ? "0x1 (GPU Reset Required)" : "0x0 (None)");
		return;
	}
	if (!pid) {
		pr_err("NVRM: Xid (PCI:%04x:%02x:%02x): %u, pid='<unknown>', name=<unknown>, %s.\n",
		       at.domain, at.bus, at.device, f->xid, xid_words(f->xid));
		return;
	}
	if (!f->queue) {	/* a context's, but of no work of it: it waited for a device that hangs */
		pr_err("NVRM: Xid (PCI:%04x:%02x:%02x): %u, pid=%d, %s.\n",
		       at.domain, at.bus, at.device, f->xid, pid_nr(pid), xid_words(f->xid));
		return;
	}
	if (f->access_bytes || f->address)	/* a null pointer's access is one, too */
		snprintf(address, sizeof(address), " address %#llx", f->address);
	pr_err("NVRM: Xid (PCI:%04x:%02x:%02x): %u, pid=%d, %s: kernel '%*pE' block (%u,%u,%u) thread (%u,%u,%u) pc %#x line %u%s, queue %u packet %llu\n",
	       at.domain, at.bus, at.device, f->xid, pid_nr(pid),
	       vgpu_fault_name(f->kind), (int)strnlen(f->kernel_name, sizeof(f->kernel_name)),
	       f->kernel_name,	/* user space's: escaped, or it could forge lines */
	       f->block[0], f->block[1], f->block[2],
	       f->thread[0], f->thread[1], f->thread[2],
	       f->pc, f->line, address, f->queue, f->seqno);
}

/**
 * vgpu_event_post - announce a fault
 * @dev: device
 * @f: what; its number is filled in
 * @ctx: context it happened to, NULL for what concerns the whole device
 *
 * Return: its number.
 */
u64 vgpu_event_post(struct vgpu_device *dev, struct vgpu_fault *f, const struct vgpu_ctx *ctx)
{
	struct pid *old, *pid = ctx ? ctx->pid : NULL;
	kuid_t uid = ctx ? vgpu_user_uid(ctx->user) : INVALID_UID;
	unsigned int slot;

	spin_lock(&dev->event_lock);
	f->event = dev->event_seq + 1;
	slot = f->event % VGPU_EVENT_RING;
	dev->events[slot] = *f;
	old = dev->event_pids[slot];
	dev->event_pids[slot] = get_pid(pid);
	dev->event_uids[slot] = uid;
	WRITE_ONCE(dev->event_seq, f->event);
	spin_unlock(&dev->event_lock);
	put_pid(old);
	count(dev, f);
	wake_up_interruptible(&dev->event_wait);
	trace_vgpu_fault(dev, pid, f);
	log_xid(dev, f, pid, uid);
	return f->event;
}

/* The process as the caller's namespace sees it; handles mean nothing elsewhere. Returns whose it was. */
static kuid_t localize(struct vgpu_device *dev, u64 n, struct vgpu_fault *f)
{
	unsigned int slot = n % VGPU_EVENT_RING;

	*f = dev->events[slot];
	f->pid = pid_vnr(dev->event_pids[slot]);
	f->ctx = 0;
	f->queue = 0;
	f->code = 0;
	return dev->event_uids[slot];
}

/* What another user computes, and where its memory lies, is not told: that there was a fault, of what kind, is. */
static void conceal(struct vgpu_fault *f, kuid_t uid)
{
	if (!uid_valid(uid) || uid_eq(uid, current_uid()) || capable(CAP_SYS_ADMIN))
		return;
	f->address = 0;
	f->access_bytes = 0;
	f->write = 0;
	f->lane = ~0u;
	f->pc = 0;
	f->line = 0;
	f->kernel = 0;
	f->seqno = 0;
	memset(f->block, 0, sizeof(f->block));
	memset(f->thread, 0, sizeof(f->thread));
	memset(f->kernel_name, 0, sizeof(f->kernel_name));
}

/**
 * vgpu_event_next - the event after a given one
 * @dev: device
 * @after: number of the last one seen
 * @f: where it goes
 * @lost: how many between were overwritten
 *
 * Return: whether there was one.
 */
bool vgpu_event_next(struct vgpu_device *dev, u64 after, struct vgpu_fault *f, u32 *lost)
{
	u64 first, n = after + 1;
	kuid_t uid = INVALID_UID;
	bool have;

	spin_lock(&dev->event_lock);
	first = dev->event_seq < VGPU_EVENT_RING ? 1 :
		dev->event_seq - VGPU_EVENT_RING + 1;
	*lost = 0;
	if (n < first) {
		*lost = min_t(u64, first - n, U32_MAX);
		n = first;
	}
	have = n && n <= dev->event_seq;
	if (have)
		uid = localize(dev, n, f);
	spin_unlock(&dev->event_lock);
	if (have)
		conceal(f, uid);
	return have;
}

/** vgpu_event_newest - the newest event, if there was one */
bool vgpu_event_newest(struct vgpu_device *dev, struct vgpu_fault *f)
{
	kuid_t uid = INVALID_UID;
	bool have;

	spin_lock(&dev->event_lock);
	have = dev->event_seq;
	if (have)
		uid = localize(dev, dev->event_seq, f);
	spin_unlock(&dev->event_lock);
	if (have)
		conceal(f, uid);
	return have;
}
