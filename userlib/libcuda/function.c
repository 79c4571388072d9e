// SPDX-License-Identifier: MIT
/* cuFunc*: what a kernel is and needs, answered without compiling it. */
#include "module.h"

CUresult cu_function_get(CUfunction handle, CUfunction *f)
{
	CUcontext ctx;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (cu_is(handle, CU_FUNCTION)) {
		*f = handle;
		if (!cu_context_alive(handle->mod->ctx))
			return CUDA_ERROR_CONTEXT_IS_DESTROYED;
		return cu_context_health(handle->mod->ctx);
	}
	if (!cu_is(handle, CU_KERNEL))
		return CUDA_ERROR_INVALID_HANDLE;
	r = cu_current(&ctx);
	return r ? r : cu_kernel_function((CUkernel)handle, ctx, f);
}

int cu_kernel_max_threads(const struct vgpucc_kernel *k, const struct vgpu_device_info *dev)
{
	const unsigned int *limit = k->reqntid[0] ? k->reqntid : k->maxntid;
	unsigned int n = 1;

	if (!limit[0])
		return dev->max_threads_block;
	for (int i = 0; i < 3; i++)
		n *= limit[i] ? limit[i] : 1;
	return n < dev->max_threads_block ? n : dev->max_threads_block;
}

/* What compilation found out, of whichever variant there is. */
static const struct vgpu_kernel_info *compiled(CUfunction f)
{
	for (int i = 0; i < CU_SHAPES; i++)
		if (f->variants[i].code)
			return &f->variants[i].info;
	return NULL;
}

/* Not compiled yet: what a block of the largest size leaves each thread. cuBLAS divides by it. */
static int registers(const struct vgpucc_kernel *k, const struct vgpu_device_info *dev,
		     const struct vgpu_kernel_info *info)
{
	int n = info ? (int)info->vregs : (int)dev->regs_block / cu_kernel_max_threads(k, dev);

	return n < 1 ? 1 : n > 255 ? 255 : n;
}

CUresult cu_function_attribute(CUfunction f, int attribute, int *value)
{
	const struct vgpucc_kernel *k = &f->kernel;
	const struct cu_device *d = f->mod->ctx->dev;
	const struct vgpu_kernel_info *info = compiled(f);

	switch (attribute) {
	case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
		*value = cu_kernel_max_threads(k, &d->dev.info);
		break;
	case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
		*value = k->static_shared;
		break;
	case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
		*value = info ? info->local_bytes : 0;
		break;
	case CU_FUNC_ATTRIBUTE_NUM_REGS:
		*value = registers(k, &d->dev.info, info);
		break;
	case CU_FUNC_ATTRIBUTE_PTX_VERSION:
		*value = k->target;
		break;
	case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
		*value = 10 * d->cc_major + d->cc_minor;
		break;
	case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
		*value = f->max_dynamic;
		break;
	case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
		*value = f->carveout;
		break;
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
		*value = k->reqcluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH];
		break;
	case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
		*value = cu_module_const_bytes(f->mod);
		break;
	case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
	case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
	case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
	case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
		*value = 0;
		break;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
	return CUDA_SUCCESS;
}

CUresult cu_function_set_attribute(CUfunction f, int attribute, int value)
{
	const struct vgpu_device_info *dev = &f->mod->ctx->dev->dev.info;

	switch (attribute) {
	case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
		if (value < 0 || value + f->kernel.static_shared > dev->shared_block_optin)
			return CUDA_ERROR_INVALID_VALUE;
		f->max_dynamic = value;
		return CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
		if (value < -1 || value > 100)
			return CUDA_ERROR_INVALID_VALUE;
		f->carveout = value;
		return CUDA_SUCCESS;
	/* Clusters have one block. */
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
		if (value != 0 && value != 1)
			return CUDA_ERROR_INVALID_VALUE;
		f->kernel.reqcluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH] = value;
		return CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
		return value < 0 || value > 2 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUDA_API(cuFuncGetAttribute, CU_ARGS(int *value, int attribute, CUfunction f), CU_ARGS(value, attribute, f))
{
	CUresult r = cu_function_get(f, &f);

	if (!r && !value)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_function_attribute(f, attribute, value);
}

CUDA_API(cuFuncSetAttribute, CU_ARGS(CUfunction f, int attribute, int value), CU_ARGS(f, attribute, value))
{
	CUresult r = cu_function_get(f, &f);

	return r ? r : cu_function_set_attribute(f, attribute, value);
}

CUDA_API(cuFuncSetCacheConfig, CU_ARGS(CUfunction f, int config), CU_ARGS(f, config))
{
	return config < 0 || config > 3 ? CUDA_ERROR_INVALID_VALUE : cu_function_get(f, &f);
}

CUDA_API(cuFuncSetSharedMemConfig, CU_ARGS(CUfunction f, int config), CU_ARGS(f, config))
{
	return config < 0 || config > 2 ? CUDA_ERROR_INVALID_VALUE : cu_function_get(f, &f);
}

CUDA_API(cuFuncGetModule, CU_ARGS(CUmodule *mod, CUfunction f), CU_ARGS(mod, f))
{
	CUresult r = cu_function_get(f, &f);

	if (!r && !mod)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*mod = f->mod;
	return r;
}

CUDA_API(cuFuncGetName, CU_ARGS(const char **name, CUfunction f), CU_ARGS(name, f))
{
	CUresult r = cu_function_get(f, &f);

	if (!r && !name)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*name = f->kernel.name;
	return r;
}

CUDA_API(cuFuncGetParamInfo, CU_ARGS(CUfunction f, size_t index, size_t *offset, size_t *size),
	 CU_ARGS(f, index, offset, size))
{
	CUresult r = cu_function_get(f, &f);

	if (!r && (!offset || index >= f->kernel.nparams))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	*offset = f->kernel.params[index].offset;
	if (size)
		*size = f->kernel.params[index].size;
	return CUDA_SUCCESS;
}

CUDA_API(cuFuncIsLoaded, CU_ARGS(int *state, CUfunction f), CU_ARGS(state, f))
{
	CUresult r = cu_function_get(f, &f);

	if (!r && !state)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*state = compiled(f) != NULL;
	return r;
}

CUDA_API(cuFuncLoad, CU_ARGS(CUfunction f), CU_ARGS(f))
{
	CUresult r = cu_function_get(f, &f);

	return r ? r : cu_function_compile(f, VGPUCC_SHAPE_LINEAR, NULL);
}
