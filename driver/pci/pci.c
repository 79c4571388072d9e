// SPDX-License-Identifier: GPL-2.0
/*
 * The host bridge: a root bus in a PCI domain of its own (a bus number of its
 * own where the kernel has no domains), the devices on it and their driver.
 *
 * Nothing here touches hardware or address space: the functions have no BARs
 * and no interrupts, only config space, which config.c holds.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "../core/face.h"
#include "../core/tally.h"
#include "config.h"
#include "pci.h"
#include "remove.h"

#define DRIVER_NAME	"vgpu"

/* Private domains begin where no firmware numbers them. */
#define FIRST_DOMAIN	0x1f00
#define LAST_DOMAIN	0x1fff
/* Without domains: bus numbers behind those that are in use. */
#define FIRST_BUS	16
#define LAST_BUS	254

#if defined(CONFIG_X86) && !defined(CONFIG_UML)
#define HAVE_SYSDATA
#endif

/**
 * struct root - our host bridge
 * @bus: its bus
 * @busn: the bus number, as a resource
 * @sysdata: what x86 wants to know about a root bus (its domain)
 * @lock: guards @slot and what it points to against config accesses, which
 *	come in any context and, on some architectures, without a lock
 * @slot: config space of each device, by slot number
 * @err: why the device just found could not be claimed for us
 */
struct root {
	struct pci_bus *bus;
	struct resource busn;
#ifdef HAVE_SYSDATA
	struct pci_sysdata sysdata;
#endif
	spinlock_t lock;
	struct vgpu_cfg *slot[VGPU_PCI_MAX];
	int err;
};

static struct root root = {
	.lock = __SPIN_LOCK_UNLOCKED(root.lock),
};

/* Config of a device; with @root.lock held. NULL when there is none. */
static struct vgpu_cfg *slot_cfg(struct pci_bus *bus, unsigned int devfn,
				 int where, int size)
{
	if (bus->number != root.busn.start || PCI_FUNC(devfn) ||
	    PCI_SLOT(devfn) >= VGPU_PCI_MAX)
		return NULL;
	if (where < 0 || size < 1 || size > 4 || where + size > VGPU_CFG_SIZE)
		return NULL;
	return root.slot[PCI_SLOT(devfn)];
}

static int cfg_read(struct pci_bus *bus, unsigned int devfn, int where,
		    int size, u32 *val)
{
	u64 now = ktime_get_mono_fast_ns();
	struct vgpu_cfg *cfg;
	unsigned long flags;

	spin_lock_irqsave(&root.lock, flags);
	cfg = slot_cfg(bus, devfn, where, size);
	*val = cfg && !cfg->lost ? vgpu_cfg_read(cfg, now, where, size) : ~0u;
	spin_unlock_irqrestore(&root.lock, flags);
	return cfg ? PCIBIOS_SUCCESSFUL : PCIBIOS_DEVICE_NOT_FOUND;
}

static int cfg_write(struct pci_bus *bus, unsigned int devfn, int where,
		     int size, u32 val)
{
	struct vgpu_cfg *cfg;
	unsigned long flags;

	spin_lock_irqsave(&root.lock, flags);
	cfg = slot_cfg(bus, devfn, where, size);
	if (cfg && !cfg->lost)
		vgpu_cfg_write(cfg, where, size, val);
	spin_unlock_irqrestore(&root.lock, flags);
	return cfg ? PCIBIOS_SUCCESSFUL : PCIBIOS_DEVICE_NOT_FOUND;
}

static struct pci_ops cfg_ops = {
	.read = cfg_read,
	.write = cfg_write,
};

/*
 * The override moved from the PCI device into the device, and did so in stable
 * kernels too: so it is not the version that tells (see Kbuild).
 */
static int set_driver_override(struct pci_dev *pdev)
{
#ifdef VGPU_HAVE_DEVICE_DRIVER_OVERRIDE
	return device_set_driver_override(&pdev->dev, DRIVER_NAME);
#else
	char *name = kstrdup(DRIVER_NAME, GFP_KERNEL);

	if (!name)
		return -ENOMEM;
	pdev->driver_override = name;	/* freed with the device */
	return 0;
#endif
}

