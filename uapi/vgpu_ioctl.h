/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The contract between vgpu.ko and user space: ioctls, rings, packets.
 */
#ifndef _UAPI_VGPU_IOCTL_H
#define _UAPI_VGPU_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The vgpu ioctl contract
 *
 * **Files.** /dev/vgpuN and /dev/nvidiaN (N = device index) open the same thing: a file
 * bound to device N. Every handle (context, buffer, code, queue, fence, host memory) lives in the
 * file that made it, is a u32 that is never 0, and goes away with DESTROY or with the file.
 * A handle of one file means nothing in another.
 *
 * **Structs.** Every ioctl takes one struct whose first member is ``__u32 size``, set by the
 * caller to sizeof() as it was compiled. A shorter struct than the kernel's is extended with
 * zeros; a longer one, of a page at most, is taken when the part the kernel does not know is zero, else E2BIG. New
 * members are only ever added at the end. Members named ``flags`` take only the bits named here, members
 * named ``reserved`` must be zero: anything else is EINVAL. Members are naturally
 * aligned, pointers are __u64, so 32-bit callers see the same layout.
 * Members marked [out] are written on success only; members marked [in/out] also on EINTR.
 * %VGPU_UAPI_VERSION counts additions; DEVICE_INFO reports the kernel's.
 *
 * **Processes.** A context belongs to the address space (mm) that created it. Another
 * mm, a forked child for one, gets EPERM from every ioctl on the context's objects and from mmap.
 * When the mm ends, its contexts end, whoever still holds the file. Queries work from anywhere.
 *
 * **Errors.**
 *
 * ============== ===========================================================================
 * errno          meaning
 * ============== ===========================================================================
 * ENOTTY         unknown ioctl number
 * EINVAL         unknown flag, non-zero reserved member, wrong type of handle, bad value, size below the first version's
 * E2BIG          struct larger than known and not zero at its end, or larger than a page
 * EFAULT         bad user pointer, or a GPU address range that is not mapped (MEM_COPY)
 * ENOENT         no such handle
 * EPERM          the object's context belongs to another process; CAP_SYS_ADMIN is missing, where it is asked for
 * EIO            the context has ended in an error (sticky); FAULT_QUERY tells which
 * ENODEV         the device is lost or was removed
 * ENOMEM         the machine has no memory for it; EDQUOT is our own bound
 * ENOSPC         VRAM is full (CUDA_ERROR_OUT_OF_MEMORY), or no free GPU address range
 * EDQUOT         a bound on objects, page tables, callbacks or pinned memory, per context, file or user
 * EEXIST         a FIXED address range overlaps a mapping
 * EBUSY          the object is in use, or the device's compute mode admits no further process
 * EBADMSG        the code object was refused by the verifier; the log buffer says why
 * EINTR          a signal came first; [in/out] members say how far it got
 * ETIME          the wait's deadline passed
 * EOPNOTSUPP     known, but not done by this build or device
 * ============== ===========================================================================
 *
 * **GPU addresses** are 48 bit. The lower half [0, 2^47) is for addresses that host and GPU
 * share (registered host memory, managed memory): VA_MAP there needs FIXED. The kernel chooses from the upper half
 * [va_start, va_end) of DEVICE_INFO, where no host pointer can lie; FIXED works there too.
 * Address ranges are multiples of 4 KiB; 2 MiB aligned ones translate fastest.
 * The range at 2^48 and above is not memory (the shared and local windows of generic pointers lie there).
 *
 * **Queues** are rings of 64-byte slots, run strictly in order, one packet after the other;
 * different queues run side by side. QUEUE_CREATE gives two mmap cookies:
 * the *user area* (&struct vgpu_queue_user page, then the slots; read and write) and the *kernel area*
 * (&struct vgpu_queue_kernel page; read only, a writable mapping is refused).
 * To submit: make sure that tail - head + slots of the packet <= ring slots; write
 * the packet's slots at (tail % ring slots), wrapping at the end of the ring; store-release tail + slots; full barrier;
 * if VGPU_QUEUE_NEED_WAKEUP is set in the kernel area's flags, call DOORBELL. Calling it needlessly is harmless.
 * Packets are numbered from 1 per queue, in ring order. The kernel copies a packet once and
 * checks its copy, so changing it later has no effect. ``done`` in the kernel area is the number of the last packet
 * that has completed with all its effects visible: it may be read with an acquire load, waited for with WAIT
 * (blocking), with EVENTFD (poll), or by another queue with %VGPU_PKT_WAIT. A packet that breaks the rules ends the context
 * with VGPU_FAULT_PACKET.
 *
 * **Fences** are 64-bit values that only grow; signalled by SIGNAL packets or the FENCE_SIGNAL
 * ioctl, waited for by WAIT packets and the WAIT ioctl. A host callback in a stream is: SIGNAL(a, n), WAIT(b, n) in the ring;
 * a user thread WAITs for a >= n, runs the callback and does FENCE_SIGNAL(b, n).
 *
 * **Injection.** An administrator (CAP_SYS_ADMIN) can make a device fail as real ones do, with INJECT, and
 * bring it back with RESET. What was injected holds for every process, whichever node it opened. A device that
 * is lost (Xid 79) refuses everything but queries, DESTROY, INJECT and RESET with ENODEV; its contexts have ended with
 * VGPU_FAULT_LOST. A device that was removed does the same for ever.
 *
 * **Faults** are sticky for the context: its kernels stop within a slice, its waits return EIO, its
 * queues take no more work; memory may still be read by MEM_COPY from the GPU. Other contexts never notice.
 */

#define VGPU_UAPI_VERSION	8

#define VGPU_IOC_TYPE		0xb6

/* Values of the number of each ioctl */
enum {
	VGPU_CMD_DEVICE_INFO	= 0x00,
	VGPU_CMD_DEVICE_STATUS	= 0x01,
	VGPU_CMD_PROCESS_LIST	= 0x02,
	VGPU_CMD_FAULT_QUERY	= 0x03,
	VGPU_CMD_EVENT_QUERY	= 0x04,
	VGPU_CMD_SENSORS	= 0x08,
	VGPU_CMD_SAMPLES	= 0x09,
	VGPU_CMD_ACCOUNTS	= 0x0a,
	VGPU_CMD_DEVICE_SET	= 0x0b,
	VGPU_CMD_INJECT		= 0x0c,
	VGPU_CMD_RESET		= 0x0d,
	VGPU_CMD_DESTROY	= 0x10,
	VGPU_CMD_CTX_CREATE	= 0x11,
	VGPU_CMD_BO_CREATE	= 0x20,
	VGPU_CMD_BO_MMAP	= 0x21,
	VGPU_CMD_VA_MAP		= 0x22,
	VGPU_CMD_VA_UNMAP	= 0x23,
	VGPU_CMD_HOST_REGISTER	= 0x24,
	VGPU_CMD_MEM_COPY	= 0x25,
	VGPU_CMD_SHARE		= 0x26,
	VGPU_CMD_OPEN_SHARED	= 0x27,
	VGPU_CMD_CODE_LOAD	= 0x30,
	VGPU_CMD_KERNEL_INFO	= 0x31,
	VGPU_CMD_QUEUE_CREATE	= 0x40,
	VGPU_CMD_DOORBELL	= 0x41,
	VGPU_CMD_FENCE_CREATE	= 0x42,
	VGPU_CMD_FENCE_SIGNAL	= 0x43,
	VGPU_CMD_WAIT		= 0x44,
	VGPU_CMD_EVENTFD	= 0x45,
};

