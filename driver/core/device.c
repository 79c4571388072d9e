// SPDX-License-Identifier: GPL-2.0
/*
 * The devices: made at load from the parameters and on request (driver/configfs), gone at
 * unload at the latest.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../mm/mm.h"
#include "../nvidia/nvidia.h"
#include "../pci/pci.h"
#include "../sched/sched.h"
#include "device.h"
#include "face.h"
#include "params.h"
#include "vgpu.h"
#include "../../uapi/vgpu_isa.h"

static DEFINE_MUTEX(devices_lock);	/* coming and going, one at a time */
static DEFINE_SPINLOCK(table_lock);	/* inside of it: whoever opens a device waits for nobody who comes or goes */
static struct vgpu_device *devices[VGPU_MAX_DEVICES];

static void list_device(unsigned int index, struct vgpu_device *dev)
{
	spin_lock(&table_lock);
	devices[index] = dev;
	spin_unlock(&table_lock);
}

/** vgpu_device_count - how many devices there are */
unsigned int vgpu_device_count(void)
{
	unsigned int i, n = 0;

	spin_lock(&table_lock);
	for (i = 0; i < VGPU_MAX_DEVICES; i++)
		n += !!devices[i];
	spin_unlock(&table_lock);
	return n;
}

/**
 * vgpu_device_open - a file of a device is being opened
 * @index: number of the device
 *
 * Return: the device, for vgpu_device_close(); NULL when there is none.
 */
struct vgpu_device *vgpu_device_open(unsigned int index)
{
	struct vgpu_device *dev = NULL;

	spin_lock(&table_lock);
	if (index < VGPU_MAX_DEVICES)
		dev = devices[index];
	if (dev) {
		kref_get(&dev->ref);
		atomic_inc(&dev->opens);
	}
	spin_unlock(&table_lock);
	return dev;
}

/** vgpu_device_close - undo vgpu_device_open() */
void vgpu_device_close(struct vgpu_device *dev)
{
	atomic_dec(&dev->opens);
	vgpu_device_put(dev);
}
EXPORT_SYMBOL_VGPU(vgpu_device_close);

/**
 * vgpu_device_use - another kind of file of a device is being opened
 * @dev: device, referenced
 *
 * Return: 0, to be undone by vgpu_device_close(); -ENODEV when the device is lost or removed.
 */
int vgpu_device_use(struct vgpu_device *dev)
{
	if (vgpu_device_gone(dev))
		return -ENODEV;
	kref_get(&dev->ref);
	atomic_inc(&dev->opens);
	return 0;
}
EXPORT_SYMBOL_VGPU(vgpu_device_use);

/**
 * vgpu_device_of_pci - the device behind a PCI function
 * @pdev: any PCI device that a driver is bound to
 *
 * Return: it, with a reference; NULL when it is none of ours.
 */
struct vgpu_device *vgpu_device_of_pci(struct pci_dev *pdev)
{
	struct vgpu_device *dev = vgpu_pci_priv(pdev);

	if (dev)
		kref_get(&dev->ref);
	return dev;
}
EXPORT_SYMBOL_VGPU(vgpu_device_of_pci);

static void release(struct kref *ref)
{
	struct vgpu_device *dev = container_of(ref, struct vgpu_device, ref);
	int i;

	vgpu_pause_exit(dev);
	vgpu_monitor_exit(dev);
	for (i = 0; i < VGPU_EVENT_RING; i++)
		put_pid(dev->event_pids[i]);
	vgpu_counted_free(VGPU_KIND_MONITOR, dev->mon);
	vgpu_counted_free(VGPU_KIND_DEVICE, dev);
}

/** vgpu_device_put - drop a reference; may sleep when it is the last */
void vgpu_device_put(struct vgpu_device *dev)
{
	kref_put(&dev->ref, release);
}
EXPORT_SYMBOL_VGPU(vgpu_device_put);

/** vgpu_device_run_begin - a packet starts executing */
void vgpu_device_run_begin(struct vgpu_device *dev)
{
	spin_lock(&dev->active_lock);
	if (atomic_inc_return(&dev->cnt.running) == 1)
		WRITE_ONCE(dev->active_since, ktime_get_ns());
	spin_unlock(&dev->active_lock);
}