/*
 * Called after a device is in sysfs and before user space is told of it: the
 * one moment to keep udev from loading a driver for the card that it claims to
 * be, and any driver but ours from binding.
 */
static int bus_event(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct pci_dev *pdev = to_pci_dev((struct device *)data);

	if (action != BUS_NOTIFY_ADD_DEVICE || pdev->bus != root.bus)
		return NOTIFY_DONE;
	dev_set_uevent_suppress(&pdev->dev, 1);
	root.err = set_driver_override(pdev) ?: vgpu_pci_own_remove(pdev);
	return NOTIFY_OK;
}

static struct notifier_block bus_notifier = {
	.notifier_call = bus_event,
};

static int vgpu_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	/* new_id could offer us a real card. */
	if (!vgpu_pci_is_ours(pdev))
		return -ENODEV;
	return pci_enable_device(pdev);
}

static void vgpu_pci_remove(struct pci_dev *pdev)
{
	pci_disable_device(pdev);
}

/* No ids: only driver_override brings us together with a device. */
static const struct pci_device_id no_ids[] = { { } };

static struct pci_driver vgpu_pci_driver = {
	.name = DRIVER_NAME,
	.id_table = no_ids,
	.probe = vgpu_pci_probe,
	.remove = vgpu_pci_remove,
};

static int create_bus(unsigned int number, void *sysdata)
{
	LIST_HEAD(windows);

	root.busn.name = "vgpu bus";
	root.busn.start = number;
	root.busn.end = number;
	root.busn.flags = IORESOURCE_BUS;
	pci_add_resource(&windows, &root.busn);

	pci_lock_rescan_remove();
	root.bus = pci_create_root_bus(NULL, number, &cfg_ops, sysdata,
				       &windows);
	pci_unlock_rescan_remove();
	if (!root.bus) {
		pci_free_resource_list(&windows);
		return -ENOMEM;
	}
	return 0;
}

#ifdef HAVE_SYSDATA
static int create_root(void)
{
	int domain;

	for (domain = FIRST_DOMAIN; domain <= LAST_DOMAIN; domain++)
		if (!pci_find_bus(domain, 0))
			break;
	if (domain > LAST_DOMAIN)
		return -EBUSY;
	root.sysdata.domain = domain;
	root.sysdata.node = NUMA_NO_NODE;
	return create_bus(0, &root.sysdata);
}
#else
static int create_root(void)
{
	int number;

	for (number = FIRST_BUS; number <= LAST_BUS; number++)
		if (!pci_find_bus(0, number))
			break;
	if (number > LAST_BUS)
		return -EBUSY;
	return create_bus(number, NULL);
}
#endif

/* pci_create_root_bus() leaves its reference on the bridge to the caller, who is given the bus. */
static void remove_root(void)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(root.bus->bridge);

	pci_lock_rescan_remove();
	pci_stop_root_bus(root.bus);
	pci_remove_root_bus(root.bus);
	pci_unlock_rescan_remove();
	vgpu_pci_forget_removed();
	pci_free_host_bridge(bridge);
	root.bus = NULL;
}

/**
 * vgpu_pci_init - make the host bridge, without devices
 *
 * Return: 0 or a negative errno.
 */
int vgpu_pci_init(void)
{
	int err;

	err = pci_register_driver(&vgpu_pci_driver);
	if (err)
		return err;
	err = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (err)
		goto err_driver;
	err = create_root();
	if (err)
		goto err_notifier;
	return 0;

err_notifier:
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
err_driver:
	pci_unregister_driver(&vgpu_pci_driver);
	return err;
}

/**
 * vgpu_pci_exit - take the host bridge away; all devices must be gone
 */
void vgpu_pci_exit(void)
{
	remove_root();
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	pci_unregister_driver(&vgpu_pci_driver);
}

static void set_slot(unsigned int index, struct vgpu_cfg *cfg)
{
	unsigned long flags;

	spin_lock_irqsave(&root.lock, flags);
	root.slot[index] = cfg;
	spin_unlock_irqrestore(&root.lock, flags);
}