#define VGPU_IOCTL_DEVICE_INFO		_IO(VGPU_IOC_TYPE, VGPU_CMD_DEVICE_INFO)
#define VGPU_IOCTL_DEVICE_STATUS	_IO(VGPU_IOC_TYPE, VGPU_CMD_DEVICE_STATUS)
#define VGPU_IOCTL_PROCESS_LIST		_IO(VGPU_IOC_TYPE, VGPU_CMD_PROCESS_LIST)
#define VGPU_IOCTL_FAULT_QUERY		_IO(VGPU_IOC_TYPE, VGPU_CMD_FAULT_QUERY)
#define VGPU_IOCTL_EVENT_QUERY		_IO(VGPU_IOC_TYPE, VGPU_CMD_EVENT_QUERY)
#define VGPU_IOCTL_SENSORS		_IO(VGPU_IOC_TYPE, VGPU_CMD_SENSORS)
#define VGPU_IOCTL_SAMPLES		_IO(VGPU_IOC_TYPE, VGPU_CMD_SAMPLES)
#define VGPU_IOCTL_ACCOUNTS		_IO(VGPU_IOC_TYPE, VGPU_CMD_ACCOUNTS)
#define VGPU_IOCTL_DEVICE_SET		_IO(VGPU_IOC_TYPE, VGPU_CMD_DEVICE_SET)
#define VGPU_IOCTL_INJECT		_IO(VGPU_IOC_TYPE, VGPU_CMD_INJECT)
#define VGPU_IOCTL_RESET		_IO(VGPU_IOC_TYPE, VGPU_CMD_RESET)
#define VGPU_IOCTL_DESTROY		_IO(VGPU_IOC_TYPE, VGPU_CMD_DESTROY)
#define VGPU_IOCTL_CTX_CREATE		_IO(VGPU_IOC_TYPE, VGPU_CMD_CTX_CREATE)
#define VGPU_IOCTL_BO_CREATE		_IO(VGPU_IOC_TYPE, VGPU_CMD_BO_CREATE)
#define VGPU_IOCTL_BO_MMAP		_IO(VGPU_IOC_TYPE, VGPU_CMD_BO_MMAP)
#define VGPU_IOCTL_VA_MAP		_IO(VGPU_IOC_TYPE, VGPU_CMD_VA_MAP)
#define VGPU_IOCTL_VA_UNMAP		_IO(VGPU_IOC_TYPE, VGPU_CMD_VA_UNMAP)
#define VGPU_IOCTL_HOST_REGISTER	_IO(VGPU_IOC_TYPE, VGPU_CMD_HOST_REGISTER)
#define VGPU_IOCTL_MEM_COPY		_IO(VGPU_IOC_TYPE, VGPU_CMD_MEM_COPY)
#define VGPU_IOCTL_SHARE		_IO(VGPU_IOC_TYPE, VGPU_CMD_SHARE)
#define VGPU_IOCTL_OPEN_SHARED		_IO(VGPU_IOC_TYPE, VGPU_CMD_OPEN_SHARED)
#define VGPU_IOCTL_CODE_LOAD		_IO(VGPU_IOC_TYPE, VGPU_CMD_CODE_LOAD)
#define VGPU_IOCTL_KERNEL_INFO		_IO(VGPU_IOC_TYPE, VGPU_CMD_KERNEL_INFO)
#define VGPU_IOCTL_QUEUE_CREATE		_IO(VGPU_IOC_TYPE, VGPU_CMD_QUEUE_CREATE)
#define VGPU_IOCTL_DOORBELL		_IO(VGPU_IOC_TYPE, VGPU_CMD_DOORBELL)
#define VGPU_IOCTL_FENCE_CREATE		_IO(VGPU_IOC_TYPE, VGPU_CMD_FENCE_CREATE)
#define VGPU_IOCTL_FENCE_SIGNAL		_IO(VGPU_IOC_TYPE, VGPU_CMD_FENCE_SIGNAL)
#define VGPU_IOCTL_WAIT			_IO(VGPU_IOC_TYPE, VGPU_CMD_WAIT)
#define VGPU_IOCTL_EVENTFD		_IO(VGPU_IOC_TYPE, VGPU_CMD_EVENTFD)

#define VGPU_PAGE_SIZE		4096ULL
#define VGPU_HUGE_SIZE		(2ULL << 20)
#define VGPU_VA_SPLIT		(1ULL << 47)	/* below: shared with the host */
#define VGPU_VA_END		(1ULL << 48)
#define VGPU_TOKEN_LEN		16
#define VGPU_NAME_LEN		64
#define VGPU_KERNEL_NAME_LEN	128

/* What some models have and others lack */
#define VGPU_FEATURE_ECC	(1u << 0)	/* memory with ECC */
#define VGPU_FEATURE_FAN	(1u << 1)	/* a fan; cards for servers have none */

/**
 * struct vgpu_device_info - what never changes while the device exists
 * @size: sizeof(struct vgpu_device_info)
 * @index: [out] device index, as in the node's name
 * @uapi_version: [out] VGPU_UAPI_VERSION of the kernel
 * @isa_version: [out] vISA version that the verifier accepts (major << 16 | minor)
 * @name: [out] model name
 * @driver_version: [out] driver version as CUDA tools print it, such as 580.95.05
 * @module_version: [out] version of vgpu.ko
 * @engine: [out] handler set in use: avx512fp16, avx512vnni, avx512, avx2, portable
 * @uuid: [out] GPU-UUID bytes, the same from load to load for the same index
 * @serial: [out] serial number
 * @pci_domain: [out] PCI address; domain as lspci prints it
 * @pci_bus: [out] bus
 * @pci_device: [out] slot
 * @pci_function: [out] function
 * @pci_ids: [out] device id << 16 | vendor id
 * @pci_subsys: [out] subsystem id << 16 | subsystem vendor id
 * @cc_major: [out] compute capability
 * @cc_minor: [out] compute capability
 * @sm_count: [out] multiprocessors
 * @warp_size: [out] 32
 * @clock_khz: [out] SM clock of the model
 * @mem_clock_khz: [out] memory clock of the model
 * @mem_bus_bits: [out] memory bus width of the model
 * @l2_bytes: [out] L2 size of the model
 * @vram_bytes: [out] device memory
 * @va_start: [out] first GPU address the kernel chooses
 * @va_end: [out] end of those
 * @max_threads_block: [out] limit
 * @max_threads_sm: [out] limit
 * @max_blocks_sm: [out] limit
 * @max_block_dim: [out] limit of x, y, z
 * @max_grid_dim: [out] limit of x, y, z
 * @shared_block: [out] shared memory of a block without opting in
 * @shared_block_optin: [out] ... with opting in
 * @shared_reserved: [out] taken by the system from each block
 * @shared_sm: [out] per multiprocessor
 * @regs_block: [out] 32-bit registers of a block
 * @regs_sm: [out] ... of a multiprocessor
 * @const_bytes: [out] constant memory
 * @max_param_bytes: [out] kernel parameters in a launch packet
 * @workers: [out] worker threads that run the blocks
 * @time_limit_ms: [out] a launch's limit in executed time, 0: none
 * @max_ring_slots: [out] largest ring
 * @max_local_bytes: [out] largest local memory of a thread, stack included
 * @arch_name: [out] NVIDIA's name of the architecture of the model
 * @power_limit_mw: [out] the model's
 * @pci_revision: [out] PCI revision id
 * @pcie_gen: [out] PCI Express generation of the model
 * @pcie_width: [out] its lanes
 * @reserved: [out] zero
 * @cores_per_sm: [out] FP32 lanes of a multiprocessor (from version 2 on, as all below)
 * @features: [out] VGPU_FEATURE_*
 */
