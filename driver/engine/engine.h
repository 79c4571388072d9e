/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's face: verified code objects, launches, and the execution of
 * thread blocks.  The same sources build into vgpu.ko and into a user-space
 * archive; engine_os.h is all that they need of either host.
 */
#ifndef VGPU_ENGINE_H
#define VGPU_ENGINE_H

#include "engine_os.h"
#include "../../uapi/vgpu_isa.h"

/* ---- code ------------------------------------------------------------------ */

struct engine_code;	/* a verified, decoded code object; immutable, counted */

/**
 * struct engine_image - a code object that is to be loaded, and who answers for its memory
 * @at: its bytes, where @copy is NULL; the engine copies them
 * @size: how many
 * @copy: copies all of them to @to, where they are not simply at @at.  Return: 0 or a negative error.
 * @charge: NULL, or asked before anything is allocated whether there may be so many bytes more, and
 *	told, negative, how many fewer there are once something was freed; that it cannot refuse.
 *
 * Nothing of it is needed after the load.
 */
struct engine_image {
	const void *at;
	size_t size;
	int (*copy)(const struct engine_image *image, void *to);
	bool (*charge)(const struct engine_image *image, s64 bytes);
};

/**
 * engine_code_load_image() - verify a code object and make it executable
 * @image: where it is, and who answers for the memory
 * @out: where the object goes, with one reference
 * @msg: receives one line that says what was refused and where, or ""
 * @msg_size: bytes at @msg
 *
 * May sleep and allocate.  There is never more than was charged, and what the load needs besides is freed
 * before most of what stays is allocated.  What a loaded object has stays charged, for the caller to give back
 * when the object has gone; of a failed load, nothing.
 *
 * Return: 0, -EINVAL for a refused object, -ENOMEM, -EDQUOT where @image->charge refused, -EINTR when
 * a fatal signal came, what @image->copy said.
 */
int engine_code_load_image(const struct engine_image *image, struct engine_code **out,
			   char *msg, size_t msg_size);

/** engine_code_load() - engine_code_load_image() of @size bytes at @image, for which nobody answers */
static inline int engine_code_load(const void *image, size_t size, struct engine_code **out,
				   char *msg, size_t msg_size)
{
	const struct engine_image from = { .at = image, .size = size };

	return engine_code_load_image(&from, out, msg, msg_size);
}

void engine_code_get(struct engine_code *code);
void engine_code_put(struct engine_code *code);
unsigned int engine_code_kernels(const struct engine_code *code);
const struct vgpu_code_kernel *engine_code_kernel(const struct engine_code *code,
						  unsigned int index);
const char *engine_code_kernel_name(const struct engine_code *code, unsigned int index);

/* ---- memory, as the host of the engine gives it ------------------------------ */

/**
 * struct engine_span - a translated piece of the GPU address space
 * @va: first GPU address of the piece
 * @size: its bytes; [@va, @va + @size) is contiguous at @ptr
 * @ptr: where it lies; valid until the current engine_run() returns
 * @writable: stores are allowed
 */
struct engine_span {
	u64 va;
	u64 size;
	void *ptr;
	bool writable;
};

/**
 * struct engine_mem_ops - how the engine reaches global memory
 * @translate: find the piece that holds @va.  Called inside FPU sections: must
 *	not sleep, fault or use floating point.  Return: 0; -EFAULT where nothing
 *	is mapped; -EAGAIN where a page must be brought in first (engine_run()
 *	then returns ENGINE_NEED_PAGE and is called again once it is there).
 */
struct engine_mem_ops {
	int (*translate)(void *as, u64 va, bool write, struct engine_span *span);
};

/* ---- launches -------------------------------------------------------------------- */

/** struct engine_fault - what stopped a launch, exactly */
struct engine_fault {
	u32 kind;		/* enum vgpu_stop */
	u32 code;		/* TRAP: its immediate */
	u32 pc;			/* instruction index in the code object */
	u32 line;		/* PTX line, or 0 */
	u32 ctaid[3];
	u32 tid[3];		/* the lowest faulting lane's thread */
	u32 lane, warp;
	u64 address;		/* the access's GPU address, 0 where none */
	u32 space;		/* enum vgpu_space of the access */
	u32 size;		/* bytes of the access */
	u32 write;
};

struct engine_params {
	struct engine_code *code;
	unsigned int kernel;		/* index in the code object */
	u32 grid[3], block[3];
	u32 dynamic_shared;		/* bytes, added to the kernel's static ones */
	u32 stack_size;			/* bytes a lane, for kernels with VGPU_KERNEL_STACK */
	const void *param;		/* copied */
	u32 param_size;
	u64 grid_id;
	u32 sm_count;			/* %nsmid */
	u32 clock_khz;			/* the rate of %clock; 0: a tick a nanosecond */
	const struct engine_mem_ops *mem;
	void *as;			/* first argument of @mem's functions */
};

/*
 * Bounds that engine_launch_create() enforces: those of compute capability 12.0, but for
 * shared memory, which is that of 9.0.
 */
#define ENGINE_MAX_THREADS	1024U
#define ENGINE_MAX_BLOCK_Z	64U
#define ENGINE_MAX_SHARED	(227U << 10)
#define ENGINE_MAX_LOCAL	(512U << 10)
#define ENGINE_MAX_PARAM	32764U
#define ENGINE_MAX_GRID_X	0x7fffffffU
#define ENGINE_MAX_GRID_YZ	65535U

