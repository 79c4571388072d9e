/* SPDX-License-Identifier: MIT */
/*
 * The binary interface of the CUDA driver API, as far as this library takes
 * part in it: numbers, handle types and structure layouts, nothing else.
 * Programs bring their own copy of NVIDIA's header; the two meet here.
 */
#ifndef VGPU_CUDA_ABI_H
#define VGPU_CUDA_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUlib_st *CUlibrary;
typedef struct CUkern_st *CUkernel;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUarray_st *CUarray;
typedef struct CUmempool_st *CUmemoryPool;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUlink_st *CUlinkState;
typedef unsigned long long CUmemGenericAllocationHandle;
typedef unsigned long long cuuint64_t;
typedef unsigned int cuuint32_t;

typedef struct {
	unsigned char bytes[16];
} CUuuid;

/* The name, the number and the sentence of every error. */
#define CUDA_ERRORS(X)                                                                                                                       \
	X(SUCCESS, 0, "no error")                                                                                                            \
	X(ERROR_INVALID_VALUE, 1, "invalid argument")                                                                                        \
	X(ERROR_OUT_OF_MEMORY, 2, "out of memory")                                                                                           \
	X(ERROR_NOT_INITIALIZED, 3, "initialization error")                                                                                  \
	X(ERROR_DEINITIALIZED, 4, "driver shutting down")                                                                                    \
	X(ERROR_PROFILER_DISABLED, 5, "profiler disabled while using external profiling tool")                                               \
	X(ERROR_PROFILER_NOT_INITIALIZED, 6, "profiler not initialized: call cudaProfilerInitialize()")                                      \
	X(ERROR_PROFILER_ALREADY_STARTED, 7, "profiler already started")                                                                     \
	X(ERROR_PROFILER_ALREADY_STOPPED, 8, "profiler already stopped")                                                                     \
	X(ERROR_STUB_LIBRARY, 34, "CUDA driver is a stub library")                                                                           \
	X(ERROR_CALL_REQUIRES_NEWER_DRIVER, 36, "API call is not supported in the installed CUDA driver")                                    \
	X(ERROR_DEVICE_UNAVAILABLE, 46, "CUDA-capable device(s) is/are busy or unavailable")                                                 \
	X(ERROR_NO_DEVICE, 100, "no CUDA-capable device is detected")                                                                        \
	X(ERROR_INVALID_DEVICE, 101, "invalid device ordinal")                                                                               \
	X(ERROR_DEVICE_NOT_LICENSED, 102, "device doesn't have valid Grid license")                                                          \
	X(ERROR_INVALID_IMAGE, 200, "device kernel image is invalid")                                                                        \
	X(ERROR_INVALID_CONTEXT, 201, "invalid device context")                                                                              \
	X(ERROR_CONTEXT_ALREADY_CURRENT, 202, "context already current")                                                                     \
	X(ERROR_MAP_FAILED, 205, "mapping of buffer object failed")                                                                          \
	X(ERROR_UNMAP_FAILED, 206, "unmapping of buffer object failed")                                                                      \
	X(ERROR_ARRAY_IS_MAPPED, 207, "array is mapped")                                                                                     \
	X(ERROR_ALREADY_MAPPED, 208, "resource already mapped")                                                                              \
	X(ERROR_NO_BINARY_FOR_GPU, 209, "no kernel image is available for execution on the device")                                          \
	X(ERROR_ALREADY_ACQUIRED, 210, "resource already acquired")                                                                          \
	X(ERROR_NOT_MAPPED, 211, "resource not mapped")                                                                                      \
	X(ERROR_NOT_MAPPED_AS_ARRAY, 212, "resource not mapped as array")                                                                    \
	X(ERROR_NOT_MAPPED_AS_POINTER, 213, "resource not mapped as pointer")                                                                \
	X(ERROR_ECC_UNCORRECTABLE, 214, "uncorrectable ECC error encountered")                                                               \
	X(ERROR_UNSUPPORTED_LIMIT, 215, "limit is not supported on this architecture")                                                       \
	X(ERROR_CONTEXT_ALREADY_IN_USE, 216, "exclusive-thread device already in use by a different thread")                                 \
	X(ERROR_PEER_ACCESS_UNSUPPORTED, 217, "peer access is not supported between these two devices")                                      \
	X(ERROR_INVALID_PTX, 218, "a PTX JIT compilation failed")                                                                            \
	X(ERROR_INVALID_GRAPHICS_CONTEXT, 219, "invalid OpenGL or DirectX context")                                                          \
	X(ERROR_NVLINK_UNCORRECTABLE, 220, "uncorrectable NVLink error detected during the execution")                                       \
	X(ERROR_JIT_COMPILER_NOT_FOUND, 221, "PTX JIT compiler library not found")                                                           \
	X(ERROR_UNSUPPORTED_PTX_VERSION, 222, "the provided PTX was compiled with an unsupported toolchain.")                                \
	X(ERROR_JIT_COMPILATION_DISABLED, 223, "PTX JIT compilation was disabled")                                                           \
	X(ERROR_UNSUPPORTED_EXEC_AFFINITY, 224, "the provided execution affinity is not supported")                                          \
	X(ERROR_UNSUPPORTED_DEVSIDE_SYNC, 225, "the provided PTX contains unsupported call to cudaDeviceSynchronize")                        \
	X(ERROR_CONTAINED, 226, "Invalid access of peer GPU memory over nvlink or a hardware error")                                         \
	X(ERROR_INVALID_SOURCE, 300, "device kernel image is invalid")                                                                       \
	X(ERROR_FILE_NOT_FOUND, 301, "file not found")                                                                                       \
	X(ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, 302, "shared object symbol not found")                                                       \
	X(ERROR_SHARED_OBJECT_INIT_FAILED, 303, "shared object initialization failed")                                                       \
	X(ERROR_OPERATING_SYSTEM, 304, "OS call failed or operation not supported on this OS")                                               \
	X(ERROR_INVALID_HANDLE, 400, "invalid resource handle")                                                                              \
	X(ERROR_ILLEGAL_STATE, 401, "the operation cannot be performed in the present state")                                                \
	X(ERROR_LOSSY_QUERY, 402, "attempted introspection would be semantically lossy")                                                     \
	X(ERROR_NOT_FOUND, 500, "named symbol not found")                                                                                    \
	X(ERROR_NOT_READY, 600, "device not ready")                                                                                          \
	X(ERROR_ILLEGAL_ADDRESS, 700, "an illegal memory access was encountered")                                                            \
	X(ERROR_LAUNCH_OUT_OF_RESOURCES, 701, "too many resources requested for launch")                                                     \
	X(ERROR_LAUNCH_TIMEOUT, 702, "the launch timed out and was terminated")                                                              \
	X(ERROR_LAUNCH_INCOMPATIBLE_TEXTURING, 703, "launch uses incompatible texturing mode")                                               \
	X(ERROR_PEER_ACCESS_ALREADY_ENABLED, 704, "peer access is already enabled")                                                          \
	X(ERROR_PEER_ACCESS_NOT_ENABLED, 705, "peer access has not been enabled")                                                            \
	X(ERROR_PRIMARY_CONTEXT_ACTIVE, 708, "cannot set while device is active in this process")                                            \
	X(ERROR_CONTEXT_IS_DESTROYED, 709, "context is destroyed")                                                                           \
	X(ERROR_ASSERT, 710, "device-side assert triggered")                                                                                 \
	X(ERROR_TOO_MANY_PEERS, 711, "peer mapping resources exhausted")                                                                     \
	X(ERROR_HOST_MEMORY_ALREADY_REGISTERED, 712, "part or all of the requested memory range is already mapped")                          \
	X(ERROR_HOST_MEMORY_NOT_REGISTERED, 713, "pointer does not correspond to a registered memory region")                                \
	X(ERROR_HARDWARE_STACK_ERROR, 714, "hardware stack error")                                                                           \
	X(ERROR_ILLEGAL_INSTRUCTION, 715, "an illegal instruction was encountered")                                                          \
	X(ERROR_MISALIGNED_ADDRESS, 716, "misaligned address")                                                                               \
	X(ERROR_INVALID_ADDRESS_SPACE, 717, "operation not supported on global/shared address space")                                        \
	X(ERROR_INVALID_PC, 718, "invalid program counter")                                                                                  \
	X(ERROR_LAUNCH_FAILED, 719, "unspecified launch failure")                                                                            \
	X(ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, 720, "too many blocks in cooperative launch")                                                  \
	X(ERROR_TENSOR_MEMORY_LEAK, 721, "tensor memory was not fully released")                                                             \
	X(ERROR_NOT_PERMITTED, 800, "operation not permitted")                                                                               \
	X(ERROR_NOT_SUPPORTED, 801, "operation not supported")                                                                               \
	X(ERROR_SYSTEM_NOT_READY, 802, "system not yet initialized")                                                                         \
	X(ERROR_SYSTEM_DRIVER_MISMATCH, 803, "system has unsupported display driver / cuda driver combination")                              \
	X(ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, 804, "forward compatibility was attempted on non supported HW")                              \
	X(ERROR_MPS_CONNECTION_FAILED, 805,                                                                                                  \
	  "MPS client failed to connect to the MPS control daemon or the MPS server")                                                        \
	X(ERROR_MPS_RPC_FAILURE, 806, "the remote procedural call between the MPS server and the MPS client failed")                         \
	X(ERROR_MPS_SERVER_NOT_READY, 807, "MPS server is not ready to accept new MPS client requests")                                      \
	X(ERROR_MPS_MAX_CLIENTS_REACHED, 808,                                                                                                \
	  "the hardware resources required to create MPS client have been exhausted")                                                        \
	X(ERROR_MPS_MAX_CONNECTIONS_REACHED, 809,                                                                                            \
	  "the hardware resources required to support device connections have been exhausted")                                               \
	X(ERROR_MPS_CLIENT_TERMINATED, 810, "the MPS client has been terminated by the server")                                              \
	X(ERROR_CDP_NOT_SUPPORTED, 811, "is not supported under the current configuration")                                                  \
	X(ERROR_CDP_VERSION_MISMATCH, 812, "CDP version mismatch")                                                                           \
	X(ERROR_STREAM_CAPTURE_UNSUPPORTED, 900, "operation not permitted when stream is capturing")                                         \
	X(ERROR_STREAM_CAPTURE_INVALIDATED, 901, "operation failed due to a previous error during capture")                                  \
	X(ERROR_STREAM_CAPTURE_MERGE, 902, "operation would result in a merge of separate capture sequences")                                \
	X(ERROR_STREAM_CAPTURE_UNMATCHED, 903, "capture was not ended in the same stream as it began")                                       \
	X(ERROR_STREAM_CAPTURE_UNJOINED, 904, "capturing stream has unjoined work")                                                          \
	X(ERROR_STREAM_CAPTURE_ISOLATION, 905, "dependency created on uncaptured work in another stream")                                    \
	X(ERROR_STREAM_CAPTURE_IMPLICIT, 906,                                                                                                \
	  "operation would make the legacy stream depend on a capturing blocking stream")                                                    \
	X(ERROR_CAPTURED_EVENT, 907, "operation not permitted on an event last recorded in a capturing stream")                              \
	X(ERROR_STREAM_CAPTURE_WRONG_THREAD, 908,                                                                                            \
	  "attempt to terminate a thread-local capture sequence from another thread")                                                        \
	X(ERROR_TIMEOUT, 909, "wait operation timed out")                                                                                    \
	X(ERROR_GRAPH_EXEC_UPDATE_FAILURE, 910,                                                                                              \
	  "the graph update was not performed because it included changes which violated constraints specific to instantiated graph update") \
	X(ERROR_EXTERNAL_DEVICE, 911, "an async error has occured in external entity outside of CUDA")                                       \
	X(ERROR_INVALID_CLUSTER_SIZE, 912, "a kernel launch error has occurred due to cluster misconfiguration")                             \
	X(ERROR_FUNCTION_NOT_LOADED, 913,                                                                                                    \
	  "the function handle is not loaded when calling an API that requires a loaded function")                                           \
	X(ERROR_INVALID_RESOURCE_TYPE, 914,                                                                                                  \
	  "one or more resources passed in are not valid resource types for the operation")                                                  \
	X(ERROR_INVALID_RESOURCE_CONFIGURATION, 915,                                                                                         \
	  "one or more resources are insufficient or non-applicable for the operation")                                                      \
	X(ERROR_KEY_ROTATION, 916, "an error happened during the key rotation sequence")                                                     \
	X(ERROR_UNKNOWN, 999, "unknown error")

