/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of driver/drm share: vgpu_drm.ko, render nodes for the devices of vgpu.ko.
 *
 * A drm_device has its vgpu_device in dev_private and holds a reference on it. What can still call
 * into the module (an open file, a dma-buf, a fence, a wrapped store) holds it.
 */
#ifndef _VGPU_DRM_INTERNAL_H
#define _VGPU_DRM_INTERNAL_H

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <linux/types.h>

#include "../../uapi/vgpu_drm.h"
#include "../core/face.h"
#include "../core/vgpu.h"

struct seq_file;

/**
 * struct vgpu_drm_file - an open render node
 * @id: of the client, for fdinfo
 * @client: what the files that were attached to it use
 */
struct vgpu_drm_file {
	u64 id;
	struct vgpu_client *client;
};

/**
 * struct vgpu_gem - a GEM object
 * @base: DRM's part
 * @store: its memory, NULL when it was imported from another driver
 * @first: page of it that the object begins with
 * @sgt: that one's
 * @user: whose it counts as
 * @own: it was made here: its memory is accounted for nowhere else
 */
struct vgpu_gem {
	struct drm_gem_object base;
	struct vgpu_store *store;
	unsigned long first;
	struct sg_table *sgt;
	struct vgpu_user *user;
	bool own;
};

static inline struct vgpu_device *vgpu_drm_device(struct drm_device *ddev)
{
	return ddev->dev_private;
}

static inline struct vgpu_gem *vgpu_to_gem(struct drm_gem_object *obj)
{
	return container_of(obj, struct vgpu_gem, base);
}

/* ---- gem.c */
struct drm_gem_object *vgpu_gem_import_sg(struct drm_device *ddev, struct dma_buf_attachment *attach,
					  struct sg_table *sgt);
int vgpu_drm_gem_create(struct drm_device *ddev, void *arg, struct drm_file *file);
int vgpu_drm_gem_mmap(struct drm_device *ddev, void *arg, struct drm_file *file);
int vgpu_drm_mmap(struct file *filp, struct vm_area_struct *vma);
int vgpu_drm_gem_import(struct drm_device *ddev, void *arg, struct drm_file *file);
int vgpu_drm_gem_export(struct drm_device *ddev, void *arg, struct drm_file *file);

/* ---- fence.c */
int vgpu_drm_fences_init(void);
void vgpu_drm_fences_exit(void);
int vgpu_drm_fence(struct drm_device *ddev, void *arg, struct drm_file *file);

/* ---- client.c */
int vgpu_drm_open(struct drm_device *ddev, struct drm_file *file);
void vgpu_drm_postclose(struct drm_device *ddev, struct drm_file *file);
int vgpu_drm_attach(struct drm_device *ddev, void *arg, struct drm_file *file);
void vgpu_drm_fdinfo(struct seq_file *m, struct file *filp);

#endif