struct vgpu_device_info {
	__u32 size;
	__u32 index;
	__u32 uapi_version;
	__u32 isa_version;
	char name[VGPU_NAME_LEN];
	char driver_version[32];
	char module_version[32];
	char engine[16];
	__u8 uuid[16];
	__u64 serial;
	__u32 pci_domain;
	__u32 pci_bus;
	__u32 pci_device;
	__u32 pci_function;
	__u32 pci_ids;
	__u32 pci_subsys;
	__u32 cc_major;
	__u32 cc_minor;
	__u32 sm_count;
	__u32 warp_size;
	__u32 clock_khz;
	__u32 mem_clock_khz;
	__u32 mem_bus_bits;
	__u32 l2_bytes;
	__u64 vram_bytes;
	__u64 va_start;
	__u64 va_end;
	__u32 max_threads_block;
	__u32 max_threads_sm;
	__u32 max_blocks_sm;
	__u32 max_block_dim[3];
	__u32 max_grid_dim[3];
	__u32 shared_block;
	__u32 shared_block_optin;
	__u32 shared_reserved;
	__u32 shared_sm;
	__u32 regs_block;
	__u32 regs_sm;
	__u32 const_bytes;
	__u32 max_param_bytes;
	__u32 workers;
	__u32 time_limit_ms;
	__u32 max_ring_slots;
	__u32 max_local_bytes;
	char arch_name[16];
	__u32 power_limit_mw;
	__u32 pci_revision;
	__u32 pcie_gen;
	__u32 pcie_width;
	__u32 reserved;
	__u32 cores_per_sm;
	__u32 features;
};

/* Bits of vgpu_device_status.state */
#define VGPU_STATE_LOST		(1u << 0)	/* fell off the bus; RESET brings it back */
#define VGPU_STATE_REMOVED	(1u << 1)	/* unplugged: this file's device will not come back */
#define VGPU_STATE_HUNG		(1u << 2)	/* kernels and copies do not get on until CLEAR or RESET */

/**
 * struct vgpu_device_status - live counters
 * @size: sizeof(struct vgpu_device_status)
 * @contexts: [out] live contexts
 * @vram_total: [out] bytes
 * @vram_used: [out] bytes allocated
 * @vram_free: [out] bytes that can be allocated now: the lesser of what is left and of what the machine has
 * @pinned_bytes: [out] registered host memory
 * @now_ns: [out] CLOCK_MONOTONIC, to turn differences of busy_ns into a rate
 * @busy_ns: [out] time the workers spent on this device's work, summed over workers
 * @mem_busy_ns: [out] the part of it spent copying and filling
 * @active_ns: [out] time during which at least one packet was executing (utilization is its rate)
 * @launches: [out] kernels completed
 * @blocks: [out] blocks completed
 * @copies: [out] copy and fill packets completed
 * @copied_bytes: [out] bytes copied or filled, MEM_COPY included
 * @faults: [out] contexts ended by a fault
 * @queues: [out] live queues
 * @running: [out] packets executing now
 * @last_event: [out] number of the newest event, see EVENT_QUERY
 * @reserved: [out] zero
 * @to_gpu_bytes: [out] bytes copied from host memory (from version 2 on, as all below)
 * @from_gpu_bytes: [out] bytes copied to host memory
 * @mapped_bytes: [out] bytes of the buffers that some process has mapped
 * @ecc_single: [out] corrected memory errors: since they were last cleared, and since the device was made
 * @ecc_double: [out] uncorrected ones, likewise
 * @compute_mode: [out] VGPU_COMPUTE_*
 * @persistence: [out] as set; changes nothing, a device keeps its state anyhow
 * @accounting: [out] processes are accounted
 * @padding: [out] zero
 * @state: [out] VGPU_STATE_* (from version 3 on, as all below)
 * @slow_percent: [out] time that work takes, 100 at full speed; clocks are lower by the same factor
 * @throttle: [out] VGPU_THROTTLE_* that were injected
 * @temperature: [out] injected temperature in degrees Celsius, 0 when there is none
 * @alloc_fail_every: [out] every Nth allocation fails, 0: none
 * @launch_fail_every: [out] every Nth launch fails, 0: none
 * @resets: [out] how often the device was reset
 * @padding2: [out] zero
 */
struct vgpu_device_status {
	__u32 size;
	__u32 contexts;
	__u64 vram_total;
	__u64 vram_used;
	__u64 vram_free;
	__u64 pinned_bytes;
	__u64 now_ns;
	__u64 busy_ns;
	__u64 mem_busy_ns;
	__u64 active_ns;
	__u64 launches;
	__u64 blocks;
	__u64 copies;
	__u64 copied_bytes;
	__u64 faults;
	__u32 queues;
	__u32 running;
	__u64 last_event;
	__u64 reserved[4];
	__u64 to_gpu_bytes;
	__u64 from_gpu_bytes;
	__u64 mapped_bytes;
	__u64 ecc_single[2];
	__u64 ecc_double[2];
	__u32 compute_mode;
	__u32 persistence;
	__u32 accounting;
	__u32 padding;
	__u32 state;
	__u32 slow_percent;
	__u32 throttle;
	__u32 temperature;
	__u32 alloc_fail_every;
	__u32 launch_fail_every;
	__u32 resets;
	__u32 padding2;
};

/* Indices of ecc_single and ecc_double */
enum {
	VGPU_ECC_VOLATILE	= 0,	/* since they were last cleared */
	VGPU_ECC_AGGREGATE	= 1,	/* since the device was made */
};

/**
 * struct vgpu_process - one process that uses the device
 * @pid: thread group id as the caller's pid namespace sees it, 0 when it does not
 * @contexts: its contexts
 * @vram_used: bytes of VRAM it holds
 * @pinned_bytes: host memory it has registered
 * @busy_ns: worker time spent for it
 * @launches: kernels completed for it
 * @comm: its name, empty where @pid is 0
 * @last_error: VGPU_FAULT_* of its newest failed context, or 0
 * @reserved: zero
 */
struct vgpu_process {
	__u32 pid;
	__u32 contexts;
	__u64 vram_used;
	__u64 pinned_bytes;
	__u64 busy_ns;
	__u64 launches;
	char comm[16];
	__u32 last_error;
	__u32 reserved;
};

/**
 * struct vgpu_process_list - the processes that use the device
 * @size: sizeof(struct vgpu_process_list)
 * @count: [in] room in @processes, [out] how many there are
 * @processes: pointer to an array of struct vgpu_process; the first min(count in, count out) are written
 * @entry_size: sizeof(struct vgpu_process) as the caller was compiled
 * @reserved: must be zero
 */