typedef enum {
#define X(name, number, text) CUDA_##name = number,
	CUDA_ERRORS(X)
#undef X
} CUresult;

enum { CUDA_API_VERSION_REPORTED = 13000 };

/* Special stream handles. */
#define CU_STREAM_LEGACY     ((CUstream)0x1)
#define CU_STREAM_PER_THREAD ((CUstream)0x2)

enum { CU_STREAM_NON_BLOCKING = 1 };

enum {
	CU_EVENT_BLOCKING_SYNC = 1,
	CU_EVENT_DISABLE_TIMING = 2,
	CU_EVENT_INTERPROCESS = 4,
};

enum {
	CU_CTX_SCHED_MASK = 0x07,
	CU_CTX_MAP_HOST = 0x08,
	CU_CTX_LMEM_RESIZE_TO_MAX = 0x10,
	CU_CTX_COREDUMP_ENABLE = 0x20,
	CU_CTX_USER_COREDUMP_ENABLE = 0x40,
	CU_CTX_SYNC_MEMOPS = 0x80,
	CU_CTX_FLAGS_MASK = 0xff,
};

/* What a launch parameter block in "extra" is made of. */
#define CU_LAUNCH_PARAM_END            ((void *)0x00)
#define CU_LAUNCH_PARAM_BUFFER_POINTER ((void *)0x01)
#define CU_LAUNCH_PARAM_BUFFER_SIZE    ((void *)0x02)

