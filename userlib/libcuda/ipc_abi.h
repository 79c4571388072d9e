/* SPDX-License-Identifier: MIT */
/* Interprocess handles: the 64 bytes that programs hand on, and what ours hold. */
#ifndef VGPU_IPC_ABI_H
#define VGPU_IPC_ABI_H

#include "../libvgpu/libvgpu.h"

typedef struct {
	char reserved[64];
} CUipcMemHandle;
typedef struct {
	char reserved[64];
} CUipcEventHandle;

enum { CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS = 1 };
enum { CU_IPC_MEMORY = 0x76706d01, CU_IPC_EVENT = 0x76706d02 };

/**
 * struct cu_ipc_name - what a handle holds
 * @magic: CU_IPC_*
 * @size: of memory: bytes as they were asked for
 * @token: opens it
 * @reserved: 0
 */
struct cu_ipc_name {
	uint32_t magic;
	uint32_t reserved;
	uint64_t size;
	uint8_t token[VGPU_TOKEN_LEN];
};

#endif