struct vgpu_process_list {
	__u32 size;
	__u32 count;
	__u64 processes;
	__u32 entry_size;
	__u32 reserved;
};

/* Why clocks are lower than the highest. */
#define VGPU_THROTTLE_IDLE	(1u << 0)	/* nothing to do */
#define VGPU_THROTTLE_POWER	(1u << 1)	/* at the power limit */
#define VGPU_THROTTLE_THERMAL	(1u << 2)	/* at the temperature where clocks are lowered */
#define VGPU_THROTTLE_HARDWARE	(1u << 3)	/* the hardware's own: a brake, or too hot */

/**
 * struct vgpu_sensors - what a card's sensors would say
 * @size: sizeof(struct vgpu_sensors)
 * @flags: must be zero
 * @now_ns: [out] CLOCK_MONOTONIC
 * @energy_uj: [out] energy since the device was made
 * @throttle_power_ns: [out] time with VGPU_THROTTLE_POWER
 * @throttle_thermal_ns: [out] time with VGPU_THROTTLE_THERMAL
 * @power_mw: [out] power now
 * @temperature_mdeg: [out] temperature now, thousandths of a degree Celsius
 * @slowdown_mdeg: [out] where clocks are lowered
 * @shutdown_mdeg: [out] where a card would switch itself off
 * @clock_khz: [out] SM clock now
 * @mem_clock_khz: [out] memory clock now
 * @pstate: [out] performance state: 0 (working) to 15
 * @throttle: [out] VGPU_THROTTLE_*
 * @fan_percent: [out] fan speed; 0 without VGPU_FEATURE_FAN
 * @reserved: must be zero
 *
 * There is nothing to measure: these follow from a model, driven by the load that the counters show.
 * Documentation/nvml.rst describes it.
 */
struct vgpu_sensors {
	__u32 size;
	__u32 flags;
	__u64 now_ns;
	__u64 energy_uj;
	__u64 throttle_power_ns;
	__u64 throttle_thermal_ns;
	__u32 power_mw;
	__s32 temperature_mdeg;
	__s32 slowdown_mdeg;
	__s32 shutdown_mdeg;
	__u32 clock_khz;
	__u32 mem_clock_khz;
	__u32 pstate;
	__u32 throttle;
	__u32 fan_percent;
	__u32 reserved;
};

/* Kinds of samples */
enum {
	VGPU_SAMPLES_DEVICE	= 0,
	VGPU_SAMPLES_PROCESS	= 1,
};

/**
 * struct vgpu_sample - what went on in an interval
 * @time_ns: CLOCK_REALTIME of its end
 * @interval_ns: its length
 * @pid: thread group as the caller's pid namespace sees it (0 when it does not); 0 in device samples
 * @busy_permille: share of the interval in which something was executing; of a process: its part of
 *	the device's, by worker time
 * @mem_permille: share of the workers' time that went into copying and filling
 * @power_mw: power; 0 in process samples, as all below
 * @temperature_mdeg: temperature
 * @clock_khz: SM clock
 * @mem_clock_khz: memory clock
 * @reserved: zero
 */
struct vgpu_sample {
	__u64 time_ns;
	__u64 interval_ns;
	__u32 pid;
	__u32 busy_permille;
	__u32 mem_permille;
	__u32 power_mw;
	__s32 temperature_mdeg;
	__u32 clock_khz;
	__u32 mem_clock_khz;
	__u32 reserved;
};

/**
 * struct vgpu_samples - the newest samples
 * @size: sizeof(struct vgpu_samples)
 * @kind: VGPU_SAMPLES_*
 * @after_ns: only samples whose time_ns is greater
 * @samples: pointer to an array of struct vgpu_sample; the newest min(count in, count out) are written, oldest first
 * @count: [in] room in it, [out] how many there are
 * @entry_size: sizeof(struct vgpu_sample) as the caller was compiled
 * @limit: [out] the most that are kept
 * @reserved: must be zero
 *
 * A sample is taken every 100 ms while there are contexts, and by this ioctl when the last one is
 * older. A process has one in each interval in which workers worked for it.
 */
struct vgpu_samples {
	__u32 size;
	__u32 kind;
	__u64 after_ns;
	__u64 samples;
	__u32 count;
	__u32 entry_size;
	__u32 limit;
	__u32 reserved;
};

/**
 * struct vgpu_account - what a process has used
 * @pid: thread group as the caller's pid namespace sees it, 0 when it does not
 * @running: it still has contexts
 * @start_ns: CLOCK_REALTIME at which its first context was made
 * @time_ns: how long it had contexts
 * @active_ns: its part of the device's active time, by worker time
 * @busy_ns: worker time spent for it
 * @mem_busy_ns: the part of it spent copying and filling
 * @vram_peak: the most VRAM it held (the sum of its contexts' peaks)
 * @launches: kernels completed for it
 */
struct vgpu_account {
	__u32 pid;
	__u32 running;
	__u64 start_ns;
	__u64 time_ns;
	__u64 active_ns;
	__u64 busy_ns;
	__u64 mem_busy_ns;
	__u64 vram_peak;
	__u64 launches;
};

/**
 * struct vgpu_accounts - the accounted processes
 * @size: sizeof(struct vgpu_accounts)
 * @count: [in] room in @accounts, [out] how many there are
 * @accounts: pointer to an array of struct vgpu_account; the first min(count in, count out) are
 *	written: those that have ended, oldest first, then those that run
 * @entry_size: sizeof(struct vgpu_account) as the caller was compiled
 * @limit: [out] the most ended ones that are kept
 *
 * Empty while accounting is off.
 */
struct vgpu_accounts {
	__u32 size;
	__u32 count;
	__u64 accounts;
	__u32 entry_size;
	__u32 limit;
};

/* Compute modes: who may make contexts */
enum {
	VGPU_COMPUTE_DEFAULT	= 0,	/* everybody */
	VGPU_COMPUTE_EXCLUSIVE	= 1,	/* one process at a time; CTX_CREATE of others fails with EBUSY */
	VGPU_COMPUTE_PROHIBITED	= 2,	/* nobody: EBUSY */
};

/* What DEVICE_SET sets */
enum {
	VGPU_SET_COMPUTE_MODE	= 0,	/* VGPU_COMPUTE_* */
	VGPU_SET_PERSISTENCE	= 1,	/* 0, 1 */
	VGPU_SET_ACCOUNTING	= 2,	/* 0, 1; 0 also forgets */
	VGPU_SET_CLEAR_ACCOUNTS	= 3,	/* 0: forget the processes that have ended */
	VGPU_SET_CLEAR_ECC	= 4,	/* VGPU_ECC_*: these counters become 0 */
};

/**
 * struct vgpu_device_set - change a device for everybody
 * @size: sizeof(struct vgpu_device_set)
 * @what: VGPU_SET_*
 * @value: what to
 *
 * EPERM without CAP_SYS_ADMIN.
 */
struct vgpu_device_set {
	__u32 size;
	__u32 what;
	__u64 value;
};

/* What brings a device back to work, as NVML numbers it */
enum {
	VGPU_RECOVERY_NONE	= 0,	/* it works */
	VGPU_RECOVERY_RESET	= 1,	/* RESET: it hangs or is lost */
};

