// SPDX-License-Identifier: GPL-2.0
/*
 * Config space of a virtual device: what it holds, reads and writes.
 *
 * Everything is bytes in memory with a mask of the writable bits, but for the
 * counters of the vendor-specific capability, which are put there when the
 * capability's sequence number is read.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/pci_regs.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "../core/model.h"
#include "../../uapi/vgpu_pci.h"
#include "config.h"

/* Where the capabilities are; PM and PCIe as on the real cards. */
#define POS_PM		0x60
#define POS_EXP		0x78
#define POS_VSEC	0x100
#define POS_DSN		0x180

/*
 * Bit 25 says that the card's audio function is switched on; without it the
 * kernel's quirk for cards that hide theirs would try to do so and complain.
 */
#define POS_NV_HDA	0x488
#define NV_HDA_ENABLED	BIT(25)

/* Shorter intervals say little about the load and much about the reader. */
#define UTIL_INTERVAL_NS	50000000ull

#define VSEC_OFFSET(member)	(POS_VSEC + offsetof(struct vgpu_pci_vsec, member))

/* Config space is little endian; capabilities need not be aligned in memory. */
static void store(u8 *p, unsigned int bytes, u64 val)
{
	for (; bytes; bytes--, val >>= 8)
		*p++ = val;
}

static void put8(struct vgpu_cfg *cfg, unsigned int where, u8 val)
{
	store(cfg->space + where, 1, val);
}

static void put16(struct vgpu_cfg *cfg, unsigned int where, u16 val)
{
	store(cfg->space + where, 2, val);
}

static void put32(struct vgpu_cfg *cfg, unsigned int where, u32 val)
{
	store(cfg->space + where, 4, val);
}

static void put64(struct vgpu_cfg *cfg, unsigned int where, u64 val)
{
	store(cfg->space + where, 8, val);
}

static void writable16(struct vgpu_cfg *cfg, unsigned int where, u16 mask)
{
	store(cfg->writable + where, 2, mask);
}