enum {
	CU_GET_PROC_ADDRESS_LEGACY_STREAM = 1,
	CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM = 2,
};

enum {
	CU_GET_PROC_ADDRESS_SUCCESS = 0,
	CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND = 1,
	CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT = 2,
};

/* Device attributes that get a value of this device (others: see device_attr.c). */
enum {
	CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
	CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X = 2,
	CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y = 3,
	CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z = 4,
	CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X = 5,
	CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y = 6,
	CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z = 7,
	CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8,
	CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY = 9,
	CU_DEVICE_ATTRIBUTE_WARP_SIZE = 10,
	CU_DEVICE_ATTRIBUTE_MAX_PITCH = 11,
	CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK = 12,
	CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,
	CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT = 14,
	CU_DEVICE_ATTRIBUTE_GPU_OVERLAP = 15,
	CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
	CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT = 17,
	CU_DEVICE_ATTRIBUTE_INTEGRATED = 18,
	CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY = 19,
	CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
	CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS = 31,
	CU_DEVICE_ATTRIBUTE_ECC_ENABLED = 32,
	CU_DEVICE_ATTRIBUTE_PCI_BUS_ID = 33,
	CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID = 34,
	CU_DEVICE_ATTRIBUTE_TCC_DRIVER = 35,
	CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,
	CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37,
	CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,
	CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR = 39,
	CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT = 40,
	CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING = 41,
	CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID = 50,
	CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
	CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
	CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED = 78,
	CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED = 79,
	CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED = 80,
	CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
	CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR = 82,
	CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY = 83,
	CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED = 86,
	CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO = 87,
	CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS = 89,
	CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED = 90,
	CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM = 91,
	CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH = 95,
	CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
	CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED = 99,
	CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED = 102,
	CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED = 103,
	CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR = 106,
	CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK = 111,
	CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED = 115,
	CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED = 124,
	CU_DEVICE_ATTRIBUTE_MEM_SYNC_DOMAIN_COUNT = 126,
	CU_DEVICE_ATTRIBUTE_TENSOR_MAP_ACCESS_SUPPORTED = 127,
	CU_DEVICE_ATTRIBUTE_NUMA_ID = 131,
	CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID = 134,
	CU_DEVICE_ATTRIBUTE_GPU_PCI_DEVICE_ID = 139,
	CU_DEVICE_ATTRIBUTE_GPU_PCI_SUBSYSTEM_ID = 140,
	CU_DEVICE_ATTRIBUTE_MAX = 148,
};