/* What ended a context, or what else an event tells of. Values never change. */
enum {
	VGPU_FAULT_NONE		= 0,
	VGPU_FAULT_ADDRESS	= 1,	/* access outside every mapping: CUDA_ERROR_ILLEGAL_ADDRESS */
	VGPU_FAULT_READONLY	= 2,	/* write to a read-only mapping */
	VGPU_FAULT_MISALIGNED	= 3,	/* CUDA_ERROR_MISALIGNED_ADDRESS */
	VGPU_FAULT_SHARED	= 4,	/* outside the block's shared memory */
	VGPU_FAULT_LOCAL	= 5,	/* a thread's local memory, for a copy in bulk */
	VGPU_FAULT_STACK	= 6,	/* call depth exceeds the stack */
	VGPU_FAULT_TRAP		= 7,	/* trap instruction: CUDA_ERROR_LAUNCH_FAILED */
	VGPU_FAULT_ASSERT	= 8,	/* device-side assert: CUDA_ERROR_ASSERT */
	VGPU_FAULT_BRANCH	= 9,	/* indirect call of what is no function */
	VGPU_FAULT_BARRIER	= 10,	/* barrier misuse that can never complete */
	VGPU_FAULT_TIMEOUT	= 11,	/* time limit: CUDA_ERROR_LAUNCH_TIMEOUT */
	VGPU_FAULT_PACKET	= 12,	/* malformed packet */
	VGPU_FAULT_COPY		= 13,	/* copy or fill packet outside every mapping */
	VGPU_FAULT_MEMORY	= 14,	/* the machine had no memory to run or back it */
	VGPU_FAULT_ENGINE	= 15,	/* unsupported or inconsistent: a bug, please report */
	VGPU_FAULT_ADDRESS_SPACE = 16,	/* address of the wrong state space: CUDA_ERROR_INVALID_ADDRESS_SPACE */
	VGPU_FAULT_INJECTED	= 17,	/* asked for by the administrator: CUDA_ERROR_LAUNCH_FAILED */
	VGPU_FAULT_ECC		= 18,	/* uncorrected memory error: CUDA_ERROR_ECC_UNCORRECTABLE */
	VGPU_FAULT_LOST		= 19,	/* the device fell off the bus or was removed: CUDA_ERROR_UNKNOWN */
	VGPU_FAULT_RESET	= 20,	/* the device was reset: CUDA_ERROR_UNKNOWN */
	VGPU_FAULT_INSTRUCTION	= 21,	/* operands no card takes, as a barrier of 33 threads: CUDA_ERROR_ILLEGAL_INSTRUCTION */
	/* Events that end no context */
	VGPU_EVENT_ECC_SINGLE	= 64,	/* memory errors were corrected: as many as @detail says */
	VGPU_EVENT_ECC_DOUBLE	= 65,	/* a memory error could not be corrected: Xid 48. Contexts end with VGPU_FAULT_ECC */
	VGPU_EVENT_NOTICE	= 66,	/* an Xid that ends nothing */
	VGPU_EVENT_INJECTED	= 67,	/* an administrator changed how the device fails: @detail is VGPU_INJECT_* << 32 | value */
	VGPU_EVENT_CLOCKS	= 68,	/* what lowers the clocks has changed: work takes @detail percent of its time at full speed */
	VGPU_EVENT_RECOVERY	= 69,	/* Xid 154: what an administrator has to do has changed: @detail is VGPU_RECOVERY_* */
};

/**
 * struct vgpu_fault - where and why
 * @kind: VGPU_FAULT_*
 * @xid: Xid number logged
 * @pid: process, as the caller's pid namespace sees it
 * @lane: lane of the warp, ~0 when no single one
 * @time_ns: CLOCK_REALTIME
 * @address: GPU address of the access
 * @access_bytes: its width, 0 when there was none
 * @write: 1 for a write or an atomic
 * @pc: index of the instruction in the code object
 * @line: source line in the line table (PTX), 0 when unknown
 * @code: handle of the code object
 * @kernel: kernel index in it
 * @queue: handle of the queue
 * @seqno: packet number in the queue
 * @block: block index x, y, z
 * @thread: thread index x, y, z
 * @kernel_name: kernel's name, cut and NUL terminated
 * @event: number of the event that announced it
 * @detail: for PACKET: the negative errno; for events as VGPU_EVENT_* says; else 0
 * @ctx: handle of the context
 */
struct vgpu_fault {
	__u32 kind;
	__u32 xid;
	__u32 pid;
	__u32 lane;
	__u64 time_ns;
	__u64 address;
	__u32 access_bytes;
	__u32 write;
	__u32 pc;
	__u32 line;
	__u32 code;
	__u32 kernel;
	__u32 queue;
	__u32 ctx;
	__u64 seqno;
	__u32 block[3];
	__u32 thread[3];
	char kernel_name[VGPU_KERNEL_NAME_LEN];
	__u64 event;
	__s64 detail;
};

/**
 * struct vgpu_fault_query - the fault of a context, or the device's newest
 * @size: sizeof(struct vgpu_fault_query)
 * @ctx: context of this file, or 0 for the newest fault on the device (kind NONE when there was none)
 * @fault_size: sizeof(struct vgpu_fault) as the caller was compiled
 * @reserved: must be zero
 * @fault: pointer to the struct vgpu_fault to fill; kind NONE for a healthy context
 */
struct vgpu_fault_query {
	__u32 size;
	__u32 ctx;
	__u32 fault_size;
	__u32 reserved;
	__u64 fault;
};

/**
 * struct vgpu_event_query - the next device event after a given one
 * @size: sizeof(struct vgpu_event_query)
 * @flags: must be zero
 * @after: [in] the last event seen, 0 from the oldest kept, [out] the number of this one
 * @fault_size: sizeof(struct vgpu_fault)
 * @lost: [out] events between that were overwritten
 * @fault: pointer to the struct vgpu_fault to fill
 *
 * EAGAIN when there is none newer. poll() on the file says POLLPRI while there is one newer than
 * the last one that this file queried (or than its opening).
 */
struct vgpu_event_query {
	__u32 size;
	__u32 flags;
	__u64 after;
	__u32 fault_size;
	__u32 lost;
	__u64 fault;
};

/* What to INJECT. Values never change. */
enum {
	VGPU_INJECT_CLEAR	= 0,	/* take back HANG, SLOW, THROTTLE, THERMAL, ALLOC_FAIL, LAUNCH_FAIL */
	VGPU_INJECT_XID		= 1,	/* @value: the Xid, 1 to 999 */
	VGPU_INJECT_ECC_SINGLE	= 2,	/* @value: how many corrected errors, 1 to 1000000 */
	VGPU_INJECT_ECC_DOUBLE	= 3,	/* an uncorrected error: Xid 48 */
	VGPU_INJECT_LOST	= 4,	/* fall off the bus: Xid 79 */
	VGPU_INJECT_HANG	= 5,	/* nothing gets on any more. With time_limit_ms, contexts that have waited for so long end as
					 * TIMEOUT with Xid 109
					 */
	VGPU_INJECT_SLOW	= 6,	/* @value: time that work takes in percent, 100 to 100000 */
	VGPU_INJECT_THROTTLE	= 7,	/* @value: VGPU_THROTTLE_* but IDLE; half the clocks while any is set */
	VGPU_INJECT_THERMAL	= 8,	/* @value: degrees Celsius, 1 to 150, 0 takes it back. From slowdown_mdeg of SENSORS on half
					 * the clocks, from shutdown_mdeg on the device is LOST
					 */
	VGPU_INJECT_ALLOC_FAIL	= 9,	/* @value: every Nth BO_CREATE fails with ENOSPC, 0: none */
	VGPU_INJECT_LAUNCH_FAIL	= 10,	/* @value: every Nth launch ends its context with INJECTED, 0: none */
};

