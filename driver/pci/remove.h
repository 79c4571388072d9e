/* SPDX-License-Identifier: GPL-2.0 */
/* A function's file "remove" in sysfs. Not a face: for pci.c. */
#ifndef _VGPU_PCI_REMOVE_H
#define _VGPU_PCI_REMOVE_H

struct pci_dev;

int vgpu_pci_own_remove(struct pci_dev *pdev);
void vgpu_pci_forget_removed(void);

#endif
