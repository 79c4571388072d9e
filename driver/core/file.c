// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of a device: one set of file operations for /dev/vgpuN and
 * NVIDIA's name of the same device.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "../mm/mm.h"
#include "../sched/sched.h"
#include "face.h"
#include "ioctl.h"
#include "vgpu.h"

static void close_file(struct vgpu_file *vf)
{
	vgpu_obj_destroy_all(vf);
	vgpu_client_put(vf->client);
	vgpu_device_close(vf->dev);
	put_pid(vf->opener);
	vgpu_counted_free(VGPU_KIND_FILE, vf);
}

static void close_later(struct work_struct *work)
{
	int nice = vgpu_chores_begin();

	close_file(container_of(to_delayed_work(work), struct vgpu_file, closing));
	vgpu_chores_end(nice);
	module_put(THIS_MODULE);	/* vgpu_ends_exit() waits for the rest */
}

static int open(struct inode *inode, struct file *file)
{
	struct vgpu_device *dev;
	struct vgpu_file *vf;
	int rc = vgpu_loaded();

	if (rc)
		return rc;
	dev = vgpu_device_open(iminor(inode));
	if (!dev)
		return -ENODEV;
	vf = vgpu_counted(VGPU_KIND_FILE, kzalloc(sizeof(*vf), VGPU_GFP));
	if (!vf) {
		vgpu_device_close(dev);
		return -ENOMEM;
	}
	vf->dev = dev;
	vf->opener = get_pid(task_tgid(current));
	INIT_DELAYED_WORK(&vf->closing, close_later);
	xa_init_flags(&vf->objs, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	vf->next = 1;
	vf->event_seen = READ_ONCE(dev->event_seq);
	file->private_data = vf;
	return nonseekable_open(inode, file);
}

static int release(struct inode *inode, struct file *file)
{
	struct vgpu_file *vf = file->private_data;

	/*
	 * The last to hold it need not be who opened it: files on their way through a socket that nobody can read any more are
	 * closed by any process that uses sockets, or by a thread that closes all such files of the machine.
	 */
	if (!atomic_read(&vf->nobjs) || vf->opener == task_tgid(current)) {
		close_file(vf);
	} else {
		__module_get(THIS_MODULE);
		vgpu_end_later(&vf->closing, 0);
	}
	return 0;
}

static __poll_t poll(struct file *file, struct poll_table_struct *wait)
{
	struct vgpu_file *vf = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &vf->dev->event_wait, wait);
	if (READ_ONCE(vf->dev->event_seq) > READ_ONCE(vf->event_seen))
		mask |= EPOLLPRI;
	if (READ_ONCE(vf->dev->state) & VGPU_STATE_REMOVED)
		mask |= EPOLLHUP;
	return mask;
}

const struct file_operations vgpu_fops = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.poll = poll,
	.mmap = vgpu_mmap,
	.unlocked_ioctl = vgpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * vgpu_file_from_fd - the open device that a descriptor stands for
 * @fd: descriptor, of any process's making
 * @vf: where it goes, valid until the file is put
 *
 * Return: the file, for fput(); -EBADF, -EINVAL for a file of another kind.
 */
struct file *vgpu_file_from_fd(int fd, struct vgpu_file **vf)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &vgpu_fops) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	*vf = file->private_data;
	return file;
}
