// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_configfs.ko: devices added and removed at run time through configfs.
 *
 *	/sys/kernel/config/vgpu/NAME/model	profile, such as h100
 *				    /memory_mib	0: the profile's
 *				    /index	number, -1: the first that is free
 *				    /enabled	1 plugs it in, 0 unplugs it unless it is in use (EBUSY)
 *	/sys/kernel/config/vgpu/unplug		write "N" or "N force": a device made at load
 *
 * Removing the directory of an enabled device pulls it out, in use or not.
 *
 * A module of its own, so that vgpu.ko itself loads with a plain insmod where
 * configfs is a module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../core/device.h"
#include "../core/vgpu.h"

#define MODEL_LEN	32

/**
 * struct plug - a device to be, or one that is there
 * @item: its directory
 * @model: profile, "" for that of the module parameters
 * @memory_mib: its memory, 0: the profile's
 * @index: its number; below 0 until it has one
 * @enabled: it is there
 */
struct plug {
	struct config_item item;
	char model[MODEL_LEN];
	u32 memory_mib;
	int index;
	bool enabled;
};

/* Protects all of the above, and the owners. */
static DEFINE_MUTEX(lock);
static struct plug *owner[VGPU_MAX_DEVICES];

static struct plug *to_plug(struct config_item *item)
{
	return container_of(item, struct plug, item);
}

/* ---- under the lock */

static int plug_in(struct plug *p)
{
	const struct vgpu_device_config config = {
		.index = p->index,
		.model = *p->model ? p->model : NULL,
		.vram_bytes = (u64)p->memory_mib << 20,
	};
	int index = vgpu_device_add(&config);

	if (index < 0)
		return index;
	p->index = index;
	p->enabled = true;
	owner[index] = p;
	return 0;
}

static int pull_out(struct plug *p, bool force)
{
	int rc = vgpu_device_remove(p->index, force);

	if (rc)
		return rc;
	p->enabled = false;
	owner[p->index] = NULL;
	return 0;
}

/* ---- end of under the lock */

/* What a device is to be is set before it is plugged in. Return: 0 with the lock held, or -EBUSY. */
static int begin_setting(struct plug *p)
{
	mutex_lock(&lock);
	if (!p->enabled)
		return 0;
	mutex_unlock(&lock);
	return -EBUSY;
}

static ssize_t plug_model_show(struct config_item *item, char *page)
{
	ssize_t n;

	mutex_lock(&lock);
	n = sysfs_emit(page, "%s\n", to_plug(item)->model);
	mutex_unlock(&lock);
	return n;
}

static ssize_t plug_model_store(struct config_item *item, const char *page, size_t count)
{
	struct plug *p = to_plug(item);
	int rc;

	if (count >= MODEL_LEN)
		return -EINVAL;
	rc = begin_setting(p);
	if (rc)
		return rc;
	if (*page != '\n' && !vgpu_device_model_exists(page))
		rc = -EINVAL;
	else
		strscpy(p->model, page, strcspn(page, "\n") + 1);
	mutex_unlock(&lock);
	return rc ?: count;
}

static ssize_t plug_memory_mib_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_plug(item)->memory_mib));
}

static ssize_t plug_memory_mib_store(struct config_item *item, const char *page, size_t count)
{
	struct plug *p = to_plug(item);
	u32 mib;
	int rc = kstrtou32(page, 0, &mib);

	if (rc)
		return rc;
	if (mib > VGPU_MAX_MIB)
		return -EINVAL;
	rc = begin_setting(p);
	if (rc)
		return rc;
	WRITE_ONCE(p->memory_mib, mib);
	mutex_unlock(&lock);
	return count;
}

static ssize_t plug_index_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_plug(item)->index));
}

static ssize_t plug_index_store(struct config_item *item, const char *page, size_t count)
{
	struct plug *p = to_plug(item);
	int index;
	int rc = kstrtoint(page, 0, &index);

	if (rc)
		return rc;
	if (index < -1 || index >= VGPU_MAX_DEVICES)
		return -EINVAL;
	rc = begin_setting(p);
	if (rc)
		return rc;
	WRITE_ONCE(p->index, index);
	mutex_unlock(&lock);
	return count;
}

static ssize_t plug_enabled_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_plug(item)->enabled));
}

static ssize_t plug_enabled_store(struct config_item *item, const char *page, size_t count)
{
	struct plug *p = to_plug(item);
	bool on;
	int rc = kstrtobool(page, &on);

	if (rc)
		return rc;
	mutex_lock(&lock);
	if (on != p->enabled)
		rc = on ? plug_in(p) : pull_out(p, false);
	mutex_unlock(&lock);
	return rc ?: count;
}

CONFIGFS_ATTR(plug_, model);
CONFIGFS_ATTR(plug_, memory_mib);
CONFIGFS_ATTR(plug_, index);
CONFIGFS_ATTR(plug_, enabled);

static struct configfs_attribute *plug_attrs[] = {
	&plug_attr_model, &plug_attr_memory_mib, &plug_attr_index, &plug_attr_enabled, NULL,
};

static void plug_release(struct config_item *item)
{
	kfree(to_plug(item));
}

static struct configfs_item_operations plug_ops = { .release = plug_release };

static const struct config_item_type plug_type = {
	.ct_owner = THIS_MODULE, .ct_item_ops = &plug_ops, .ct_attrs = plug_attrs,
};

static struct config_item *make_plug(struct config_group *group, const char *name)
{
	struct plug *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->index = -1;
	config_item_init_type_name(&p->item, name, &plug_type);
	return &p->item;
}

static void drop_plug(struct config_group *group, struct config_item *item)
{
	struct plug *p = to_plug(item);

	mutex_lock(&lock);
	if (p->enabled)
		pull_out(p, true);
	mutex_unlock(&lock);
	config_item_put(item);
}

/* A device that has no directory, because the module parameters made it. */
static ssize_t root_unplug_store(struct config_item *item, const char *page, size_t count)
{
	char number[8] = "", word[8] = "", more;
	int rc = sscanf(page, "%7s %7s %c", number, word, &more);
	bool force = rc == 2 && !strcmp(word, "force");
	unsigned int index;

	if (rc < 1 || (rc > 1 && !force) || kstrtouint(number, 10, &index) || index >= VGPU_MAX_DEVICES)
		return -EINVAL;
	mutex_lock(&lock);
	rc = owner[index] ? -EPERM : vgpu_device_remove(index, force);
	mutex_unlock(&lock);
	return rc ?: count;
}

CONFIGFS_ATTR_WO(root_, unplug);

static struct configfs_attribute *root_attrs[] = { &root_attr_unplug, NULL };

static struct configfs_group_operations root_ops = {
	.make_item = make_plug, .drop_item = drop_plug,
};

static const struct config_item_type root_type = {
	.ct_owner = THIS_MODULE, .ct_group_ops = &root_ops, .ct_attrs = root_attrs,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item = { .ci_namebuf = VGPU_NAME, .ci_type = &root_type },
};

static int __init load(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

static void __exit unload(void)
{
	configfs_unregister_subsystem(&subsystem);
}

module_init(load);
module_exit(unload);
MODULE_DESCRIPTION("virtual GPUs: devices added and removed through configfs");
MODULE_VERSION(VGPU_MODULE_VERSION);
MODULE_LICENSE("GPL");
