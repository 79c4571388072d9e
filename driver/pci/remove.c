// SPDX-License-Identifier: GPL-2.0
/*
 * The file "remove" of our functions in sysfs.
 *
 * PCI's own one removes the file before it waits for PCI's lock, and holds no reference on the function. Somebody else who
 * removes that meanwhile (we, when the device or the module goes) frees it under its feet; or waits, with the lock, until the
 * writer has left the file, and so for ever. Ours, in its place, holds a reference, has left the file as far as others are
 * concerned, and looks under the lock whether the function is still there.
 *
 * PCI's is there for the microseconds from the function's appearance in /sys/devices to the end of BUS_NOTIFY_ADD_DEVICE. Nobody
 * can be kept from writing to it then; who does has what is said above.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "pci.h"
#include "remove.h"

/*
 * The last function found in each slot, under PCI's lock: who wrote to PCI's own file may still use it, and has had the lock
 * before the next one is found.
 */
static struct pci_dev *last[VGPU_PCI_MAX];

/* Whoever removes the function waits for us, until the file's protection is broken; from then on the reference is what keeps it. */
static bool remove(struct device *dev, struct device_attribute *attr)
{
	struct kernfs_node *kn = sysfs_break_active_protection(&dev->kobj, &attr->attr);

	if (!kn)
		return false;
	pci_lock_rescan_remove();
	if (device_is_registered(dev))
		pci_stop_and_remove_bus_device(to_pci_dev(dev));
	pci_unlock_rescan_remove();
	sysfs_unbreak_active_protection(kn);	/* the reference, too */
	return true;
}

static ssize_t remove_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	unsigned long val;
	bool done;

	if (kstrtoul(buf, 0, &val))
		return -EINVAL;
	if (!val)
		return count;
	/* The broken protection was what held the module. */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	done = remove(dev, attr);
	module_put(THIS_MODULE);
	return done ? count : -ENODEV;
}

static DEVICE_ATTR(remove, 0220, NULL, remove_store);

/**
 * vgpu_pci_own_remove - put our file in the place of PCI's
 * @pdev: a function of ours that was just added to sysfs; PCI's lock is held
 *
 * Return: 0 or a negative errno.
 */
int vgpu_pci_own_remove(struct pci_dev *pdev)
{
	struct pci_dev **slot = &last[PCI_SLOT(pdev->devfn)];

	pci_dev_put(*slot);
	*slot = pci_dev_get(pdev);
	device_remove_file(&pdev->dev, &dev_attr_remove);	/* by its name */
	return device_create_file(&pdev->dev, &dev_attr_remove);
}

/** vgpu_pci_forget_removed - the bus is gone, and no function of ours will be found any more */
void vgpu_pci_forget_removed(void)
{
	int i;

	for (i = 0; i < VGPU_PCI_MAX; i++) {
		pci_dev_put(last[i]);
		last[i] = NULL;
	}
}