struct engine_launch;	/* one grid; shared by all workers that run its blocks */
struct engine_cta;	/* a thread block in flight: registers, shared and local memory */

/**
 * engine_launch_create() - check a launch and run its grid preamble
 * @p: what to launch; the code it names is referenced
 * @out: where the launch goes
 *
 * May sleep; not in an FPU section.
 *
 * Return: 0; -EINVAL where the shape, sizes or parameters do not fit the kernel,
 * -E2BIG beyond the engine's bounds, -ENOMEM.
 */
int engine_launch_create(const struct engine_params *p, struct engine_launch **out);
void engine_launch_destroy(struct engine_launch *launch);
/** engine_launch_stop() - make every engine_run() of it return ENGINE_FAULT soon; any context */
void engine_launch_stop(struct engine_launch *launch, enum vgpu_stop why);
/**
 * engine_launch_stop_at() - the same, and the launch's fault says where it stood
 * @launch: the launch
 * @cta: a block in flight that nobody runs now, or NULL
 * @block: else the number of a block that is about to begin
 * @why: VGPU_STOP_*, the fault's kind
 */
void engine_launch_stop_at(struct engine_launch *launch, struct engine_cta *cta, u64 block,
			   enum vgpu_stop why);
u64 engine_launch_blocks(const struct engine_launch *launch);
/**
 * engine_launch_fault() - the first fault of the launch, kind NONE if it had none
 * @launch: the launch
 * @out: a copy
 *
 * Where several stop it at once, one is first; the others may be told NONE until that one has written all of it.
 * Who was first is told what it wrote.
 */
void engine_launch_fault(const struct engine_launch *launch, struct engine_fault *out);

/* ---- blocks ------------------------------------------------------------------------ */

/** engine_cta_bytes() - memory that one block of @launch takes, for admission */
size_t engine_cta_bytes(const struct engine_launch *launch);
/**
 * engine_cta_begin() - put a block into memory
 * @launch: the launch
 * @block: number of the block, x fastest
 * @smid: %smid of its threads
 * @mem: engine_cta_bytes() bytes, 64-byte aligned, writable, owned by the caller
 *	until the block is done; must hold no other context's data (zeroed when its
 *	owner changes)
 *
 * Does not sleep, allocates nothing; call it inside an FPU section.
 *
 * Return: the block, which lies in @mem.
 */
struct engine_cta *engine_cta_begin(struct engine_launch *launch, u64 block, u32 smid,
				    void *mem);

/**
 * engine_cta_next() - the same memory is to hold another block of the same launch
 * @cta: a block whose last engine_run() returned ENGINE_DONE
 * @block: the next one
 *
 * Cheaper than engine_cta_begin().  The engine_run() that follows keeps the
 * translations of the last one: it must come before memory may be unmapped.
 */
void engine_cta_next(struct engine_cta *cta, u64 block);

/**
 * engine_cta_end() - count what was executed here in the launch's statistics
 * @cta: a block, at the end of a slice or when its memory is used no longer
 *
 * Not after each block: workers would take each other's cache line away.
 */
void engine_cta_end(struct engine_cta *cta);

enum engine_status {
	ENGINE_DONE,		/* the block has ended */
	ENGINE_SLICE,		/* the budget is used up: call again */
	ENGINE_YIELD,		/* it spins or sleeps: let other blocks run first */
	ENGINE_NEED_PAGE,	/* bring in engine_cta_page(), then call again */
	ENGINE_FAULT,		/* it stopped: engine_launch_fault() */
};

/**
 * engine_run_until() - run a block for a while
 * @cta: the block
 * @budget: about how many warp instructions to execute (never more than twice); dear ones
 *	count as several
 * @until: engine_ticks() at which to return, too; looked at every few thousand instructions
 *
 * Inside an FPU section (its beginning and end are the caller's); neither
 * sleeps nor allocates.  Translations are not kept across calls, so that memory
 * may be unmapped between them (but see engine_cta_next()).
 *
 * Return: why it came back.
 */
enum engine_status engine_run_until(struct engine_cta *cta, u32 budget, u64 until);

static inline enum engine_status engine_run(struct engine_cta *cta, u32 budget)
{
	return engine_run_until(cta, budget, ~0ULL);
}

/** engine_cta_page() - after ENGINE_NEED_PAGE: the address, and whether to write */
u64 engine_cta_page(const struct engine_cta *cta, bool *write);

/* ---- the engine itself ----------------------------------------------------------------- */

/**
 * engine_init() - choose the handler set
 * @isa: "auto" (also NULL and ""), "avx512fp16", "avx512vnni", "avx512", "avx2" or "portable"
 *
 * Return: 0, -EINVAL for another name, -ENODEV for a set that this CPU cannot run.
 */
int engine_init(const char *isa);
void engine_exit(void);
const char *engine_isa(void);

struct engine_stats {
	u64 warp_insns;		/* warp instructions executed, as budgets count them */
	u64 blocks;
};
/** engine_stats_read() - what a launch has cost so far, as engine_cta_end() counted it */
void engine_stats_read(const struct engine_launch *launch, struct engine_stats *out);

#endif /* VGPU_ENGINE_H */
