/* SPDX-License-Identifier: MIT */
/* The part of the driver API's binary interface that belongs to graphs and stream capture. */
#ifndef VGPU_GRAPH_ABI_H
#define VGPU_GRAPH_ABI_H

#include "cuda_abi.h"

typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUuserObject_st *CUuserObject;

enum {
	CU_STREAM_CAPTURE_STATUS_NONE,
	CU_STREAM_CAPTURE_STATUS_ACTIVE,
	CU_STREAM_CAPTURE_STATUS_INVALIDATED,
};

enum {
	CU_STREAM_CAPTURE_MODE_GLOBAL,
	CU_STREAM_CAPTURE_MODE_THREAD_LOCAL,
	CU_STREAM_CAPTURE_MODE_RELAXED,
};

enum { CU_STREAM_ADD_CAPTURE_DEPENDENCIES, CU_STREAM_SET_CAPTURE_DEPENDENCIES };

/* cuEventRecordWithFlags and cuStreamWaitEvent: a node of its own in a capture. */
enum { CU_EVENT_RECORD_EXTERNAL = 1, CU_EVENT_WAIT_EXTERNAL = 1 };

enum cu_node_type {
	CU_GRAPH_NODE_KERNEL,
	CU_GRAPH_NODE_MEMCPY,
	CU_GRAPH_NODE_MEMSET,
	CU_GRAPH_NODE_HOST,
	CU_GRAPH_NODE_GRAPH,
	CU_GRAPH_NODE_EMPTY,
	CU_GRAPH_NODE_WAIT_EVENT,
	CU_GRAPH_NODE_EVENT_RECORD,
	CU_GRAPH_NODE_EXT_SEMAS_SIGNAL,
	CU_GRAPH_NODE_EXT_SEMAS_WAIT,
	CU_GRAPH_NODE_MEM_ALLOC,
	CU_GRAPH_NODE_MEM_FREE,
	CU_GRAPH_NODE_BATCH_MEM_OP,
	CU_GRAPH_NODE_CONDITIONAL,
	CU_GRAPH_NODE_TYPES,
};

enum {
	CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH = 1,
	CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD = 2,
	CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH = 4,
	CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY = 8,
};

enum {
	CUDA_GRAPH_INSTANTIATE_SUCCESS,
	CUDA_GRAPH_INSTANTIATE_ERROR,
	CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE,
	CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED,
	CUDA_GRAPH_INSTANTIATE_MULTIPLE_CTXS_NOT_SUPPORTED,
};

enum cu_update_result {
	CU_GRAPH_EXEC_UPDATE_SUCCESS,
	CU_GRAPH_EXEC_UPDATE_ERROR,
	CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED,
	CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED,
	CU_GRAPH_EXEC_UPDATE_ERROR_FUNCTION_CHANGED,
	CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED,
	CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED,
	CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE,
	CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED,
};

enum {
	CU_GRAPH_MEM_ATTR_USED_CURRENT,
	CU_GRAPH_MEM_ATTR_USED_HIGH,
	CU_GRAPH_MEM_ATTR_RESERVED_CURRENT,
	CU_GRAPH_MEM_ATTR_RESERVED_HIGH
};

enum { CU_GRAPH_DEPENDENCY_TYPE_DEFAULT, CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC };
enum { CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE, CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE };
enum { CU_GRAPH_USER_OBJECT_MOVE = 1 };
enum { CU_USER_OBJECT_NO_DESTRUCTOR_SYNC = 1 };

typedef struct {
	unsigned char from_port, to_port, type, reserved[5];
} CUgraphEdgeData;

/* The first version ends before kern. */
typedef struct {
	CUfunction func;
	unsigned int gridDimX, gridDimY, gridDimZ;
	unsigned int blockDimX, blockDimY, blockDimZ;
	unsigned int sharedMemBytes;
	void **kernelParams, **extra;
	CUkernel kern;
	CUcontext ctx;
} CUDA_KERNEL_NODE_PARAMS;

typedef struct {
	int flags, reserved;
	CUcontext copyCtx;
	CUDA_MEMCPY3D copyParams;
} CUDA_MEMCPY_NODE_PARAMS;

/* The first version ends before ctx. */
typedef struct {
	CUdeviceptr dst;
	size_t pitch;
	unsigned int value, elementSize;
	size_t width, height;
	CUcontext ctx;
} CUDA_MEMSET_NODE_PARAMS;

typedef struct {
	CUhostFn fn;
	void *userData;
} CUDA_HOST_NODE_PARAMS;

typedef struct {
	CUgraph graph;
	int ownership;
} CUDA_CHILD_GRAPH_NODE_PARAMS;

typedef struct {
	CUmemPoolProps poolProps;
	const CUmemAccessDesc *accessDescs;
	size_t accessDescCount, bytesize;
	CUdeviceptr dptr;
} CUDA_MEM_ALLOC_NODE_PARAMS;

/* One operation of cuStreamBatchMemOp. */
typedef union {
	unsigned int operation;
	struct {
		unsigned int operation;
		CUdeviceptr address;
		uint64_t value;
		unsigned int flags;
		CUdeviceptr alias;
	} word;
	uint64_t pad[6];
} CUstreamBatchMemOpParams;

typedef struct {
	CUcontext ctx;
	unsigned int count;
	CUstreamBatchMemOpParams *paramArray;
	unsigned int flags;
} CUDA_BATCH_MEM_OP_NODE_PARAMS;

typedef struct {
	int type;
	int reserved0[3];
	union {
		long long reserved1[29];
		CUDA_KERNEL_NODE_PARAMS kernel;
		CUDA_MEMCPY_NODE_PARAMS memcpy;
		CUDA_MEMSET_NODE_PARAMS memset;
		CUDA_HOST_NODE_PARAMS host;
		CUDA_CHILD_GRAPH_NODE_PARAMS graph;
		CUevent event;
		CUDA_MEM_ALLOC_NODE_PARAMS alloc;
		CUdeviceptr free;
		CUDA_BATCH_MEM_OP_NODE_PARAMS memOp;
	};
	long long reserved2;
} CUgraphNodeParams;

typedef struct {
	cuuint64_t flags;
	CUstream hUploadStream;
	CUgraphNode hErrNode_out;
	int result_out;
} CUDA_GRAPH_INSTANTIATE_PARAMS;

typedef struct {
	int result;
	CUgraphNode errorNode, errorFromNode;
} CUgraphExecUpdateResultInfo;

#endif