/* Find the device in @index's slot and bind it; with the rescan lock held. */
static int scan_slot(unsigned int index)
{
	struct pci_dev *pdev;

	root.err = 0;
	pdev = pci_scan_single_device(root.bus, PCI_DEVFN(index, 0));
	if (!pdev)
		return -ENODEV;
	if (root.err) {
		pci_stop_and_remove_bus_device(pdev);
		return root.err;
	}
	pci_bus_add_device(pdev);
	return 0;
}

static void unscan_slot(unsigned int index)
{
	struct pci_dev *pdev = pci_get_slot(root.bus, PCI_DEVFN(index, 0));

	if (!pdev)	/* removed by hand through sysfs */
		return;
	pci_stop_and_remove_bus_device(pdev);
	pci_dev_put(pdev);
}

/**
 * vgpu_pci_add - plug a device in
 * @desc: the device; @desc->priv must stay valid until vgpu_pci_del()
 *
 * Return: 0, -EINVAL for an index that does not fit on the bus, -EBUSY when
 * it is taken, or another negative errno.
 */
int vgpu_pci_add(const struct vgpu_pci_desc *desc)
{
	struct vgpu_cfg *cfg;
	int err = -EBUSY;

	if (desc->index >= VGPU_PCI_MAX)
		return -EINVAL;
	cfg = vgpu_counted(VGPU_KIND_CONFIG, kzalloc(sizeof(*cfg), GFP_KERNEL));
	if (!cfg)
		return -ENOMEM;
	vgpu_cfg_init(cfg, desc);

	pci_lock_rescan_remove();
	if (!root.slot[desc->index]) {
		set_slot(desc->index, cfg);
		err = scan_slot(desc->index);
		if (err)
			set_slot(desc->index, NULL);
	}
	pci_unlock_rescan_remove();
	if (err)
		vgpu_counted_free(VGPU_KIND_CONFIG, cfg);
	return err;
}

/**
 * vgpu_pci_del - unplug a device
 * @index: index of a device that was added
 *
 * On return no config space access of it runs or will run.
 */
void vgpu_pci_del(unsigned int index)
{
	struct vgpu_cfg *cfg;

	pci_lock_rescan_remove();
	unscan_slot(index);
	cfg = root.slot[index];
	set_slot(index, NULL);
	pci_unlock_rescan_remove();
	vgpu_counted_free(VGPU_KIND_CONFIG, cfg);
}

/**
 * vgpu_pci_lost - the device does not answer any more, or does again
 * @index: index of a device that was added
 * @lost: all reads give ones, as of a card that has fallen off the bus
 */
void vgpu_pci_lost(unsigned int index, bool lost)
{
	unsigned long flags;

	spin_lock_irqsave(&root.lock, flags);
	if (root.slot[index])
		root.slot[index]->lost = lost;
	spin_unlock_irqrestore(&root.lock, flags);
}

/**
 * vgpu_pci_is_ours - tell a virtual device from a real one
 * @pdev: any PCI device
 *
 * Return: whether it is on our bus.
 */
bool vgpu_pci_is_ours(const struct pci_dev *pdev)
{
	return pdev->bus == root.bus;
}
EXPORT_SYMBOL_VGPU(vgpu_pci_is_ours);

/**
 * vgpu_pci_priv - what the core calls a device
 * @pdev: any PCI device; ours may not be unplugged meanwhile
 *
 * Return: priv of its description; NULL when it is not on our bus.
 */
void *vgpu_pci_priv(const struct pci_dev *pdev)
{
	void *priv = NULL;
	unsigned long flags;

	if (!vgpu_pci_is_ours(pdev))
		return NULL;
	spin_lock_irqsave(&root.lock, flags);
	if (root.slot[PCI_SLOT(pdev->devfn)])
		priv = root.slot[PCI_SLOT(pdev->devfn)]->priv;
	spin_unlock_irqrestore(&root.lock, flags);
	return priv;
}

/**
 * vgpu_pci_address - the PCI address a device has or will have
 * @index: its index
 * @out: where to put it
 */
void vgpu_pci_address(unsigned int index, struct vgpu_pci_address *out)
{
	out->domain = pci_domain_nr(root.bus);
	out->bus = root.bus->number;
	out->device = index;
	out->function = 0;
}
EXPORT_SYMBOL_VGPU(vgpu_pci_address);