enum {
	CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
	CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
	CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES,
	CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES,
	CU_FUNC_ATTRIBUTE_NUM_REGS,
	CU_FUNC_ATTRIBUTE_PTX_VERSION,
	CU_FUNC_ATTRIBUTE_BINARY_VERSION,
	CU_FUNC_ATTRIBUTE_CACHE_MODE_CA,
	CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
	CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
	CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET,
	CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH,
	CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT,
	CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH,
	CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED,
	CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE,
	CU_FUNC_ATTRIBUTE_MAX,
};

typedef enum {
	CU_JIT_MAX_REGISTERS,
	CU_JIT_THREADS_PER_BLOCK,
	CU_JIT_WALL_TIME,
	CU_JIT_INFO_LOG_BUFFER,
	CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
	CU_JIT_ERROR_LOG_BUFFER,
	CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
	CU_JIT_NUM_OPTIONS = 35,
} CUjit_option;

enum {
	CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK = 1,
	CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED,
	CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED,
	CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED,
	CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED,
};

enum {
	CU_LIMIT_STACK_SIZE,
	CU_LIMIT_PRINTF_FIFO_SIZE,
	CU_LIMIT_MALLOC_HEAP_SIZE,
	CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH,
	CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT,
	CU_LIMIT_MAX_L2_FETCH_GRANULARITY,
	CU_LIMIT_PERSISTING_L2_CACHE_SIZE,
	CU_LIMIT_SHMEM_SIZE,
	CU_LIMIT_CIG_ENABLED,
	CU_LIMIT_CIG_SHMEM_FALLBACK_ENABLED,
};

