// SPDX-License-Identifier: MIT
/*
 * cuOccupancy*: how many blocks one multiprocessor of this model holds.  Its
 * registers bound nothing here (the engine keeps them in memory), threads,
 * blocks and shared memory do, and a stack that the program has raised.
 */
#include "launch.h"

static int resident_blocks(CUfunction f, int threads, size_t dynamic)
{
	const struct vgpu_device_info *dev = &f->mod->ctx->dev->dev.info;
	size_t shared = f->kernel.static_shared + dynamic;
	unsigned int n, limit, rounded = (threads + dev->warp_size - 1) / dev->warp_size * dev->warp_size;

	/* A .maxntid of the kernel bounds no more than its launches. */
	if (threads > (int)dev->max_threads_block || shared > dev->shared_block_optin)
		return 0;
	n = dev->max_threads_sm / rounded;
	limit = dev->shared_sm / (shared + dev->shared_reserved ? shared + dev->shared_reserved : 1);
	if (n > limit)
		n = limit;
	return n < dev->max_blocks_sm ? n : dev->max_blocks_sm;
}

/*
 * As many as a cooperative launch may have of each multiprocessor.  Only a stack above a new context's takes
 * memory that counts, and only then is the kernel compiled for the question.  One block always remains: what is
 * not cooperative runs all the same, and grids are made of the answer.
 */
static int resident_with_stack(CUfunction f, int threads, size_t dynamic)
{
	const struct vgpu_device_info *dev = &f->mod->ctx->dev->dev.info;
	int n = resident_blocks(f, threads, dynamic);
	uint32_t all;

	if (!n || f->mod->ctx->limits[CU_LIMIT_STACK_SIZE] <= CU_STACK || cu_launch_resident(f, threads, dynamic, &all))
		return n;
	if ((uint32_t)n > all / dev->sm_count)
		n = all / dev->sm_count;
	return n ? n : 1;
}

static CUresult max_blocks(int *blocks, CUfunction f, int threads, size_t dynamic, unsigned int flags)
{
	CUresult r = cu_function_get(f, &f);

	if (!r && (!blocks || threads <= 0 || flags > 1))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*blocks = resident_with_stack(f, threads, dynamic);
	return r;
}

CUDA_API(cuOccupancyMaxActiveBlocksPerMultiprocessor, CU_ARGS(int *blocks, CUfunction f, int threads, size_t dynamic),
	 CU_ARGS(blocks, f, threads, dynamic))
{
	return max_blocks(blocks, f, threads, dynamic, 0);
}

CUDA_API(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags,
	 CU_ARGS(int *blocks, CUfunction f, int threads, size_t dynamic, unsigned int flags),
	 CU_ARGS(blocks, f, threads, dynamic, flags))
{
	return max_blocks(blocks, f, threads, dynamic, flags);
}

/* The block size with the most resident threads, larger ones first. */
static CUresult best_block(int *grid, int *block, CUfunction f, CUoccupancyB2DSize size_of, size_t dynamic, int limit,
			   unsigned int flags)
{
	const struct vgpu_device_info *dev;
	int best = 0, best_blocks = 0, max;
	CUresult r = cu_function_get(f, &f);

	if (!r && (!grid || !block || flags > 1 || limit < 0))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	dev = &f->mod->ctx->dev->dev.info;
	max = cu_kernel_max_threads(&f->kernel, dev);
	if (limit && limit < max)
		max = limit;
	for (int threads = (max + 31) / 32 * 32; threads > 0; threads -= 32) {
		int n = threads < max ? threads : max;
		int blocks = resident_blocks(f, n, size_of ? size_of(n) : dynamic);

		if (blocks * n > best_blocks * best) {
			best = n;
			best_blocks = blocks;
		}
	}
	*block = best;
	if (best)
		best_blocks = resident_with_stack(f, best, size_of ? size_of(best) : dynamic);
	*grid = best_blocks * dev->sm_count;
	return CUDA_SUCCESS;
}

CUDA_API(cuOccupancyMaxPotentialBlockSize,
	 CU_ARGS(int *grid, int *block, CUfunction f, CUoccupancyB2DSize size_of, size_t dynamic, int limit),
	 CU_ARGS(grid, block, f, size_of, dynamic, limit))
{
	return best_block(grid, block, f, size_of, dynamic, limit, 0);
}

CUDA_API(cuOccupancyMaxPotentialBlockSizeWithFlags,
	 CU_ARGS(int *grid, int *block, CUfunction f, CUoccupancyB2DSize size_of, size_t dynamic, int limit,
		 unsigned int flags),
	 CU_ARGS(grid, block, f, size_of, dynamic, limit, flags))
{
	return best_block(grid, block, f, size_of, dynamic, limit, flags);
}

CUDA_API(cuOccupancyAvailableDynamicSMemPerBlock, CU_ARGS(size_t *bytes, CUfunction f, int blocks, int threads),
	 CU_ARGS(bytes, f, blocks, threads))
{
	const struct vgpu_device_info *dev;
	size_t each, used;
	CUresult r = cu_function_get(f, &f);

	if (!r && (!bytes || blocks <= 0 || threads <= 0))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	dev = &f->mod->ctx->dev->dev.info;
	each = dev->shared_sm / blocks;
	used = f->kernel.static_shared + dev->shared_reserved;
	if (each < used || (unsigned int)blocks > dev->max_blocks_sm || (size_t)blocks * threads > dev->max_threads_sm)
		return CUDA_ERROR_INVALID_VALUE;
	*bytes = each - used;
	if (*bytes + f->kernel.static_shared > dev->shared_block_optin)
		*bytes = dev->shared_block_optin - f->kernel.static_shared;
	return CUDA_SUCCESS;
}

/* Clusters have one block: as many as there are resident blocks. */
CUDA_API(cuOccupancyMaxActiveClusters, CU_ARGS(int *clusters, CUfunction f, const CUlaunchConfig *config),
	 CU_ARGS(clusters, f, config))
{
	CUresult r = cu_function_get(f, &f);
	int threads;

	if (!r && (!clusters || !config))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_check_cluster(f->kernel.reqcluster);
	for (unsigned int i = 0; !r && i < config->numAttrs; i++) {
		const CUlaunchAttribute *a = &config->attrs[i];

		if (a->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
			r = cu_check_cluster(
				(unsigned int[]){ a->value.cluster.x, a->value.cluster.y, a->value.cluster.z });
	}
	if (r)
		return r;
	threads = config->blockDimX * config->blockDimY * config->blockDimZ;
	if (threads <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	*clusters = resident_blocks(f, threads, config->sharedMemBytes) * f->mod->ctx->dev->dev.info.sm_count;
	return CUDA_SUCCESS;
}

CUDA_API(cuOccupancyMaxPotentialClusterSize, CU_ARGS(int *size, CUfunction f, const CUlaunchConfig *config),
	 CU_ARGS(size, f, config))
{
	CUresult r = cu_function_get(f, &f);

	if (!r && (!size || !config))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*size = 1;
	return r;
}
