// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the NVIDIA face is shown, and in which order its parts come up.
 */
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

static int add(struct vgpu_device *dev)
{
	int err = nvidia_nodes_add(dev);

	if (err)
		return err;
	err = nvidia_proc_add(dev);
	if (err)
		nvidia_nodes_del(dev);
	return err;
}

static void del_first(unsigned int n)
{
	while (n--) {
		struct vgpu_device *dev = vgpu_device_at(n);

		nvidia_proc_del(dev);
		nvidia_nodes_del(dev);
	}
}

static int add_all(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < vgpu_device_count(); i++) {
		err = add(vgpu_device_at(i));
		if (err) {
			del_first(i);
			return err;
		}
	}
	return 0;
}

static int bring_up(void)
{
	int err = nvidia_nodes_init();

	if (err)
		return err;
	err = nvidia_proc_init();
	if (err)
		goto err_nodes;
	err = add_all();
	if (err)
		goto err_proc;
	return 0;

err_proc:
	nvidia_proc_exit();
err_nodes:
	nvidia_nodes_exit();
	return err;
}

/**
 * vgpu_nvidia_init - show the face if the parameter and the machine allow it
 *
 * The devices must exist already.
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
	shown = !err;
	return err;
}

/**
 * vgpu_nvidia_exit - take the face away; the devices must still exist
 */
void vgpu_nvidia_exit(void)
{
	if (!shown)
		return;
	del_first(vgpu_device_count());
	nvidia_proc_exit();
	nvidia_nodes_exit();
	shown = false;
}
