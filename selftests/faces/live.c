// SPDX-License-Identifier: MIT
/*
 * Live counters: the same numbers through PCI config space (libpciaccess), the
 * status ioctl and NVML, before, while and after this process uses a device.
 */
#include <dlfcn.h>
#include <pciaccess.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../../uapi/vgpu_pci.h"
#include "../../userlib/libnvidia-ml/nvml.h"
#include "../../userlib/libvgpu/libvgpu.h"
#include "tap.h"

#define VSEC_POS	0x100
#define BYTES		(8ull << 20)
#define INTERVAL	200000000ull	/* ns; longer than any utilization interval */

static struct pci_device *pdev;
static struct vgpu_dev dev;

static nvmlReturn_t (*memory_info)(nvmlDevice_t, nvmlMemory_t *);
static nvmlReturn_t (*running)(nvmlDevice_t, unsigned int *, nvmlProcessInfo_t *);
static nvmlReturn_t (*utilization)(nvmlDevice_t, nvmlUtilization_t *);
static nvmlDevice_t handle;

static void read_vsec(struct vgpu_pci_vsec *v)
{
	pciaddr_t got = 0;

	memset(v, 0xff, sizeof(*v));
	pci_device_cfg_read(pdev, v, VSEC_POS, sizeof(*v), &got);
	if (got != sizeof(*v))
		printf("# only %llu bytes of config space\n", (unsigned long long)got);
}

static void counters_are(const char *when, uint32_t contexts, uint64_t used)
{
	struct vgpu_device_status status;
	struct vgpu_pci_vsec v;
	nvmlMemory_t memory;

	printf("# %s\n", when);
	read_vsec(&v);
	tap_equal(v.seq_end, v.seq, "config: one snapshot");
	tap_equal(v.contexts, contexts, "config: contexts");
	tap_equal(v.vram_used, used, "config: memory used");
	tap_equal(v.vram_total, dev.info.vram_bytes, "config: memory");
	tap_equal(vgpu_dev_status(&dev, &status), 0, "ioctl: status");
	tap_equal(status.contexts, contexts, "ioctl: contexts");
	tap_equal(status.vram_used, used, "ioctl: memory used");
	tap_equal(memory_info(handle, &memory), NVML_SUCCESS, "nvml: memory info");
	tap_equal(memory.used, used, "nvml: memory used");
	tap_equal(memory.total, dev.info.vram_bytes, "nvml: memory");
}

static void no_process(void)
{
	unsigned int n = 99;

	tap_equal(running(handle, &n, NULL), NVML_SUCCESS, "nvml: no process");
	tap_equal(n, 0, "nvml: their number");
}

static void this_process(uint64_t used)
{
	nvmlProcessInfo_t p[4];
	unsigned int n = 0;

	tap_equal(running(handle, &n, NULL), NVML_ERROR_INSUFFICIENT_SIZE, "nvml: asks for room");
	tap_equal(n, 1, "nvml: for one process");
	n = 4;
	tap_equal(running(handle, &n, p), NVML_SUCCESS, "nvml: processes");
	tap_equal(n, 1, "nvml: one process");
	tap_equal(p[0].pid, getpid(), "nvml: this process");
	tap_equal(p[0].usedGpuMemory, used, "nvml: its memory");
	tap_equal(p[0].gpuInstanceId, -1u, "nvml: no instance");
}

static bool find_pci(void)
{
	const struct vgpu_device_info *i = &dev.info;

	if (pci_system_init())
		return false;
	pdev = pci_device_find_by_slot(i->pci_domain, i->pci_bus, i->pci_device, i->pci_function);
	return pdev && !pci_device_probe(pdev);
}

static bool find_nvml(void)
{
	void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	nvmlReturn_t (*init)(void), (*by_index)(unsigned int, nvmlDevice_t *);

	if (!lib) {
		printf("# %s\n", dlerror());
		return false;
	}
	init = (nvmlReturn_t (*)(void))dlsym(lib, "nvmlInit_v2");
	by_index = (nvmlReturn_t (*)(unsigned int, nvmlDevice_t *))
		dlsym(lib, "nvmlDeviceGetHandleByIndex_v2");
	memory_info = (nvmlReturn_t (*)(nvmlDevice_t, nvmlMemory_t *))
		dlsym(lib, "nvmlDeviceGetMemoryInfo");
	running = (nvmlReturn_t (*)(nvmlDevice_t, unsigned int *, nvmlProcessInfo_t *))
		dlsym(lib, "nvmlDeviceGetComputeRunningProcesses_v3");
	utilization = (nvmlReturn_t (*)(nvmlDevice_t, nvmlUtilization_t *))
		dlsym(lib, "nvmlDeviceGetUtilizationRates");
	return init && by_index && memory_info && running && utilization && !init() && !by_index(0, &handle);
}