enum {
	CU_MEMORYTYPE_HOST = 1,
	CU_MEMORYTYPE_DEVICE = 2,
	CU_MEMORYTYPE_ARRAY = 3,
	CU_MEMORYTYPE_UNIFIED = 4,
};

enum {
	CU_POINTER_ATTRIBUTE_CONTEXT = 1,
	CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2,
	CU_POINTER_ATTRIBUTE_DEVICE_POINTER = 3,
	CU_POINTER_ATTRIBUTE_HOST_POINTER = 4,
	CU_POINTER_ATTRIBUTE_P2P_TOKENS = 5,
	CU_POINTER_ATTRIBUTE_SYNC_MEMOPS = 6,
	CU_POINTER_ATTRIBUTE_BUFFER_ID = 7,
	CU_POINTER_ATTRIBUTE_IS_MANAGED = 8,
	CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL = 9,
	CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE = 10,
	CU_POINTER_ATTRIBUTE_RANGE_START_ADDR = 11,
	CU_POINTER_ATTRIBUTE_RANGE_SIZE = 12,
	CU_POINTER_ATTRIBUTE_MAPPED = 13,
	CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES = 14,
	CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE = 15,
	CU_POINTER_ATTRIBUTE_ACCESS_FLAGS = 16,
	CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE = 17,
	CU_POINTER_ATTRIBUTE_MAPPING_SIZE = 18,
	CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR = 19,
	CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID = 20,
	CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE = 21,
};

enum {
	CU_MEMHOSTALLOC_PORTABLE = 1,
	CU_MEMHOSTALLOC_DEVICEMAP = 2,
	CU_MEMHOSTALLOC_WRITECOMBINED = 4,
};

enum {
	CU_MEMHOSTREGISTER_PORTABLE = 1,
	CU_MEMHOSTREGISTER_DEVICEMAP = 2,
	CU_MEMHOSTREGISTER_IOMEMORY = 4,
	CU_MEMHOSTREGISTER_READ_ONLY = 8,
};

enum {
	CU_MEM_ATTACH_GLOBAL = 1,
	CU_MEM_ATTACH_HOST = 2,
	CU_MEM_ATTACH_SINGLE = 4,
};

enum {
	CU_MEM_LOCATION_TYPE_INVALID,
	CU_MEM_LOCATION_TYPE_DEVICE,
	CU_MEM_LOCATION_TYPE_HOST,
	CU_MEM_LOCATION_TYPE_HOST_NUMA,
	CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT,
};

enum { CU_MEM_ALLOCATION_TYPE_PINNED = 1, CU_MEM_ALLOCATION_TYPE_MANAGED = 2 };
enum { CU_MEM_HANDLE_TYPE_NONE, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, CU_MEM_HANDLE_TYPES_KNOWN = 15 };
enum { CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD = 1 };
enum {
	CU_MEM_ACCESS_FLAGS_PROT_NONE = 0,
	CU_MEM_ACCESS_FLAGS_PROT_READ = 1,
	CU_MEM_ACCESS_FLAGS_PROT_READWRITE = 3,
};

enum {
	CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES = 1,
	CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC,
	CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES,
	CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
	CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT,
	CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH,
	CU_MEMPOOL_ATTR_USED_MEM_CURRENT,
	CU_MEMPOOL_ATTR_USED_MEM_HIGH,
};

enum {
	CU_LAUNCH_ATTRIBUTE_IGNORE,
	CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW,
	CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
	CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY,
	CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
	CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE,
	CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
	CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT,
	CU_LAUNCH_ATTRIBUTE_PRIORITY,
	CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP,
	CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN,
	CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION,
	CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT,
	CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE,
	CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
};

