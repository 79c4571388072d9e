/* SPDX-License-Identifier: MIT */
/* Copies and fills between any two places. */
#ifndef VGPU_COPY_H
#define VGPU_COPY_H

#include "stream.h"

/* What a caller says an address is. */
enum cu_side { CU_SIDE_HOST, CU_SIDE_DEVICE, CU_SIDE_ANY };

/**
 * struct cu_box - a copy of up to three dimensions
 * @dst: address
 * @src: address
 * @dst_side: what @dst is said to be
 * @src_side: what @src is said to be
 * @width: bytes of a row
 * @height: rows
 * @depth: slices
 * @dst_pitch: bytes from row to row
 * @src_pitch: bytes from row to row
 * @dst_slice: bytes from slice to slice
 * @src_slice: bytes from slice to slice
 */
struct cu_box {
	uint64_t dst, src;
	enum cu_side dst_side, src_side;
	size_t width, height, depth;
	size_t dst_pitch, src_pitch;
	size_t dst_slice, src_slice;
};

/* In stream order; with wait: as the synchronous calls promise. */
CUresult cu_copy(CUstream stream, const struct cu_box *box, bool wait);
CUresult cu_copy_line(CUstream stream, uint64_t dst, enum cu_side dst_side, uint64_t src, enum cu_side src_side,
		      size_t bytes, bool wait);
/*
 * The pitches of one side from the lengths of a row in bytes and of a slice in
 * rows, 0: as those of the box.  False when the box does not fit or they wrap.
 */
bool cu_box_pitches(const struct cu_box *b, size_t row, size_t rows, size_t *pitch, size_t *slice);
/* The described form of a copy, and back. */
CUresult cu_box_from_3d(const CUDA_MEMCPY3D *c, struct cu_box *box);
CUDA_MEMCPY3D cu_box_to_3d(const struct cu_box *box);
/* Whether a copy is one that can be made in that context. */
CUresult cu_copy_check(CUcontext ctx, const struct cu_box *box);
/*
 * The packets of a copy, at most room of them: *count is how many there are, 0
 * when one side is pageable and cu_copy_now() has to do it.
 */
CUresult cu_copy_packets(CUcontext ctx, const struct cu_box *box, struct vgpu_pkt_copy *packets, size_t room,
			 size_t *count);
/* At once, whatever the streams do. */
CUresult cu_copy_now(CUcontext ctx, const struct cu_box *box);
/* By the stream's host thread, in stream order; between begin and end of a submission. */
CUresult cu_copy_submit(CUstream s, const struct cu_box *box);
/* The packet of a fill; *host says whether pinned host memory is filled. */
CUresult cu_fill_packet(CUcontext ctx, uint64_t dst, size_t pitch, uint32_t value, unsigned int unit, size_t width,
			size_t height, struct vgpu_pkt_fill *packet, bool *host);
/* height rows of width units. */
CUresult cu_fill(CUstream stream, uint64_t dst, size_t pitch, uint32_t value, unsigned int unit, size_t width,
		 size_t height, bool wait);

#endif
