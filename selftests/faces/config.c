// SPDX-License-Identifier: MIT
/* Config space and model profiles on the host: every byte read and written in every size. */
#include "../../driver/core/model.h"
#include "../../driver/pci/config.h"
#include "../../uapi/vgpu_pci.h"
#include "tap.h"

#define VSEC	0x100
#define AT(m)	(VSEC + offsetof(struct vgpu_pci_vsec, m))
#define MS	1000000ull

static struct vgpu_pci_counters counters;
static struct vgpu_cfg cfg;

static void sample(void *priv, struct vgpu_pci_counters *out)
{
	*out = *(struct vgpu_pci_counters *)priv;
}

static void make(const char *model)
{
	static const u8 uuid[16] = "0123456789abcdef";
	struct vgpu_pci_desc desc = {
		.index = 3, .model = vgpu_model_find(model, NULL), .uuid = uuid,
		.serial = 0x1122334455667788, .isa_version = 0x10002, .sm_count = 8,
		.workers = 2, .sample = sample, .priv = &counters,
	};

	memset(&cfg, 0, sizeof(cfg));
	vgpu_cfg_init(&cfg, &desc);
}

static u32 rd(unsigned int where, unsigned int size)
{
	return vgpu_cfg_read(&cfg, 1, where, size);
}

static void header(void)
{
	make("h100");
	tap_equal(rd(0, 4), 0x233010de, "ids");
	tap_equal(rd(8, 4), 0x030200a1, "class and revision");
	tap_equal(rd(0x2c, 4), 0x16c110de, "subsystem ids");
	tap_equal(rd(0x488, 4) >> 25 & 1, 1, "the bit that keeps the audio quirk quiet");
	for (unsigned int bar = 0x10; bar < 0x28; bar += 4)
		tap(!rd(bar, 4), "no BAR at %#x", bar);
	tap_equal(rd(0x3d, 1), 0, "no interrupt pin");
}

/* Each capability is found once, within bounds, and the list ends. */
static void capabilities(void)
{
	unsigned int p = rd(0x34, 1), seen = 0, n = 0;

	for (; p && n < 8; p = rd(p + 1, 1), n++)
		seen |= 1u << rd(p, 1);
	tap(!p && n == 2 && seen == (1u << 0x01 | 1u << 0x10), "capabilities: PM and PCIe");
	for (p = 0x100, n = 0, seen = 0; p && n < 8; p = rd(p, 4) >> 20, n++)
		seen |= 1u << (rd(p, 4) & 0xffff);
	tap(!p && n == 2 && seen == (1u << 0x0b | 1u << 0x03), "extended capabilities: vendor and serial number");
	tap_equal(rd(0x184, 4), 0x55667788, "serial number, low");
	tap_equal(rd(0x188, 4), 0x11223344, "serial number, high");
}

/* The link of every profile is within its own limits. */
static void links(void)
{
	const struct vgpu_model *m;
	int bad = 0;

	for (unsigned int i = 0; (m = vgpu_model_at(i)); i++) {
		u32 cap, sta, cap2;

		make(m->id);
		cap = rd(0x78 + 0x0c, 4);
		sta = rd(0x78 + 0x12, 2);
		cap2 = rd(0x78 + 0x2c, 4);
		bad += (cap & 0x3ff) != (sta & 0x3ff) || (cap & 0xf) != m->pcie_gen ||
		       (cap >> 4 & 0x3f) != m->pcie_width || cap2 >> 1 != (1u << m->pcie_gen) - 1;
	}
	tap_equal(bad, 0, "links: status, speed vector and capability agree in every profile");
}

/* Ones and zeros everywhere in every size: what is not writable stays. */
static void writes(void)
{
	static struct vgpu_cfg before;
	int bad = 0;

	make("t4");
	before = cfg;
	for (unsigned int size = 1; size <= 4; size *= 2) {
		for (unsigned int w = 0; w + size <= VGPU_CFG_SIZE; w++)
			vgpu_cfg_write(&cfg, w, size, 0);
		for (unsigned int w = 0; w + size <= VGPU_CFG_SIZE; w++)
			vgpu_cfg_write(&cfg, w, size, ~0u);
	}
	for (unsigned int i = 0; i < VGPU_CFG_SIZE; i++)
		bad += cfg.space[i] != (u8)(before.space[i] | before.writable[i]);
	tap_equal(bad, 0, "writes change the writable bits only");
	tap_equal(rd(0, 4), 0x1eb810de, "ids cannot be written");
	tap_equal(rd(0x10, 4), 0, "a BAR cannot be written");
	tap_equal(rd(4, 2), 0x0546, "command register");
	vgpu_cfg_write(&cfg, VGPU_CFG_SIZE - 1, 1, 1);
	tap_equal(rd(VGPU_CFG_SIZE - 1, 1), 0, "last byte");
}