static void init_header(struct vgpu_cfg *cfg, const struct vgpu_model *m)
{
	put16(cfg, PCI_VENDOR_ID, VGPU_PCI_VENDOR);
	put16(cfg, PCI_DEVICE_ID, m->device_id);
	put16(cfg, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put8(cfg, PCI_REVISION_ID, m->revision);
	/* 3D controller: as a VGA one it would enter the VGA arbiter. */
	put16(cfg, PCI_CLASS_DEVICE, 0x0302);
	put16(cfg, PCI_SUBSYSTEM_VENDOR_ID, m->subsys_vendor);
	put16(cfg, PCI_SUBSYSTEM_ID, m->subsys_id);
	put8(cfg, PCI_CAPABILITY_LIST, POS_PM);

	writable16(cfg, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		   PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		   PCI_COMMAND_INTX_DISABLE);
	cfg->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	cfg->writable[PCI_INTERRUPT_LINE] = 0xff;
}

static void init_pm(struct vgpu_cfg *cfg)
{
	put8(cfg, POS_PM, PCI_CAP_ID_PM);
	put8(cfg, POS_PM + 1, POS_EXP);
	put16(cfg, POS_PM + PCI_PM_PMC, 3);
	put16(cfg, POS_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	writable16(cfg, POS_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
}

/* Link speeds are counted from 1 (2.5 GT/s), as are PCIe generations. */
static void init_express(struct vgpu_cfg *cfg, const struct vgpu_model *m)
{
	unsigned int e = POS_EXP;
	u16 link = m->pcie_gen | m->pcie_width << 4;

	put8(cfg, e, PCI_CAP_ID_EXP);
	put16(cfg, e + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put32(cfg, e + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER |
	      PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_L0S |
	      PCI_EXP_DEVCAP_L1 | 1);
	put16(cfg, e + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_PAYLOAD_256B |
	      PCI_EXP_DEVCTL_READRQ_512B | PCI_EXP_DEVCTL_RELAX_EN |
	      PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_NOSNOOP_EN);
	writable16(cfg, e + PCI_EXP_DEVCTL, 0x7fff);
	put32(cfg, e + PCI_EXP_LNKCAP, link);
	writable16(cfg, e + PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_RCB |
		   PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	put16(cfg, e + PCI_EXP_LNKSTA, link | PCI_EXP_LNKSTA_SLC);
	put32(cfg, e + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS);
	writable16(cfg, e + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_COMP_TIMEOUT |
		   PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	put32(cfg, e + PCI_EXP_LNKCAP2, (BIT(m->pcie_gen) - 1) << 1);
	put16(cfg, e + PCI_EXP_LNKCTL2, m->pcie_gen);
	/* From 8 GT/s on a link is trained by equalization, in three phases. */
	if (m->pcie_gen >= 3)
		put16(cfg, e + PCI_EXP_LNKSTA2, 0x001e);
	writable16(cfg, e + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS);
}

static void init_vsec(struct vgpu_cfg *cfg, const struct vgpu_pci_desc *d)
{
	const struct vgpu_arch *arch = d->model->arch;

	BUILD_BUG_ON(POS_VSEC + sizeof(struct vgpu_pci_vsec) > POS_DSN);

	put32(cfg, VSEC_OFFSET(cap),
	      PCI_EXT_CAP_ID_VNDR | 1 << 16 | POS_DSN << 20);
	put32(cfg, VSEC_OFFSET(vsec), VGPU_PCI_VSEC_ID |
	      VGPU_PCI_VSEC_REV << 16 |
	      (u32)sizeof(struct vgpu_pci_vsec) << 20);
	put32(cfg, VSEC_OFFSET(magic), VGPU_PCI_MAGIC);
	put32(cfg, VSEC_OFFSET(index), d->index);
	put32(cfg, VSEC_OFFSET(isa_version), d->isa_version);
	put32(cfg, VSEC_OFFSET(cc), arch->cc_major << 16 | arch->cc_minor);
	put32(cfg, VSEC_OFFSET(sm_count), d->sm_count);
	put32(cfg, VSEC_OFFSET(workers), d->workers);
	memcpy(cfg->space + VSEC_OFFSET(uuid), d->uuid, 16);

	put32(cfg, POS_DSN, PCI_EXT_CAP_ID_DSN | 1 << 16);
	put64(cfg, POS_DSN + 4, d->serial);
}

/**
 * vgpu_cfg_init - write the config space of a device
 * @cfg: zeroed memory
 * @desc: the device
 */
void vgpu_cfg_init(struct vgpu_cfg *cfg, const struct vgpu_pci_desc *desc)
{
	cfg->sample = desc->sample;
	cfg->priv = desc->priv;
	init_header(cfg, desc->model);
	init_pm(cfg);
	init_express(cfg, desc->model);
	init_vsec(cfg, desc);
	put32(cfg, POS_NV_HDA, NV_HDA_ENABLED);
}

static void update_utilization(struct vgpu_cfg *cfg, u64 now, u64 active)
{
	u64 interval = now - cfg->base_ns;

	if (cfg->base_ns && interval < UTIL_INTERVAL_NS)
		return;
	if (cfg->base_ns) {
		u64 part = min(active - cfg->base_active_ns, interval);

		put32(cfg, VSEC_OFFSET(utilization),
		      div64_u64(part * 1000, interval));
	}
	cfg->base_ns = now;
	cfg->base_active_ns = active;
}

static void take_snapshot(struct vgpu_cfg *cfg, u64 now)
{
	struct vgpu_pci_counters c = {};

	cfg->sample(cfg->priv, &c);
	cfg->seq++;
	put32(cfg, VSEC_OFFSET(seq), cfg->seq);
	put32(cfg, VSEC_OFFSET(contexts), c.contexts);
	put64(cfg, VSEC_OFFSET(vram_total), c.vram_total);
	put64(cfg, VSEC_OFFSET(vram_used), c.vram_used);
	put64(cfg, VSEC_OFFSET(active_ns), c.active_ns);
	put64(cfg, VSEC_OFFSET(now_ns), now);
	put64(cfg, VSEC_OFFSET(launches), c.launches);
	put64(cfg, VSEC_OFFSET(faults), c.faults);
	update_utilization(cfg, now, c.active_ns);
	put32(cfg, VSEC_OFFSET(seq_end), cfg->seq);
}

/**
 * vgpu_cfg_read - read 1, 2 or 4 bytes
 * @cfg: config space
 * @now_ns: CLOCK_MONOTONIC
 * @where: offset; @where + @size is at most VGPU_CFG_SIZE
 * @size: bytes
 *
 * Return: the value.
 */
u32 vgpu_cfg_read(struct vgpu_cfg *cfg, u64 now_ns, unsigned int where,
		  unsigned int size)
{
	u32 val = 0;
	unsigned int i;

	if (where == VSEC_OFFSET(seq))
		take_snapshot(cfg, now_ns);
	for (i = 0; i < size; i++)
		val |= (u32)cfg->space[where + i] << (8 * i);
	return val;
}

/**
 * vgpu_cfg_write - write 1, 2 or 4 bytes, as far as they are writable
 * @cfg: config space
 * @where: offset; @where + @size is at most VGPU_CFG_SIZE
 * @size: bytes
 * @val: value
 */
void vgpu_cfg_write(struct vgpu_cfg *cfg, unsigned int where,
		    unsigned int size, u32 val)
{
	unsigned int i;

	for (i = 0; i < size; i++) {
		u8 mask = cfg->writable[where + i];
		u8 *byte = &cfg->space[where + i];

		*byte = (*byte & ~mask) | ((val >> (8 * i)) & mask);
	}
}
