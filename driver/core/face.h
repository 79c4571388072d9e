/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vgpu.ko offers to driver/drm, which is a module of its own: exported in the namespace VGPU.
 */
#ifndef _VGPU_CORE_FACE_H
#define _VGPU_CORE_FACE_H

#include <linux/export.h>
#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/version.h>

/* Namespaces became strings in 6.13. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define EXPORT_SYMBOL_VGPU(sym)	EXPORT_SYMBOL_NS_GPL(sym, "VGPU")
#define VGPU_IMPORT(ns)		MODULE_IMPORT_NS(#ns)
#else
#define EXPORT_SYMBOL_VGPU(sym)	EXPORT_SYMBOL_NS_GPL(sym, VGPU)
#define VGPU_IMPORT(ns)		MODULE_IMPORT_NS(ns)
#endif

struct module;
struct page;
struct pci_dev;
struct vgpu_client;
struct vgpu_device;
struct vgpu_obj;
struct vgpu_pci_address;
struct vgpu_store;
struct vgpu_tl_waiter;

/* ---- devices (device.c, ../pci/pci.c) */
struct vgpu_device *vgpu_device_of_pci(struct pci_dev *pdev);
int vgpu_device_use(struct vgpu_device *dev);
void vgpu_device_close(struct vgpu_device *dev);
void vgpu_device_put(struct vgpu_device *dev);
u64 vgpu_device_vram_free(struct vgpu_device *dev);
bool vgpu_pci_is_ours(const struct pci_dev *pdev);
void vgpu_pci_address(unsigned int index, struct vgpu_pci_address *out);
unsigned int vgpu_sched_workers(void);

/* ---- who uses them (client.c) */

/**
 * struct vgpu_client_usage - what the files of a client use
 * @contexts: live contexts
 * @vram: bytes of VRAM that they hold
 * @absent: of these, bytes that have no memory yet
 * @busy_ns: worker time for them and for those that have ended
 */
struct vgpu_client_usage {
	u32 contexts;
	u64 vram;
	u64 absent;
	u64 busy_ns;
};

struct vgpu_client *vgpu_client_create(void);
void vgpu_client_put(struct vgpu_client *client);
int vgpu_client_attach(struct vgpu_client *client, struct vgpu_device *dev, int fd);
void vgpu_client_usage(struct vgpu_client *client, struct vgpu_device *dev,
		       struct vgpu_client_usage *usage);

/* ---- users (user.c) */
struct vgpu_user;

struct vgpu_user *vgpu_user_get(size_t bytes);
void vgpu_user_put(struct vgpu_user *u, size_t bytes);

/* ---- memory (../mm/bo.c, ../mm/share.c) */

/**
 * struct vgpu_store_ops - memory that is not ours
 * @owner: module of the function
 * @release: nobody uses it any more; may sleep
 */
struct vgpu_store_ops {
	struct module *owner;
	void (*release)(void *priv);
};

struct vgpu_store *vgpu_store_create(struct vgpu_device *dev, u64 length);
struct vgpu_store *vgpu_store_wrap(struct vgpu_device *dev, void *kaddr, u64 length,
				   const struct vgpu_store_ops *ops, void *priv);
void vgpu_store_put(struct vgpu_store *store);
u64 vgpu_store_length(const struct vgpu_store *store);
struct page *vgpu_store_page(const struct vgpu_store *store, unsigned long index);
vm_fault_t vgpu_store_fault(struct vm_fault *vmf, const struct vgpu_store *store, unsigned long i,
			    unsigned long n);
struct vgpu_store *vgpu_store_from_fd(struct vgpu_device *dev, int fd);
int vgpu_store_back_range(struct vgpu_store *store, u64 offset, u64 length);
int vgpu_store_fd(struct vgpu_store *store);

/* ---- queues (../sched/fence.c); what waits is a struct vgpu_tl_waiter of ../sched/sched.h */
struct vgpu_obj *vgpu_queue_from_fd(struct vgpu_device *dev, int fd, u32 handle);
bool vgpu_queue_keep(struct vgpu_obj *queue, size_t bytes);
void vgpu_queue_unkeep(struct vgpu_obj *queue, size_t bytes);
int vgpu_queue_watch(struct vgpu_obj *queue, struct vgpu_tl_waiter *w);
bool vgpu_queue_unwatch(struct vgpu_obj *queue, struct vgpu_tl_waiter *w);
u64 vgpu_queue_done(struct vgpu_obj *queue);
void vgpu_obj_put(struct vgpu_obj *obj);

#endif
