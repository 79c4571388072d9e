// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_drm.ko: a render node for each device of vgpu.ko. A module of its own, so that vgpu.ko itself
 * loads with a plain insmod where DRM is a module, or not there.
 *
 * Nodes come and go with the PCI functions of the devices: when vgpu.ko's driver binds and unbinds them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <drm/drm_drv.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "../pci/pci.h"
#include "compat.h"
#include "internal.h"

static DEFINE_MUTEX(lock);	/* protects the table */
static struct drm_device *nodes[VGPU_MAX_DEVICES];

static int get_param(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct vgpu_device *dev = vgpu_drm_device(ddev);
	struct drm_vgpu_get_param *a = arg;
	struct vgpu_pci_address at;

	if (a->pad)
		return -EINVAL;
	switch (a->param) {
	case DRM_VGPU_PARAM_UAPI:
		a->value = VGPU_DRM_UAPI_VERSION;
		return 0;
	case DRM_VGPU_PARAM_INDEX:
		a->value = dev->index;
		return 0;
	case DRM_VGPU_PARAM_PCI:
		vgpu_pci_address(dev->index, &at);
		a->value = (u64)at.domain << 16 | at.bus << 8 | at.device << 3 | at.function;
		return 0;
	case DRM_VGPU_PARAM_VRAM:
		a->value = dev->vram_bytes;
		return 0;
	case DRM_VGPU_PARAM_FREE:
		a->value = vgpu_device_vram_free(dev);
		return 0;
	}
	return -EINVAL;
}

static const struct drm_ioctl_desc ioctls[] = {
	DRM_IOCTL_DEF_DRV(VGPU_GET_PARAM, get_param, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VGPU_GEM_CREATE, vgpu_drm_gem_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VGPU_GEM_MMAP, vgpu_drm_gem_mmap, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VGPU_GEM_IMPORT, vgpu_drm_gem_import, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VGPU_GEM_EXPORT, vgpu_drm_gem_export, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VGPU_FENCE, vgpu_drm_fence, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VGPU_ATTACH, vgpu_drm_attach, DRM_RENDER_ALLOW),
};

/*
 * What the primary node would offer to have kernel memory that nobody is charged for. Property blobs, since it shows
 * that there are no outputs: for outputs, up to 2 GiB a call. Global names: each GEM_OPEN of one makes another
 * handle, and fdinfo goes through all of them with a spinlock held. Whoever shares memory has PRIME.
 */
static bool refused(unsigned int cmd)
{
	switch (DRM_IOCTL_NR(cmd)) {
	case DRM_IOCTL_NR(DRM_IOCTL_MODE_CREATEPROPBLOB):
	case DRM_IOCTL_NR(DRM_IOCTL_GEM_FLINK):
	case DRM_IOCTL_NR(DRM_IOCTL_GEM_OPEN):
		return true;
	}
	return false;
}

static long node_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return refused(cmd) ? -EOPNOTSUPP : drm_ioctl(filp, cmd, arg);
}

#ifdef CONFIG_COMPAT
static long node_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return refused(cmd) ? -EOPNOTSUPP : drm_compat_ioctl(filp, cmd, arg);
}
#endif

/* What DRM_GEM_FOPS has, but for these. */
static const struct file_operations fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.unlocked_ioctl = node_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = node_compat_ioctl,
#endif
	.mmap = vgpu_drm_mmap,
	.show_fdinfo = vgpu_drm_fdinfo,
};

/* A card without outputs, as 3D controllers are: what lists cards asks for its outputs and gets none. */
static const struct drm_driver driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE |
			   DRIVER_MODESET,
	.open = vgpu_drm_open,
	.postclose = vgpu_drm_postclose,
	.gem_prime_import_sg_table = vgpu_gem_import_sg,
	VGPU_DRM_PRIME
	.ioctls = ioctls,
	.num_ioctls = ARRAY_SIZE(ioctls),
	.fops = &fops,
	.name = VGPU_NAME,
	.desc = "virtual GPU",
	VGPU_DRM_DATE("20261127")
	.major = VGPU_DRM_UAPI_VERSION,
	.minor = 0,
};