/** vgpu_device_run_end - a packet has ended */
void vgpu_device_run_end(struct vgpu_device *dev)
{
	spin_lock(&dev->active_lock);
	if (atomic_dec_and_test(&dev->cnt.running))
		WRITE_ONCE(dev->active_ns, dev->active_ns +
			   ktime_get_ns() - dev->active_since);
	spin_unlock(&dev->active_lock);
}

/**
 * vgpu_device_active_ns - time during which at least one packet was executing
 * @dev: device
 *
 * Takes no lock, so that config space reads may ask; a reading at the moment
 * of a change can be off by one packet.
 *
 * Return: ns since the device was made.
 */
u64 vgpu_device_active_ns(struct vgpu_device *dev)
{
	u64 ns = READ_ONCE(dev->active_ns);

	if (atomic_read(&dev->cnt.running)) {
		u64 now = ktime_get_ns(), since = READ_ONCE(dev->active_since);

		if (now > since)
			ns += now - since;
	}
	return ns;
}

static u64 less(u64 a, u64 b)
{
	return b < a ? a - b : 0;
}

/** vgpu_device_vram_free - bytes that an allocation could get now, and that the machine has: what is promised counts as given */
u64 vgpu_device_vram_free(struct vgpu_device *dev)
{
	return min(less(dev->vram_bytes, atomic64_read(&dev->cnt.vram_used)),
		   less(vgpu_vram_machine_free(), atomic64_read(&dev->cnt.vram_promised)));
}
EXPORT_SYMBOL_VGPU(vgpu_device_vram_free);

/* Counters for config space: memory reads only. */
static void sample(void *priv, struct vgpu_pci_counters *out)
{
	struct vgpu_device *dev = priv;

	out->contexts = atomic_read(&dev->cnt.contexts);
	out->vram_total = dev->vram_bytes;
	out->vram_used = atomic64_read(&dev->cnt.vram_used);
	out->active_ns = vgpu_device_active_ns(dev);
	out->launches = atomic64_read(&dev->cnt.launches);
	out->faults = atomic64_read(&dev->cnt.faults);
}

static int add_to_bus(struct vgpu_device *dev)
{
	const struct vgpu_pci_desc desc = {
		.index = dev->index,
		.model = dev->model,
		.uuid = dev->uuid,
		.serial = dev->serial,
		.isa_version = VGPU_ISA_VERSION,
		.sm_count = dev->sm_count,
		.workers = vgpu_sched_workers(),
		.sample = sample,
		.priv = dev,
	};

	return vgpu_pci_add(&desc);
}

static struct vgpu_device *make(unsigned int index, const struct vgpu_model *m, u64 vram_bytes)
{
	struct vgpu_device *dev = vgpu_counted(VGPU_KIND_DEVICE, kvzalloc(sizeof(*dev), GFP_KERNEL));

	if (!dev)
		return NULL;
	dev->mon = vgpu_counted(VGPU_KIND_MONITOR, kvzalloc(sizeof(*dev->mon), GFP_KERNEL));
	if (!dev->mon) {
		vgpu_counted_free(VGPU_KIND_DEVICE, dev);
		return NULL;
	}
	kref_init(&dev->ref);
	dev->index = index;
	dev->model = m;
	vgpu_model_uuid(m, index, dev->uuid);
	dev->serial = ((u64)m->device_id << 32) | (index + 1);
	dev->sm_count = vgpu_model_sms(m, vgpu_sched_workers());
	dev->vram_bytes = vram_bytes ?:
		vgpu_model_vram(m, (u64)totalram_pages() << PAGE_SHIFT);
	spin_lock_init(&dev->active_lock);
	spin_lock_init(&dev->ctx_lock);
	INIT_LIST_HEAD(&dev->contexts);
	spin_lock_init(&dev->event_lock);
	init_waitqueue_head(&dev->event_wait);
	vgpu_monitor_init(dev);
	vgpu_inject_init(dev);
	vgpu_pause_init(dev);
	return dev;
}

