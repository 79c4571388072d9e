// SPDX-License-Identifier: MIT
/* The device runtime: PTX of ours, parsed once, compiled with each kernel that calls it. */
#include <pthread.h>
#include <string.h>

#include "compiler.h"
#include "unit.h"

extern const char runtime_ptx[];
extern const unsigned int runtime_ptx_size;

static struct vgpucc_module *runtime;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_runtime(void)
{
	const struct vgpucc_target t = { .cc = 120, .borrow = true };

	vgpucc_module_open(runtime_ptx, runtime_ptx_size, &t, NULL, &runtime);
}

const struct ir_module *runtime_module(struct diag *d)
{
	pthread_once(&once, open_runtime);
	if (!runtime && d)
		diag_error(d, 0, "the device runtime cannot be read");
	return runtime ? vgpucc_module_ir(runtime) : NULL;
}