static void put_device_of(struct drm_device *ddev, void *priv)
{
	vgpu_device_put(priv);
}

static struct drm_framebuffer *no_framebuffer(struct drm_device *ddev, struct drm_file *file,
					      VGPU_FB_ARGS)
{
	return ERR_PTR(-EOPNOTSUPP);
}

/* There is nothing to show: whoever asks for a framebuffer of the card is told so. */
static const struct drm_mode_config_funcs no_modes = {
	.fb_create = no_framebuffer,
};

/* Takes over the reference on @dev. */
static struct drm_device *make(struct pci_dev *pdev, struct vgpu_device *dev)
{
	struct drm_device *ddev = drm_dev_alloc(&driver, &pdev->dev);
	int rc;

	if (IS_ERR(ddev)) {
		vgpu_device_put(dev);
		return ddev;
	}
	ddev->dev_private = dev;
	rc = drmm_add_action_or_reset(ddev, put_device_of, dev);
	if (!rc)
		rc = drmm_mode_config_init(ddev);
	if (!rc) {
		ddev->mode_config.funcs = &no_modes;
		ddev->mode_config.min_width = 1;
		ddev->mode_config.min_height = 1;
	}
	/* No bus is between us and the memory that others hand to us. */
	if (!rc)
		rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!rc)
		rc = drm_dev_register(ddev, 0);
	if (!rc)
		return ddev;
	drm_dev_put(ddev);
	return ERR_PTR(rc);
}

static void add(struct pci_dev *pdev)
{
	struct vgpu_device *dev = vgpu_device_of_pci(pdev);
	struct drm_device *ddev;
	unsigned int index;

	if (!dev)
		return;
	index = dev->index;
	mutex_lock(&lock);
	if (nodes[index]) {	/* both the event and the look at what was there saw it */
		vgpu_device_put(dev);
	} else {
		ddev = make(pdev, dev);
		if (IS_ERR(ddev))
			pr_err("GPU %u: no render node: error %ld\n", index, PTR_ERR(ddev));
		else
			nodes[index] = ddev;
	}
	mutex_unlock(&lock);
}

/* The node of @device, all nodes for NULL. */
static void remove(struct device *device)
{
	unsigned int i;

	mutex_lock(&lock);
	for (i = 0; i < VGPU_MAX_DEVICES; i++) {
		if (!nodes[i] || (device && nodes[i]->dev != device))
			continue;
		drm_dev_unplug(nodes[i]);
		drm_dev_put(nodes[i]);
		nodes[i] = NULL;
	}
	mutex_unlock(&lock);
}

static int bus_event(struct notifier_block *nb, unsigned long action, void *data)
{
	switch (action) {
	case BUS_NOTIFY_BOUND_DRIVER:
		add(to_pci_dev(data));
		return NOTIFY_OK;
	case BUS_NOTIFY_UNBIND_DRIVER:
		remove(data);
		return NOTIFY_OK;
	}
	return NOTIFY_DONE;
}

static struct notifier_block bus_notifier = {
	.notifier_call = bus_event,
};

/* The devices that were there before us. Their lock keeps them from being unbound meanwhile. */
static int look_at(struct device *device, void *data)
{
	if (!vgpu_pci_is_ours(to_pci_dev(device)))
		return 0;
	device_lock(device);
	if (device->driver)
		add(to_pci_dev(device));
	device_unlock(device);
	return 0;
}

static int __init load(void)
{
	int rc = vgpu_drm_fences_init();

	if (rc)
		return rc;
	rc = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (rc) {
		vgpu_drm_fences_exit();
		return rc;
	}
	bus_for_each_dev(&pci_bus_type, NULL, NULL, look_at);
	return 0;
}

static void __exit unload(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	remove(NULL);
	vgpu_drm_fences_exit();
	vgpu_tally_tell(VGPU_KIND_OF_VGPU_DRM);
}

module_init(load);
module_exit(unload);
VGPU_IMPORT(VGPU);
VGPU_IMPORT(DMA_BUF);
MODULE_DESCRIPTION("virtual GPUs: DRM render nodes");
MODULE_VERSION(VGPU_MODULE_VERSION);
MODULE_LICENSE("GPL");
