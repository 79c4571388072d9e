// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the NVIDIA face is shown, and in which order its parts come up.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/pci.h>
#include <linux/string.h>

#include "../core/params.h"
#include "../core/vgpu.h"
#include "../pci/pci.h"
#include "internal.h"
#include "nvidia.h"

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
 * vgpu_nvidia_add - show a device in the face
 * @dev: the device
 *
 * Return: 0, also when the face is left out; else a negative errno.
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
 * vgpu_nvidia_del - undo vgpu_nvidia_add()
 * @dev: the device
 */
void vgpu_nvidia_del(struct vgpu_device *dev)
{
	if (!shown)
		return;
	nvidia_proc_del(dev);
	nvidia_nodes_del(dev);
}

/**
 * vgpu_nvidia_init - show the face if the parameter and the machine allow it
 *
 * Before there are devices.
 *
 * Return: 0, also when it is left out; else a negative errno.
 */
int vgpu_nvidia_init(void)
{
	bool forced = sysfs_streq(vgpu_params.nvidia_nodes, "on");
	int err;

	if (sysfs_streq(vgpu_params.nvidia_nodes, "off"))
		return 0;
	if (!forced && real_card_present()) {
		pr_info("a real NVIDIA card is there, no /dev/nvidia* nodes made\n");
		return 0;
	}
	err = bring_up();
	if (err == -EBUSY && !forced) {
		pr_info("major %d is in use, no /dev/nvidia* nodes made\n",
			NVIDIA_MAJOR);
		return 0;
	}
	if (err == -EBUSY)
		pr_err("nvidia_nodes=on: major %d is in use\n", NVIDIA_MAJOR);
	shown = !err;
	return err;
}

/**
 * vgpu_nvidia_exit - take the face away; the devices are gone
 */
void vgpu_nvidia_exit(void)
{
	if (!shown)
		return;
	nvidia_proc_exit();
	nvidia_nodes_exit();
	shown = false;
}
