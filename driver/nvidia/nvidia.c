// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the NVIDIA face is shown, and in which order its parts come up.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "../core/vgpu.h"
#include "../pci/pci.h"
#include "internal.h"
#include "nvidia.h"

static char *nvidia_nodes = "auto";
module_param(nvidia_nodes, charp, 0444);
MODULE_PARM_DESC(nvidia_nodes,
	"/dev/nvidia* and /proc/driver/nvidia: auto (unless NVIDIA's driver or a real card is there), on, off");

static bool shown;

/* A real card belongs to a real driver, loaded or still to come. */
static bool real_card_present(void)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_VENDOR_ID_NVIDIA, PCI_ANY_ID, pdev))) {
		if (pdev->class >> 16 == PCI_BASE_CLASS_DISPLAY &&
		    !vgpu_pci_is_ours(pdev)) {
			pci_dev_put(pdev);
			return true;
		}
	}
	return false;
}

static int bring_up(void)
{
	int err = nvidia_nodes_init();

	if (err)
		return err;
	err = nvidia_proc_init();
	if (err)
		nvidia_nodes_exit();
	return err;
}

/**
 * vgpu_nvidia_init - show the face if the parameter and the machine allow it
 *
 * Return: 0, also when it is left out; else a negative errno.
 */
int vgpu_nvidia_init(void)
{
	bool wanted = sysfs_streq(nvidia_nodes, "on");
	int err;

	if (sysfs_streq(nvidia_nodes, "off"))
		return 0;
	if (!wanted && !sysfs_streq(nvidia_nodes, "auto")) {
		pr_err("vgpu: nvidia_nodes=%s: must be auto, on or off\n",
		       nvidia_nodes);
		return -EINVAL;
	}
	if (!wanted && real_card_present()) {
		pr_info("vgpu: a real NVIDIA card is there, no /dev/nvidia* nodes made\n");
		return 0;
	}
	err = bring_up();
	if (err == -EBUSY && !wanted) {
		pr_info("vgpu: major %d is in use, no /dev/nvidia* nodes made\n",
			NVIDIA_MAJOR);
		return 0;
	}
	shown = !err;
	return err;
}

/**
 * vgpu_nvidia_exit - take the face away; all devices must be deleted
 */
void vgpu_nvidia_exit(void)
{
	if (!shown)
		return;
	nvidia_proc_exit();
	nvidia_nodes_exit();
	shown = false;
}

/**
 * vgpu_nvidia_add - show a device
 * @dev: the device
 *
 * Return: 0 or a negative errno.
 */
int vgpu_nvidia_add(struct vgpu_device *dev)
{
	int err;

	if (!shown)
		return 0;
	err = nvidia_nodes_add(dev);
	if (err)
		return err;
	err = nvidia_proc_add(dev);
	if (err)
		nvidia_nodes_del(dev);
	return err;
}

/**
 * vgpu_nvidia_del - no longer show a device
 * @dev: a device that was added
 */
void vgpu_nvidia_del(struct vgpu_device *dev)
{
	if (!shown)
		return;
	nvidia_proc_del(dev);
	nvidia_nodes_del(dev);
}