/**
 * struct vgpu_inject - make the device fail
 * @size: sizeof(struct vgpu_inject)
 * @kind: VGPU_INJECT_*
 * @value: as the kind says, else zero
 * @flags: must be zero
 * @reserved: must be zero
 *
 * EPERM without CAP_SYS_ADMIN. An Xid ends the device's contexts as far as the real one does: 31 as an illegal address,
 * 8 and 109 as a time limit, 48, 94 and 95 as an uncorrected memory error; 79, 119 and 120 lose the device; 63, 64 and 92
 * are notices that end nothing; others end them as INJECTED. What stays until CLEAR or RESET is told by an event
 * INJECTED when it comes and when it goes; further ones tell what it changes (CLOCKS, RECOVERY).
 */
struct vgpu_inject {
	__u32 size;
	__u32 kind;
	__u64 value;
	__u32 flags;
	__u32 reserved;
};

/* Flags of RESET */
#define VGPU_RESET_FORCE	(1u << 0)	/* also while contexts are alive: they end with VGPU_FAULT_RESET */

/**
 * struct vgpu_reset - bring a device back to where it was when it was made
 * @size: sizeof(struct vgpu_reset)
 * @flags: VGPU_RESET_*
 *
 * Takes back everything injected, finds a lost device again, zeroes the memory errors since the last reset, and is
 * as cool as a device without work. The buffers of contexts that have ended are destroyed; memory that a process has mapped stays until
 * it unmaps it.
 * EPERM without CAP_SYS_ADMIN, EBUSY while a context is alive and FORCE is not given, ENODEV for a removed device.
 */
struct vgpu_reset {
	__u32 size;
	__u32 flags;
};

/**
 * struct vgpu_destroy - let go of a handle
 * @size: sizeof(struct vgpu_destroy)
 * @handle: any handle of this file
 *
 * The handle ends at once; memory behind it when the last user (mapping, packet in execution) is
 * gone. Destroying a buffer unmaps it from the GPU address space; destroying a queue drops packets not yet
 * started and stops the one executing; destroying a context destroys everything in it.
 */
struct vgpu_destroy {
	__u32 size;
	__u32 handle;
};

/**
 * struct vgpu_ctx_create - a context: an address space, its queues, its code
 * @size: sizeof(struct vgpu_ctx_create)
 * @flags: must be zero
 * @handle: [out] context
 * @reserved: must be zero
 */
struct vgpu_ctx_create {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
};

/* Flags of BO_CREATE */
#define VGPU_BO_MANAGED		(1u << 0)	/* will be mapped by the process at its GPU address */
#define VGPU_BO_NO_CLEAR	(1u << 1)	/* a hint: contents need not be zero (the kernel zeroes all the same) */

/**
 * struct vgpu_bo_create - a piece of VRAM, zeroed
 * @size: sizeof(struct vgpu_bo_create)
 * @flags: VGPU_BO_*
 * @ctx: context
 * @handle: [out] buffer object
 * @length: [in/out] bytes; rounded up to 4 KiB
 * @reserved: must be zero
 *
 * ENOSPC when VRAM or the machine's memory is out.
 */
struct vgpu_bo_create {
	__u32 size;
	__u32 flags;
	__u32 ctx;
	__u32 handle;
	__u64 length;
	__u64 reserved;
};

/**
 * struct vgpu_bo_mmap - the file offset at which a buffer is mmapped
 * @size: sizeof(struct vgpu_bo_mmap)
 * @handle: buffer object
 * @offset: [out] for mmap(MAP_SHARED) on this file; parts of it work by adding to it
 * @length: [out] bytes
 */
struct vgpu_bo_mmap {
	__u32 size;
	__u32 handle;
	__u64 offset;
	__u64 length;
};

/* Flags of VA_MAP */
#define VGPU_VA_FIXED		(1u << 0)	/* at @va exactly */
#define VGPU_VA_READONLY	(1u << 1)	/* GPU writes fault */

/**
 * struct vgpu_va_map - put a buffer, or a part of it, into the GPU address space
 * @size: sizeof(struct vgpu_va_map)
 * @flags: VGPU_VA_*
 * @bo: buffer object
 * @reserved: must be zero
 * @offset: first byte of the buffer, multiple of 4 KiB
 * @length: bytes, multiple of 4 KiB; 0: to the end of the buffer
 * @va: [in] with FIXED, [out] else
 * @align: power of two for a kernel-chosen address, 0: 2 MiB for buffers that large, else 4 KiB
 *
 * A buffer may be mapped several times.
 */
struct vgpu_va_map {
	__u32 size;
	__u32 flags;
	__u32 bo;
	__u32 reserved;
	__u64 offset;
	__u64 length;
	__u64 va;
	__u64 align;
};

/**
 * struct vgpu_va_unmap - take a mapping out of the GPU address space
 * @size: sizeof(struct vgpu_va_unmap)
 * @ctx: context
 * @va: start of a mapping made by VA_MAP
 * @length: its length, or 0
 *
 * Whole mappings only: EINVAL when va and length are not one. On return no kernel can reach it any more.
 */
struct vgpu_va_unmap {
	__u32 size;
	__u32 ctx;
	__u64 va;
	__u64 length;
};

/* Flags of HOST_REGISTER */
#define VGPU_HOST_READONLY	(1u << 0)	/* the GPU will only read; also admits read-only memory */

/**
 * struct vgpu_host_register - pin host memory; the GPU sees it at the same address
 * @size: sizeof(struct vgpu_host_register)
 * @flags: VGPU_HOST_*
 * @ctx: context
 * @handle: [out] registration; DESTROY unmaps and unpins
 * @address: user address; widened to whole pages
 * @length: bytes
 *
 * EEXIST when a part of the range is registered already, EDQUOT above the module's cap on pinned memory.
 */
struct vgpu_host_register {
	__u32 size;
	__u32 flags;
	__u32 ctx;
	__u32 handle;
	__u64 address;
	__u64 length;
};

/* Directions of MEM_COPY */
enum {
	VGPU_COPY_TO_GPU	= 0,
	VGPU_COPY_FROM_GPU	= 1,
};

/**
 * struct vgpu_mem_copy - copy between (pageable) user memory and the GPU address space, at once
 * @size: sizeof(struct vgpu_mem_copy)
 * @direction: VGPU_COPY_*
 * @ctx: context
 * @flags: must be zero
 * @gpu_va: GPU address, any alignment
 * @user_ptr: address in the calling process
 * @width: bytes of a row
 * @height: rows; 0 means 1
 * @gpu_pitch: bytes from row to row, for height > 1
 * @user_pitch: bytes from row to row, for height > 1
 * @done: [in/out] bytes done; 0 at first. On EINTR call again with what it says
 *
 * Not ordered with the queues: wait for them first.
 */
