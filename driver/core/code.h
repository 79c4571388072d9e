/* SPDX-License-Identifier: GPL-2.0 */
/* A loaded code object: the handle around the engine's. */
#ifndef _VGPU_CORE_CODE_H
#define _VGPU_CORE_CODE_H

#include "../engine/engine.h"
#include "vgpu.h"

/**
 * struct vgpu_code - a code object
 * @obj: head
 * @engine: verified and decoded, immutable
 * @bytes: charged to the context and its user, while it is loaded too
 */
struct vgpu_code {
	struct vgpu_obj obj;
	struct engine_code *engine;
	u64 bytes;
};

#endif