enum { CU_ACCESS_PROPERTY_NORMAL, CU_ACCESS_PROPERTY_STREAMING, CU_ACCESS_PROPERTY_PERSISTING };
enum {
	CU_SYNC_POLICY_DEFAULT = -1, /* what a stream has that was never told */
	CU_SYNC_POLICY_AUTO = 1,
	CU_SYNC_POLICY_SPIN,
	CU_SYNC_POLICY_YIELD,
	CU_SYNC_POLICY_BLOCKING_SYNC,
};
enum { CU_MEM_SYNC_DEFAULT, CU_MEM_SYNC_REMOTE, CU_MEM_SYNC_DOMAINS = 4 };

struct cu_access_window {
	void *base;
	size_t bytes;
	float hit_ratio;
	int hit, miss;
};

struct cu_sync_domains {
	unsigned char of_default, of_remote;
};

typedef union {
	char pad[64];
	struct cu_access_window window;
	struct cu_sync_domains domains;
	int domain;
	int cooperative;
	struct {
		unsigned int x, y, z;
	} cluster;
	int programmatic_serialization;
	struct {
		CUevent event;
		int flags;
		int at_start;
	} event;
	int priority;
	int sync_policy;
	unsigned int carveout;
} CUlaunchAttributeValue;

typedef struct {
	unsigned int id;
	unsigned int pad;
	CUlaunchAttributeValue value;
} CUlaunchAttribute;

typedef struct {
	unsigned int gridDimX, gridDimY, gridDimZ;
	unsigned int blockDimX, blockDimY, blockDimZ;
	unsigned int sharedMemBytes;
	CUstream hStream;
	CUlaunchAttribute *attrs;
	unsigned int numAttrs;
} CUlaunchConfig;

typedef struct {
	size_t srcXInBytes, srcY;
	unsigned int srcMemoryType;
	const void *srcHost;
	CUdeviceptr srcDevice;
	CUarray srcArray;
	size_t srcPitch;
	size_t dstXInBytes, dstY;
	unsigned int dstMemoryType;
	void *dstHost;
	CUdeviceptr dstDevice;
	CUarray dstArray;
	size_t dstPitch;
	size_t WidthInBytes, Height;
} CUDA_MEMCPY2D;

/* The peer form has contexts where the plain one has reserved words. */
typedef struct {
	size_t srcXInBytes, srcY, srcZ, srcLOD;
	unsigned int srcMemoryType;
	const void *srcHost;
	CUdeviceptr srcDevice;
	CUarray srcArray;
	CUcontext srcContext;
	size_t srcPitch, srcHeight;
	size_t dstXInBytes, dstY, dstZ, dstLOD;
	unsigned int dstMemoryType;
	void *dstHost;
	CUdeviceptr dstDevice;
	CUarray dstArray;
	CUcontext dstContext;
	size_t dstPitch, dstHeight;
	size_t WidthInBytes, Height, Depth;
} CUDA_MEMCPY3D;

typedef struct {
	unsigned int type;
	int id;
} CUmemLocation;

typedef struct {
	unsigned int type;
	unsigned int requestedHandleTypes;
	CUmemLocation location;
	void *win32HandleMetaData;
	struct {
		unsigned char compressionType;
		unsigned char gpuDirectRDMACapable;
		unsigned short usage;
		unsigned char reserved[4];
	} allocFlags;
} CUmemAllocationProp;

typedef struct {
	CUmemLocation location;
	unsigned int flags;
} CUmemAccessDesc;

typedef struct {
	unsigned int allocType;
	unsigned int handleTypes;
	CUmemLocation location;
	void *win32SecurityAttributes;
	size_t maxSize;
	unsigned short usage;
	unsigned char reserved[54];
} CUmemPoolProps;

typedef struct {
	int maxThreadsPerBlock;
	int maxThreadsDim[3];
	int maxGridSize[3];
	int sharedMemPerBlock;
	int totalConstantMemory;
	int SIMDWidth;
	int memPitch;
	int regsPerBlock;
	int clockRate;
	int textureAlign;
} CUdevprop;

typedef void (*CUstreamCallback)(CUstream stream, CUresult status, void *data);
typedef void (*CUhostFn)(void *data);
typedef size_t (*CUoccupancyB2DSize)(int block_size);

#endif