static void snapshots(void)
{
	u32 seq;

	make("");
	counters = (struct vgpu_pci_counters){ .contexts = 5, .vram_total = 1ull << 40, .vram_used = 7, .launches = 9 };
	tap_equal(rd(AT(contexts), 4), 0, "no counters before the sequence number is read");
	seq = rd(AT(seq), 4);
	tap_equal(rd(AT(contexts), 4), 5, "contexts");
	tap_equal(rd(AT(vram_total) + 4, 4), 256, "memory, high half");
	counters.contexts = 6;
	tap_equal(rd(AT(contexts), 4), 5, "a snapshot stays as it is");
	tap_equal(rd(AT(seq_end), 4), seq, "its number at the end");
	tap_equal(rd(AT(seq), 4), seq + 1, "the next snapshot's number");
	tap_equal(rd(AT(contexts), 4), 6, "the next snapshot");
	tap_equal(rd(AT(seq_end), 4), seq + 1, "a reader of the first one notices");
}

static u32 utilization_at(u64 now, u64 active)
{
	counters.active_ns = active;
	vgpu_cfg_read(&cfg, now, AT(seq), 4);
	return rd(AT(utilization), 4);
}

static void utilization(void)
{
	make("");
	tap_equal(utilization_at(1000 * MS, 500 * MS), 0, "utilization: nothing to compare with");
	tap_equal(utilization_at(1100 * MS, 550 * MS), 500, "utilization: half of 100 ms");
	tap_equal(utilization_at(1110 * MS, 560 * MS), 500, "utilization: 10 ms are too short");
	tap_equal(utilization_at(1200 * MS, 650 * MS), 1000, "utilization: all of 100 ms");
	tap_equal(utilization_at(1300 * MS, 900 * MS), 1000, "utilization: never more than all");
	tap_equal(utilization_at(1400 * MS, 900 * MS), 0, "utilization: idle");
}

static void models(void)
{
	u8 a[16], b[16];

	tap_equal(vgpu_model_find(NULL, NULL)->arch->cc_major, 12, "the default is 12.0");
	tap_equal(vgpu_model_find("", "8.6")->arch->cc_minor, 6, "by compute capability");
	tap_equal(vgpu_model_find("", "8.6")->sm_count, 0, "which picks a generic profile");
	tap_equal(vgpu_model_find("h100\n", "")->sm_count, 132, "by name");
	tap(!vgpu_model_find("h100", "8.6"), "not both when they differ");
	tap(!vgpu_model_find("h10", NULL) && !vgpu_model_find(NULL, "8"), "no prefixes");
	tap_equal(vgpu_model_sms(vgpu_model_find(NULL, NULL), 2), 8, "multiprocessors by workers");
	tap_equal(vgpu_model_sms(vgpu_model_find("t4", NULL), 2), 40, "multiprocessors of a card");
	tap_equal(vgpu_model_vram(vgpu_model_find(NULL, NULL), 3001 * MS), 3001 * MS / 2 >> 21 << 21, "memory by the machine's");
	tap_equal(vgpu_model_vram(vgpu_model_find("l4", NULL), 0), 23034ull << 20, "memory of a card");
	vgpu_model_uuid(vgpu_model_find("l4", NULL), 0, a);
	vgpu_model_uuid(vgpu_model_find("l4", NULL), 1, b);
	tap(memcmp(a, b, 16) && a[6] >> 4 == 8 && a[8] >> 6 == 2, "UUIDs differ and are of version 8");
}

int main(void)
{
	header();
	capabilities();
	links();
	writes();
	snapshots();
	utilization();
	models();
	return tap_end();
}
