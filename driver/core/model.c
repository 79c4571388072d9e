// SPDX-License-Identifier: GPL-2.0
/*
 * The table of model profiles and the rules that turn a row into a device.
 *
 * Limits are those of the CUDA programming guide's table of technical
 * specifications by compute capability; for the cards' figures see
 * Documentation/models.rst. The generic profiles' clocks (1 GHz) and power limit
 * (100 W) are nobody's.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "../../uapi/vgpu_ioctl.h"
#include "model.h"

#define KIB(n)	((n) * 1024u)
#define MIB(n)	((n) * 1024u * 1024u)

enum { CC75, CC80, CC86, CC89, CC90, CC120, CC120_OWN };

#define ARCH(id, maj, min, nm, thr, blk, shsm, optin, resv, fp64, cores)	\
	[id] = { .cc_major = (maj), .cc_minor = (min), .name = (nm),	\
	  .threads_per_block = 1024, .threads_per_sm = (thr),		\
	  .blocks_per_sm = (blk), .regs_per_sm = 65536,			\
	  .shared_per_sm = KIB(shsm), .shared_optin = KIB(optin),	\
	  .shared_default = KIB(48), .shared_reserved = KIB(resv),	\
	  .fp32_per_fp64 = (fp64), .cores_per_sm = (cores) },

static const struct vgpu_arch archs[] = {
#include "../../uapi/vgpu_archs.def"
};

/* The subsystem id that marks a generic profile: "vg". */
#define SUBSYS_GENERIC	0x7667

#define GENERIC(nm, cc, dev, gen)					\
	{ .id = "generic-" nm, .name = "vgpu " nm " (software GPU)",	\
	  .arch = &archs[(cc) == CC120 ? CC120_OWN : (cc)],		\
	  .device_id = (dev),						\
	  .subsys_vendor = 0x10de, .subsys_id = SUBSYS_GENERIC,		\
	  .revision = 0xa1, .l2_bytes = MIB(4),				\
	  .clock_khz = 1000000, .mem_clock_khz = 1000000,		\
	  .mem_bus_bits = 128, .power_limit_mw = 100000,		\
	  .pcie_gen = (gen), .pcie_width = 16 },

#define CARD(nm, str, cc, dev, sub, sms, mib, l2, clk, mclk, bits, watt, gen) \
	{ .id = (nm), .name = (str), .arch = &archs[cc],		\
	  .device_id = (dev), .subsys_vendor = 0x10de,			\
	  .subsys_id = (sub), .revision = 0xa1, .sm_count = (sms),	\
	  .vram_mib = (mib), .l2_bytes = KIB(l2),			\
	  .clock_khz = (clk) * 1000, .mem_clock_khz = (mclk) * 1000,	\
	  .mem_bus_bits = (bits), .power_limit_mw = (watt) * 1000,	\
	  .pcie_gen = (gen), .pcie_width = 16 },

static const struct vgpu_model models[] = {
#include "../../uapi/vgpu_models.def"
};

/**
 * vgpu_model_at - the profiles in order
 * @i: position in the table
 *
 * Return: the profile, or NULL behind the last one.
 */
const struct vgpu_model *vgpu_model_at(unsigned int i)
{
	return i < ARRAY_SIZE(models) ? &models[i] : NULL;
}

static bool has_cc(const struct vgpu_model *m, const char *cc)
{
	char text[8];

	snprintf(text, sizeof(text), "%u.%u", m->arch->cc_major,
		 m->arch->cc_minor);
	return sysfs_streq(cc, text);
}

/**
 * vgpu_model_find - choose a profile from the module parameters
 * @model: a profile's id; NULL or "" for any
 * @cc: a compute capability such as "8.9"; NULL or "" for any
 *
 * Without a model the compute capability picks a generic profile, and without
 * either the default is generic-12.0.
 *
 * Return: the profile, or NULL if no row has both.
 */
const struct vgpu_model *vgpu_model_find(const char *model, const char *cc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		const struct vgpu_model *m = &models[i];

		if (model && *model && !sysfs_streq(model, m->id))
			continue;
		if (cc && *cc && !has_cc(m, cc))
			continue;
		return m;
	}
	return NULL;
}

/**
 * vgpu_model_sms - multiprocessors of a device
 * @m: its profile
 * @workers: number of worker threads that execute its blocks
 *
 * Programs size their grids by this number, so a generic device asks for a
 * few blocks a worker: enough to balance, not so many that each is tiny.
 *
 * Return: the profile's number, or VGPU_SM_PER_WORKER times the workers.
 */
u32 vgpu_model_sms(const struct vgpu_model *m, unsigned int workers)
{
	if (m->sm_count)
		return m->sm_count;
	return VGPU_SM_PER_WORKER * max(workers, 1u);
}

/**
 * vgpu_model_vram - memory size of a device when no parameter gives it
 * @m: its profile
 * @ram_bytes: memory of the machine
 *
 * Return: the profile's size, or half of the machine's memory in whole 2 MiB
 * pieces, 64 MiB at least.
 */
u64 vgpu_model_vram(const struct vgpu_model *m, u64 ram_bytes)
{
	u64 half = (ram_bytes / 2) & ~(u64)(MIB(2) - 1);

	if (m->vram_mib)
		return (u64)m->vram_mib << 20;
	return max_t(u64, half, MIB(64));
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/**
 * vgpu_model_features - what follows from the family of a card
 * @m: its profile
 *
 * Cards for games have no ECC, cards for servers no fan. A generic profile has both, so that
 * software for either can be tried on it.
 *
 * Return: VGPU_FEATURE_*
 */
u32 vgpu_model_features(const struct vgpu_model *m)
{
	bool game = begins(m->name, "NVIDIA GeForce");
	bool desk = begins(m->name, "NVIDIA RTX") && !strstr(m->name, "Server");

	if (m->subsys_id == SUBSYS_GENERIC)
		return VGPU_FEATURE_ECC | VGPU_FEATURE_FAN;
	return (game ? 0 : VGPU_FEATURE_ECC) | (game || desk ? VGPU_FEATURE_FAN : 0);
}

/**
 * vgpu_model_uuid - the UUID of a device
 * @m: its profile
 * @index: number of the device
 * @uuid: where to put it
 *
 * The same device has the same UUID after every load, which is what
 * CUDA_VISIBLE_DEVICES=GPU-... needs.  The form is RFC 9562's version 8.
 */
void vgpu_model_uuid(const struct vgpu_model *m, unsigned int index,
		     u8 uuid[VGPU_MODEL_UUID_LEN])
{
	memcpy(uuid, "vgpu", 4);
	uuid[4] = m->device_id >> 8;
	uuid[5] = m->device_id & 0xff;
	uuid[6] = 0x80 | m->arch->cc_major;
	uuid[7] = m->arch->cc_minor;
	uuid[8] = 0x80;
	uuid[9] = 0;
	uuid[10] = m->subsys_id >> 8;
	uuid[11] = m->subsys_id & 0xff;
	uuid[12] = index >> 24;
	uuid[13] = index >> 16;
	uuid[14] = index >> 8;
	uuid[15] = index;
}