struct vgpu_mem_copy {
	__u32 size;
	__u32 direction;
	__u32 ctx;
	__u32 flags;
	__u64 gpu_va;
	__u64 user_ptr;
	__u64 width;
	__u64 height;
	__u64 gpu_pitch;
	__u64 user_pitch;
	__u64 done;
};

/* Flags of SHARE and OPEN_SHARED: exactly one */
#define VGPU_SHARE_FD		(1u << 0)	/* by a file descriptor */
#define VGPU_SHARE_TOKEN	(1u << 1)	/* by a token */

/**
 * struct vgpu_share - let other contexts, also of other processes, have a buffer's memory
 * @size: sizeof(struct vgpu_share)
 * @flags: VGPU_SHARE_*
 * @handle: buffer object
 * @fd: [out] FD: a new descriptor, close-on-exec; it keeps the memory, though not the buffer
 * @length: [out] bytes of the buffer
 * @token: [out] TOKEN: 128 random bits, always the same for a buffer
 *
 * A token opens the memory as long as this buffer exists (ENOENT afterwards); whoever opened it keeps it.
 * The memory counts as used by this context and by its device until nobody has it any more.
 * EINVAL for a token of a buffer that was opened itself.
 */
struct vgpu_share {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__s32 fd;
	__u64 length;
	__u8 token[VGPU_TOKEN_LEN];
};

/**
 * struct vgpu_open_shared - a buffer whose memory is another's
 * @size: sizeof(struct vgpu_open_shared)
 * @flags: VGPU_SHARE_*: how it is named
 * @ctx: context, of any device
 * @fd: FD: the descriptor; else ignored
 * @handle: [out] buffer object
 * @device: [out] index of the device whose memory it is
 * @length: [out] its bytes
 * @token: TOKEN: the token
 *
 * EBADF and EINVAL for a descriptor that is none or not of this kind, ENOENT for a token that opens nothing.
 */
struct vgpu_open_shared {
	__u32 size;
	__u32 flags;
	__u32 ctx;
	__s32 fd;
	__u32 handle;
	__u32 device;
	__u64 length;
	__u8 token[VGPU_TOKEN_LEN];
};

/**
 * struct vgpu_code_load - verify and load a code object
 * @size: sizeof(struct vgpu_code_load)
 * @flags: must be zero
 * @ctx: context
 * @handle: [out] code object
 * @image: pointer to the bytes
 * @image_size: how many
 * @log: pointer to a buffer for the verifier's message, NUL terminated, or 0
 * @log_size: its size
 * @kernels: [out] number of kernels in it
 *
 * EBADMSG when refused; the message is in the log. EDQUOT where the image and its decoded form, which are counted from
 * the time on that they are allocated, do not fit into what a context or user may have.
 */
struct vgpu_code_load {
	__u32 size;
	__u32 flags;
	__u32 ctx;
	__u32 handle;
	__u64 image;
	__u64 image_size;
	__u64 log;
	__u32 log_size;
	__u32 kernels;
};

/**
 * struct vgpu_kernel_info - what a kernel needs, and how many of its blocks can be resident
 * @size: sizeof(struct vgpu_kernel_info)
 * @code: code object
 * @kernel: index in it
 * @threads: [in] threads of a block for @coop_blocks, 0: leave that 0
 * @dyn_shared: [in] dynamic shared memory of a block for @coop_blocks
 * @static_shared: [out] bytes
 * @local_bytes: [out] of a thread, without call stack
 * @param_bytes: [out]
 * @vregs: [out] vector registers
 * @max_threads: [out] the most threads of a block
 * @cta_bytes: [out] bytes of state the driver keeps for a resident block of @threads
 * @coop_blocks: [out] the largest grid of a cooperative launch
 * @name: [out] kernel's name, cut and NUL terminated
 * @launch_local_bytes: [in] local_bytes of the launch that @cta_bytes and @coop_blocks are for (added in version 8)
 * @reserved: must be zero
 */
struct vgpu_kernel_info {
	__u32 size;
	__u32 code;
	__u32 kernel;
	__u32 threads;
	__u32 dyn_shared;
	__u32 static_shared;
	__u32 local_bytes;
	__u32 param_bytes;
	__u32 vregs;
	__u32 max_threads;
	__u32 cta_bytes;
	__u32 coop_blocks;
	char name[VGPU_KERNEL_NAME_LEN];
	__u32 launch_local_bytes;
	__u32 reserved;
};

/* The range of a queue's priority, the greatest being the lowest number. Added in version 5; -1 and 0 before. */
#define VGPU_PRIORITY_GREATEST	(-5)
#define VGPU_PRIORITY_LEAST	0

/**
 * struct vgpu_queue_create - a stream
 * @size: sizeof(struct vgpu_queue_create)
 * @flags: must be zero
 * @ctx: context
 * @handle: [out] queue
 * @slots: ring size in 64-byte slots, a power of two from 64 to max_ring_slots
 * @priority: from %VGPU_PRIORITY_GREATEST (before the others of the context) to 0
 * @user_offset: [out] mmap offset of the user area
 * @kernel_offset: [out] mmap offset of the kernel area (PROT_READ)
 * @user_length: [out] bytes: 4096 + 64 * slots
 * @kernel_length: [out] bytes: 4096
 */
struct vgpu_queue_create {
	__u32 size;
	__u32 flags;
	__u32 ctx;
	__u32 handle;
	__u32 slots;
	__s32 priority;
	__u64 user_offset;
	__u64 kernel_offset;
	__u64 user_length;
	__u64 kernel_length;
};

/**
 * struct vgpu_queue_user - first page of the user area
 * @tail: slots ever written, store with release
 * @reserved: leave alone
 *
 * The slots begin VGPU_QUEUE_SLOTS_OFFSET bytes after the start of the area.
 */
struct vgpu_queue_user {
	__u64 tail;
	__u64 reserved[7];
};

#define VGPU_QUEUE_SLOTS_OFFSET	4096
#define VGPU_QUEUE_NEED_WAKEUP	(1u << 0)	/* flags: call DOORBELL */

/**
 * struct vgpu_queue_kernel - the kernel area
 * @head: slots ever taken; those before it may be written again
 * @started: number of the last packet whose execution began
 * @done: number of the last packet completed
 * @flags: VGPU_QUEUE_NEED_WAKEUP
 * @error: VGPU_FAULT_* once the context has ended, else 0
 */
struct vgpu_queue_kernel {
	__u64 head;
	__u64 started;
	__u64 done;
	__u32 flags;
	__u32 error;
};

/**
 * struct vgpu_doorbell - there is work in the ring
 * @size: sizeof(struct vgpu_doorbell)
 * @queue: queue
 */
struct vgpu_doorbell {
	__u32 size;
	__u32 queue;
};

/**
 * struct vgpu_fence_create - a 64-bit value that grows
 * @size: sizeof(struct vgpu_fence_create)
 * @flags: must be zero
 * @ctx: context
 * @handle: [out] fence
 * @value: first value
 */
