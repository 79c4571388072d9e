/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI face: a host bridge of our own with one PCI Express function for
 * each virtual device.
 *
 * The core serializes init, add, del and exit; config space accesses come
 * from anywhere at any time in between.
 */
#ifndef _VGPU_PCI_PCI_H
#define _VGPU_PCI_PCI_H

#include <linux/types.h>

struct pci_dev;
struct vgpu_device;

int vgpu_pci_init(void);
void vgpu_pci_exit(void);
int vgpu_pci_add(struct vgpu_device *dev);
void vgpu_pci_del(struct vgpu_device *dev);
bool vgpu_pci_is_ours(const struct pci_dev *pdev);

#endif