/* The names by which it is found; it can be opened when this returns. */
static int show(struct vgpu_device *dev)
{
	int rc = add_to_bus(dev);

	if (rc)
		return rc;
	rc = vgpu_node_add(dev);
	if (rc)
		goto bus;
	rc = vgpu_nvidia_add(dev);
	if (rc)
		goto node;
	return 0;
node:
	vgpu_node_remove(dev);
bus:
	vgpu_pci_del(dev->index);
	return rc;
}

static void hide(struct vgpu_device *dev)
{
	vgpu_nvidia_del(dev);
	vgpu_node_remove(dev);
	vgpu_pci_del(dev->index);
}

static int choose_index(int wish)
{
	unsigned int i;

	if (wish >= VGPU_MAX_DEVICES)
		return -EINVAL;
	if (wish >= 0)
		return devices[wish] ? -EEXIST : wish;
	for (i = 0; i < VGPU_MAX_DEVICES; i++)
		if (!devices[i])
			return i;
	return -ENOSPC;
}

/**
 * vgpu_device_add - make a device
 * @config: which
 *
 * Return: its index; -EINVAL for an unknown profile, -EEXIST when that index exists, -ENOSPC
 * when all do, another errno.
 */
int vgpu_device_add(const struct vgpu_device_config *config)
{
	const struct vgpu_model *m = vgpu_params.model;
	struct vgpu_device *dev;
	int index, rc;

	if (config->model)
		m = vgpu_model_find(config->model, NULL);
	if (!m)
		return -EINVAL;
	mutex_lock(&devices_lock);
	index = choose_index(config->index);
	rc = index;
	if (rc < 0)
		goto unlock;
	rc = -ENOMEM;
	dev = make(index, m, config->vram_bytes);
	if (!dev)
		goto unlock;
	list_device(index, dev);
	rc = show(dev);
	if (!rc)
		goto unlock;
	list_device(index, NULL);
	vgpu_inject_remove(dev);	/* who opened it meanwhile */
	vgpu_device_put(dev);
unlock:
	mutex_unlock(&devices_lock);
	return rc ?: index;
}
EXPORT_SYMBOL_GPL(vgpu_device_add);

/**
 * vgpu_device_remove - take a device away
 * @index: its number
 * @force: also while files of it are open: its contexts end with VGPU_FAULT_LOST, the GPU's
 *	mappings are stopped with them, and the files refuse everything with ENODEV. What
 *	processes have mapped stays readable by them until they unmap it, as hot-unplug
 *	wants it: a program is told by an error, not killed by SIGBUS
 *
 * Return: 0, -ENODEV when there is none, -EBUSY when it is in use.
 */
int vgpu_device_remove(unsigned int index, bool force)
{
	struct vgpu_device *dev = NULL;
	int rc = -ENODEV;

	mutex_lock(&devices_lock);
	if (index < VGPU_MAX_DEVICES)
		dev = devices[index];
	if (!dev)
		goto unlock;
	rc = -EBUSY;
	if (!force && atomic_read(&dev->opens))
		goto unlock;
	rc = 0;
	list_device(index, NULL);
	vgpu_inject_remove(dev);
	hide(dev);
unlock:
	mutex_unlock(&devices_lock);
	if (!rc)
		vgpu_device_put(dev);
	return rc;
}
EXPORT_SYMBOL_GPL(vgpu_device_remove);

/** vgpu_device_model_exists - whether there is a profile of that name */
bool vgpu_device_model_exists(const char *model)
{
	return vgpu_model_find(model, NULL);
}
EXPORT_SYMBOL_GPL(vgpu_device_model_exists);

/** vgpu_devices_exit - remove all devices */
void vgpu_devices_exit(void)
{
	unsigned int i;

	for (i = VGPU_MAX_DEVICES; i--;)
		vgpu_device_remove(i, true);
}

/** vgpu_devices_init - make the devices that the parameters ask for */
int vgpu_devices_init(void)
{
	const struct vgpu_device_config config = {
		.index = -1,
		.vram_bytes = (u64)vgpu_params.vram_mib << 20,
	};
	unsigned int i;
	int rc = 0;

	for (i = 0; i < vgpu_params.gpus && rc >= 0; i++)
		rc = vgpu_device_add(&config);
	if (rc < 0)
		vgpu_devices_exit();
	return min(rc, 0);
}
