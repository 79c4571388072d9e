// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/driver/nvidia: version, params and gpus/<address>/information, in the
 * form that programs parse, and with nothing in it that is not so.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "../core/vgpu.h"
#include "../pci/pci.h"
#include "internal.h"

static struct proc_dir_entry *top;
static struct proc_dir_entry *gpus;
static struct proc_dir_entry *gpu[VGPU_MAX_DEVICES];

/* An address as in /sys/bus/pci/devices, NUL included. */
#define ADDRESS_LEN	24

static void print_address(const struct vgpu_device *dev, char text[ADDRESS_LEN])
{
	struct vgpu_pci_address a;

	vgpu_pci_address(dev->index, &a);
	snprintf(text, ADDRESS_LEN, "%04x:%02x:%02x.%x", a.domain, a.bus,
		 a.device, a.function);
}

/*
 * Programs take the word after "Kernel Module" and two spaces, or the first
 * dotted number, for the version of the driver.
 */
static int version_show(struct seq_file *m, void *v)
{
	seq_puts(m, "NVRM version: vgpu UNIX x86_64 Kernel Module  "
		 VGPU_DRIVER_VERSION "  vgpu " VGPU_MODULE_VERSION "\n");
	seq_puts(m, "GCC version:  " CONFIG_CC_VERSION_TEXT "\n");
	return 0;
}

/* What nvidia-modprobe reads before it would make or change nodes itself. */
static int params_show(struct seq_file *m, void *v)
{
	seq_puts(m, "ModifyDeviceFiles: 0\n");
	seq_puts(m, "DeviceFileUID: 0\n");
	seq_puts(m, "DeviceFileGID: 0\n");
	seq_printf(m, "DeviceFileMode: %d\n", NVIDIA_NODE_MODE);
	return 0;
}

static int information_show(struct seq_file *m, void *v)
{
	const struct vgpu_device *dev = m->private;
	char address[ADDRESS_LEN];

	print_address(dev, address);
	seq_printf(m, "Model: \t\t %s\n", dev->model->name);
	seq_puts(m, "IRQ:   \t\t 0\n");
	seq_printf(m, "GPU UUID: \t GPU-%pUb\n", dev->uuid);
	/* NVIDIA's own words for "no video BIOS". */
	seq_puts(m, "Video BIOS: \t ??.??.??.??.??\n");
	seq_puts(m, "Bus Type: \t PCIe\n");
	seq_printf(m, "Bus Location: \t %s\n", address);
	seq_printf(m, "Device Minor: \t %u\n", dev->index);
	seq_puts(m, "GPU Excluded:\t No\n");
	return 0;
}

/**
 * nvidia_proc_init - make /proc/driver/nvidia
 *
 * Return: 0 or -ENOMEM.
 */
int nvidia_proc_init(void)
{
	top = proc_mkdir("driver/nvidia", NULL);
	if (!top)
		return -ENOMEM;
	gpus = proc_mkdir("gpus", top);
	if (gpus &&
	    proc_create_single("version", 0444, top, version_show) &&
	    proc_create_single("params", 0444, top, params_show))
		return 0;
	proc_remove(top);
	return -ENOMEM;
}

/**
 * nvidia_proc_exit - remove /proc/driver/nvidia
 */
void nvidia_proc_exit(void)
{
	proc_remove(top);
}

/**
 * nvidia_proc_add - make gpus/<address>/information
 * @dev: the device
 *
 * Return: 0 or -ENOMEM.
 */
int nvidia_proc_add(struct vgpu_device *dev)
{
	struct proc_dir_entry *dir;
	char address[ADDRESS_LEN];

	print_address(dev, address);
	dir = proc_mkdir(address, gpus);
	if (!dir)
		return -ENOMEM;
	if (!proc_create_single_data("information", 0444, dir,
				     information_show, dev)) {
		proc_remove(dir);
		return -ENOMEM;
	}
	gpu[dev->index] = dir;
	return 0;
}

/**
 * nvidia_proc_del - remove gpus/<address>
 * @dev: a device that was added
 */
void nvidia_proc_del(struct vgpu_device *dev)
{
	proc_remove(gpu[dev->index]);
	gpu[dev->index] = NULL;
}