/* Many readers at once must still get whole snapshots, or know that they did not. */
static void many_readers(void)
{
	int bad = 0, status;

	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		for (int k = 0; k < 200; k++) {
			struct vgpu_pci_vsec v;

			read_vsec(&v);
			if (v.seq == v.seq_end && (v.vram_total != dev.info.vram_bytes || v.vram_used))
				_exit(1);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		bad += status != 0;
	tap_equal(bad, 0, "config: four readers at once");
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Keep a queue filled with work for a time. */
static bool work(struct vgpu_ring *ring, uint64_t va, uint64_t ns)
{
	const struct vgpu_pkt_fill fill = {
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.dst = va, .width = BYTES / 4, .height = 1, .value = 0x12345678, .unit = 4,
	};
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		if (vgpu_ring_packet(ring, &fill))
			return false;
	return true;
}

static void busy_process(void)
{
	struct vgpu_process *list;
	int n = vgpu_dev_processes(&dev, &list);

	tap(n == 1 && list[0].pid == (uint32_t)getpid() && list[0].busy_ns > 0,
	    "ioctl: workers have spent time for this process");
	free(list);
}

/* Utilization is what the device did, and goes away with the work. */
static void under_load(uint32_t ctx, uint32_t bo)
{
	struct vgpu_va_map map = { .size = sizeof(map), .bo = bo };
	struct vgpu_device_status before, after;
	nvmlUtilization_t u = { 0, 0 };
	struct vgpu_pci_vsec v;
	struct vgpu_ring ring;

	if (!tap(!ioctl(dev.fd, VGPU_IOCTL_VA_MAP, &map), "8 MiB mapped") ||
	    !tap(!vgpu_ring_open(&dev, ctx, 64, 0, &ring), "a queue"))
		return;
	vgpu_dev_status(&dev, &before);
	tap(work(&ring, map.va, INTERVAL), "work");
	utilization(handle, &u);	/* intervals begin here, in the middle of it */
	read_vsec(&v);
	tap(work(&ring, map.va, INTERVAL), "more work");
	tap_equal(utilization(handle, &u), NVML_SUCCESS, "nvml: utilization");
	/* On a crowded host neither we nor the workers get all of the time. */
	tap(u.gpu >= 10 && u.gpu <= 100, "nvml: the device is busy: %u %%", u.gpu);
	tap(u.memory <= 100, "nvml: filling memory: %u %%", u.memory);
	read_vsec(&v);
	tap(v.utilization >= 100 && v.utilization <= 1000, "config: the device is busy: %u/1000", v.utilization);
	vgpu_dev_status(&dev, &after);
	tap(after.active_ns - before.active_ns >= INTERVAL / 10, "ioctl: the device was busy");
	tap(after.mem_busy_ns > before.mem_busy_ns, "ioctl: workers filled memory");
	tap(after.copied_bytes > before.copied_bytes, "ioctl: bytes filled");
	busy_process();
	tap_equal(vgpu_ring_wait(&ring, ring.packets, VGPU_WAIT_FOREVER), 0, "all work done");
	for (int i = 0; i < 2; i++) {	/* the first interval still has some of the work in it */
		usleep(INTERVAL / 1000);
		utilization(handle, &u);
		read_vsec(&v);
	}
	tap(!u.gpu && !u.memory && !v.utilization, "idle again: %u %%, %u/1000", u.gpu, v.utilization);
	vgpu_ring_close(&ring);
}

int main(void)
{
	uint32_t ctx = 0, bo = 0;
	struct vgpu_pci_vsec v;

	if (!tap(vgpu_devices_open(&dev, 1) == 1, "the device opens") ||
	    !tap(find_pci(), "libpciaccess finds it at the address the ioctl says") ||
	    !tap(find_nvml(), "NVML finds it"))
		return tap_end();

	read_vsec(&v);
	tap_equal(v.vsec & 0xffff, VGPU_PCI_VSEC_ID, "config: the capability's id");
	tap_equal(v.vsec >> 20, sizeof(v), "config: its length");
	tap_equal(v.magic, VGPU_PCI_MAGIC, "config: magic");
	tap_equal(v.index, dev.info.index, "config: index");
	tap_equal(v.isa_version, dev.info.isa_version, "config: ISA version");
	tap_equal(v.sm_count, dev.info.sm_count, "config: multiprocessors");
	tap_equal(v.workers, dev.info.workers, "config: workers");
	tap_equal(memcmp(v.uuid, dev.info.uuid, 16), 0, "config: UUID");
	tap_equal(v.cc, dev.info.cc_major << 16 | dev.info.cc_minor, "config: compute capability");

	counters_are("nobody uses it", 0, 0);
	no_process();
	many_readers();
	tap_equal(vgpu_ctx_create(&dev, &ctx), 0, "a context");
	tap_equal(vgpu_bo_create(&dev, ctx, BYTES, 0, &bo), 0, "8 MiB");
	counters_are("in use", 1, BYTES);
	this_process(BYTES);
	under_load(ctx, bo);
	tap_equal(vgpu_destroy(&dev, ctx), 0, "context destroyed");
	counters_are("no longer in use", 0, 0);
	no_process();
	return tap_end();
}
