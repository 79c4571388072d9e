/* SPDX-License-Identifier: MIT */
/*
 * Code: images (a program's PTX, indexed, independent of any context),
 * modules (an image in a context, with its variables), libraries (an image
 * that becomes a module in each context that asks), and their kernels.
 */
#ifndef VGPU_MODULE_H
#define VGPU_MODULE_H

#include "../compiler/compiler.h"
#include "context.h"
#include "memory.h"

/**
 * struct cu_image - PTX, found and indexed
 * @cc: the compiler's module
 * @info: what it says of itself
 * @uses: modules and libraries that hold it
 * @prints: some kernel prints or asserts
 * @allocates: some kernel calls malloc
 */
struct cu_image {
	struct vgpucc_module *cc;
	struct vgpucc_info info;
	unsigned int uses;
	bool prints, allocates;
};

enum { CU_SHAPES = VGPUCC_SHAPE_ROWS + 1 };

/**
 * struct cu_variant - a kernel compiled for one shape of blocks
 * @result: CUDA_SUCCESS, or why it could not be compiled
 * @tried: compiled, or tried in vain
 * @code: code object in the context
 * @info: what the device says of it
 */
struct cu_variant {
	CUresult result;
	bool tried;
	uint32_t code;
	struct vgpu_kernel_info info;
};

/**
 * struct CUfunc_st - a kernel of a module
 * @obj: type
 * @mod: its module
 * @kernel: what the index knows
 * @lock: guards @variants
 * @variants: by shape class
 * @max_dynamic: largest dynamic shared memory that was asked for
 * @carveout: preferred share of shared memory, a hint
 */
struct CUfunc_st {
	struct cu_object obj;
	CUmodule mod;
	struct vgpucc_kernel kernel;
	pthread_mutex_t lock;
	struct cu_variant variants[CU_SHAPES];
	int max_dynamic;
	int carveout;
};

/**
 * struct CUmod_st - an image in a context
 * @obj: type
 * @ctx: the context
 * @image: the image
 * @library: the library it is an instance of, or NULL
 * @segment: memory of its variables; NULL without any
 * @addresses: of the variables, by index
 * @functions: by index, NULL until asked for
 * @next: in the context's list
 * @next_instance: in the library's list
 */
struct CUmod_st {
	struct cu_object obj;
	CUcontext ctx;
	struct cu_image *image;
	CUlibrary library;
	struct cu_mem *segment;
	uint64_t *addresses;
	CUfunction *functions;
	struct CUmod_st *next, *next_instance;
};

/**
 * struct CUkern_st - a kernel of a library
 * @obj: type
 * @library: the library
 * @kernel: what the index knows
 * @max_dynamic: set by cuKernelSetAttribute, or -1; functions made later take it over
 * @carveout: likewise
 */
struct CUkern_st {
	struct cu_object obj;
	CUlibrary library;
	struct vgpucc_kernel kernel;
	int max_dynamic, carveout;
};

/**
 * struct CUlib_st - an image that becomes a module in each context that asks
 * @obj: type
 * @lock: guards what follows
 * @data: the image as the program brought it
 * @size: its bytes, 0 when only the address is known
 * @copy: ours of it, if it does not stay
 * @image: the indexed image, NULL until first needed
 * @result: why there is none
 * @kernels: by index, NULL until asked for
 * @instances: modules
 * @primary: device whose primary context is kept for managed variables, or NULL
 */
struct CUlib_st {
	struct cu_object obj;
	pthread_mutex_t lock;
	const void *data;
	size_t size;
	void *copy;
	struct cu_image *image;
	CUresult result;
	CUkernel *kernels;
	CUmodule instances;
	struct cu_device *primary;
};

/* What the caller of a load wants to know of the compilation. */
struct cu_jit {
	char *info, *error;
	size_t info_size, error_size;
	void **info_used, **error_used, **wall_time;
};

/* image.c */
bool cu_image_is_tile_ir(const void *data);
CUresult cu_image_open(const void *data, size_t size, bool borrow, struct cu_jit *jit, struct cu_image **image);
void cu_image_put(struct cu_image *image);
CUresult cu_compiler_result(int status);

/* module.c */
CUresult cu_module_new(CUcontext ctx, struct cu_image *image, CUmodule *mod);
void cu_module_free(CUmodule mod);
void cu_modules_destroy(CUcontext ctx);
CUresult cu_module_function(CUmodule mod, const char *name, CUfunction *f);
CUresult cu_module_function_at(CUmodule mod, unsigned int index, CUfunction *f);
CUresult cu_module_global(CUmodule mod, const char *name, bool managed, CUdeviceptr *p, size_t *size);
/* Bytes of its .const variables, one behind the other. */
size_t cu_module_const_bytes(CUmodule mod);

/* module_api.c */
CUresult cu_image_check(const void *data, size_t size, struct cu_jit *jit);
/* A whole file, with a NUL after it; the caller frees it. */
CUresult cu_read_file(const char *name, void **data, size_t *size);

/* library.c */
CUresult cu_library_module(CUlibrary lib, CUcontext ctx, CUmodule *mod);
CUresult cu_kernel_function(CUkernel k, CUcontext ctx, CUfunction *f);
/* The library's kernel that a function is an instance of, or NULL. */
CUkernel cu_kernel_of(CUfunction f);
/* Forget the instance that lives in a context which ends. */
void cu_library_forget(CUlibrary lib, CUmodule mod);

/* function.c: the function behind a handle, which may be a library's kernel. */
CUresult cu_function_get(CUfunction handle, CUfunction *f);
CUresult cu_function_attribute(CUfunction f, int attribute, int *value);
CUresult cu_function_set_attribute(CUfunction f, int attribute, int value);
int cu_kernel_max_threads(const struct vgpucc_kernel *k, const struct vgpu_device_info *dev);

/* variant.c: compile for a block's shape, once. */
CUresult cu_function_variant(CUfunction f, const unsigned int block[3], const struct cu_variant **v);
CUresult cu_function_compile(CUfunction f, enum vgpucc_shape_class shape, struct cu_jit *jit);
/* The kernels of what will be loaded, for the usual shape, into the cache on disk. */
CUresult cu_compile_ahead(const struct vgpucc_module *m, unsigned int cc, struct diag *d);

/* jit.c */
/* Whether the caller wants to know anything. */
static inline bool cu_jit_logs(const struct cu_jit *jit)
{
	return jit->info || jit->error;
}

CUresult cu_jit_parse(unsigned int count, const int *options, void **values, struct cu_jit *jit);
void cu_jit_done(struct cu_jit *jit, const char *error, const char *info, uint64_t start_ns);

#endif