struct vgpu_fence_create {
	__u32 size;
	__u32 flags;
	__u32 ctx;
	__u32 handle;
	__u64 value;
};

/**
 * struct vgpu_fence_signal - raise a fence from the host
 * @size: sizeof(struct vgpu_fence_signal)
 * @fence: fence
 * @value: new value; a lower one than the present changes nothing
 */
struct vgpu_fence_signal {
	__u32 size;
	__u32 fence;
	__u64 value;
};

/**
 * struct vgpu_wait - sleep until a queue or fence has reached a value
 * @size: sizeof(struct vgpu_wait)
 * @handle: queue (its ``done``) or fence
 * @value: value to reach
 * @deadline_ns: CLOCK_MONOTONIC; 0 only looks, ~0 waits for ever. ETIME when it passes first
 * @reached: [out] the present value
 * @flags: must be zero
 * @reserved: must be zero
 *
 * EIO when the context has ended; a value reached before that still counts as reached.
 */
struct vgpu_wait {
	__u32 size;
	__u32 handle;
	__u64 value;
	__u64 deadline_ns;
	__u64 reached;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct vgpu_eventfd - signal an eventfd once when a queue or fence has reached a value
 * @size: sizeof(struct vgpu_eventfd)
 * @handle: queue or fence
 * @value: value to reach; also signalled when the context ends
 * @fd: eventfd
 * @flags: must be zero
 */
struct vgpu_eventfd {
	__u32 size;
	__u32 handle;
	__u64 value;
	__s32 fd;
	__u32 flags;
};

/* ------------------------------------------------------------------ packets */

#define VGPU_SLOT_BYTES		64
#define VGPU_MAX_PARAM_BYTES	32764
/* A block's registers, shared and local memory; a launch of larger ones is a malformed packet. */
#define VGPU_MAX_BLOCK_BYTES	(256u << 20)

enum {
	VGPU_PKT_NOP		= 0,	/* completes when reached */
	VGPU_PKT_LAUNCH		= 1,
	VGPU_PKT_COPY		= 2,
	VGPU_PKT_FILL		= 3,
	VGPU_PKT_SIGNAL		= 4,
	VGPU_PKT_WAIT		= 5,
	VGPU_PKT_TIMESTAMP	= 6,
	VGPU_PKT_WAIT_VALUE	= 7,
};

/**
 * struct vgpu_pkt_header - start of every packet
 * @type: VGPU_PKT_*
 * @slots: slots of the whole packet
 * @flags: of the type; others must be zero
 */
struct vgpu_pkt_header {
	__u32 type;
	__u32 slots;
	__u64 flags;
};

/* Flags of LAUNCH */
#define VGPU_LAUNCH_COOPERATIVE	(1ull << 0)	/* all blocks resident together */
#define VGPU_LAUNCH_PRIORITY	(1ull << 1)	/* @priority instead of the queue's; added in version 6 */

/**
 * struct vgpu_pkt_launch - run a kernel; two slots, then @param_bytes of parameters
 * @hdr: type VGPU_PKT_LAUNCH, slots = 2 + (param_bytes + 63) / 64
 * @code: code object of the same context
 * @kernel: index in it
 * @grid: blocks, each 1 and more
 * @block: threads
 * @dyn_shared: dynamic shared memory, bytes
 * @local_bytes: local memory of a thread, call stack included; 0: the kernel's own and a 1 KiB stack
 * @param_bytes: must be the kernel's
 * @priority: with %VGPU_LAUNCH_PRIORITY, from %VGPU_PRIORITY_GREATEST to 0; otherwise must be zero
 * @tag: free for the user; traced
 * @reserved: must be zero
 */
struct vgpu_pkt_launch {
	struct vgpu_pkt_header hdr;
	__u32 code;
	__u32 kernel;
	__u32 grid[3];
	__u32 block[3];
	__u32 dyn_shared;
	__u32 local_bytes;
	__u32 param_bytes;
	__s32 priority;
	__u64 tag;
	__u64 reserved[7];
};

/**
 * struct vgpu_pkt_copy - copy inside the GPU address space (registered host memory included)
 * @hdr: type VGPU_PKT_COPY, 1 slot, no flags
 * @dst: GPU address
 * @src: GPU address
 * @width: bytes of a row
 * @height: rows, 1 and more
 * @dst_pitch: bytes from row to row (height > 1)
 * @src_pitch: bytes from row to row (height > 1)
 *
 * Overlapping source and destination: the result is undefined, nothing else.
 */
struct vgpu_pkt_copy {
	struct vgpu_pkt_header hdr;
	__u64 dst;
	__u64 src;
	__u64 width;
	__u64 height;
	__u64 dst_pitch;
	__u64 src_pitch;
};

/**
 * struct vgpu_pkt_fill - fill with a 1, 2 or 4 byte value
 * @hdr: type VGPU_PKT_FILL, 1 slot, no flags
 * @dst: GPU address, multiple of @unit
 * @width: units of a row
 * @height: rows, 1 and more
 * @pitch: bytes from row to row (height > 1), multiple of @unit
 * @value: the value, in the low bytes
 * @unit: 1, 2 or 4
 * @reserved: must be zero
 */
struct vgpu_pkt_fill {
	struct vgpu_pkt_header hdr;
	__u64 dst;
	__u64 width;
	__u64 height;
	__u64 pitch;
	__u32 value;
	__u32 unit;
	__u64 reserved;
};

/**
 * struct vgpu_pkt_fence - VGPU_PKT_SIGNAL: raise a fence; VGPU_PKT_WAIT: wait for a fence or queue
 * @hdr: 1 slot, no flags
 * @handle: SIGNAL: fence; WAIT: fence or queue; of the same context
 * @reserved0: must be zero
 * @value: the value to set or to wait for
 * @reserved: must be zero
 */
struct vgpu_pkt_fence {
	struct vgpu_pkt_header hdr;
	__u32 handle;
	__u32 reserved0;
	__u64 value;
	__u64 reserved[4];
};

/**
 * struct vgpu_pkt_timestamp - write CLOCK_MONOTONIC nanoseconds to memory
 * @hdr: 1 slot, no flags
 * @dst: GPU address, 8 byte aligned
 * @reserved: must be zero
 */
struct vgpu_pkt_timestamp {
	struct vgpu_pkt_header hdr;
	__u64 dst;
	__u64 reserved[5];
};

/* Conditions of WAIT_VALUE, as CUDA's stream memory operations have them */
enum {
	VGPU_WAIT_GEQ	= 0,	/* (signed) (*src - value) >= 0 */
	VGPU_WAIT_EQ	= 1,
	VGPU_WAIT_AND	= 2,	/* *src & value */
	VGPU_WAIT_NOR	= 3,	/* ~(*src | value) */
};

/**
 * struct vgpu_pkt_wait_value - wait until a word in memory meets a condition
 * @hdr: 1 slot, no flags
 * @src: GPU address, aligned to @unit
 * @value: operand
 * @unit: 4 or 8
 * @condition: VGPU_WAIT_*
 * @reserved: must be zero
 */
struct vgpu_pkt_wait_value {
	struct vgpu_pkt_header hdr;
	__u64 src;
	__u64 value;
	__u32 unit;
	__u32 condition;
	__u64 reserved[3];
};

#endif /* _UAPI_VGPU_IOCTL_H */
