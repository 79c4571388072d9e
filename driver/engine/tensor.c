// SPDX-License-Identifier: GPL-2.0
/*
 * Boxes of tensors between memory and shared memory.  The description comes from the
 * program: every field is checked before it is used, and every run of bytes is translated.
 */
#include "exec.h"

#define ROW(T, F)	((T *)((u32 *)w + ip->F))

static const u8 type_log2[VGPU_TENSOR_TYPES] = {
	[VGPU_TENSOR_U16] = 1, [VGPU_TENSOR_U32] = 2, [VGPU_TENSOR_S32] = 2, [VGPU_TENSOR_U64] = 3,
	[VGPU_TENSOR_S64] = 3, [VGPU_TENSOR_F16] = 1, [VGPU_TENSOR_F32] = 2,
	[VGPU_TENSOR_F32_FTZ] = 2, [VGPU_TENSOR_F64] = 3, [VGPU_TENSOR_BF16] = 1,
	[VGPU_TENSOR_TF32] = 2, [VGPU_TENSOR_TF32_FTZ] = 2,
};

/* Sizes along each dimension; false: out of bounds */
static bool measure(struct eng_tensor *t, u32 shared_size)
{
	const struct vgpu_tensor_map *m = &t->map;
	u32 k, step, total;

	for (k = 0; k <= m->rank; k++) {
		step = k ? m->step[k] : 1;
		if (!m->box[k] || m->box[k] > 256 || !step || step > 8)
			return false;
		t->count[k] = DIV_ROUND_UP(m->box[k], step);
		if (k && m->stride[k - 1] & 15)
			return false;
	}
	t->row = t->count[0] << t->log2;
	/* rows that are swizzled begin where spans do, however short they are */
	t->pitch = max(t->row, m->swizzle ? 16U << m->swizzle : 0);
	total = t->row;
	for (k = 1; k <= m->rank; k++) {
		total *= t->count[k];
		if (total > shared_size)
			return false;
	}
	t->total = total;
	return total <= shared_size && !(t->row & 15);
}

static bool check(struct eng_tensor *t, u32 rank, u32 shared_size)
{
	const struct vgpu_tensor_map *m = &t->map;

	if (m->magic != VGPU_TENSOR_MAGIC || m->rank + 1U != rank ||
	    m->type >= VGPU_TENSOR_TYPES || m->interleave ||
	    m->swizzle >= VGPU_TENSOR_SWIZZLE_COUNT || m->fill > 1 || m->address & 15)
		return false;
	t->log2 = type_log2[m->type];
	return measure(t, shared_size);
}

bool eng_tensor_open(struct eng_warp *w, const struct eng_op *ip, u32 lane, struct eng_tensor *t)
{
	u64 va = ROW(u64, a)[lane], left;
	u32 k, rank = ip->imm;
	u8 *p;

	if (va & 63) {
		eng_misaligned(w, ip, VGPU_SPACE_GENERIC, va, lane);
		return false;
	}
	left = eng_piece(w, ip, VGPU_SPACE_GENERIC, va, lane, false, &p);
	if (!left)
		return false;
	if (left >= sizeof(t->map))
		memcpy(&t->map, p, sizeof(t->map));
	if (left < sizeof(t->map) || !check(t, rank, w->shared_size)) {
		eng_fault(w, ip, VGPU_STOP_ILLEGAL_INSTRUCTION, lane);
		return false;
	}
	if (ROW(u32, b)[lane] & 15) {
		eng_misaligned(w, ip, VGPU_SPACE_SHARED, ROW(u32, b)[lane], lane);
		return false;
	}
	for (k = 0; k < rank; k++)
		t->at[k] = ROW(s32, c)[k * ENG_LANES + lane];
	return true;
}

/* The row that byte @done lies in: false where it is outside of the tensor */
static bool place_row(const struct eng_tensor *t, u32 done, u64 *va)
{
	const struct vgpu_tensor_map *m = &t->map;
	u32 k, n = done / t->row;
	bool inside = true;

	*va = m->address;
	for (k = 1; k <= m->rank; k++) {
		s64 at = t->at[k] + (s64)(n % t->count[k]) * m->step[k];
		u64 dim = m->dim[k] ? m->dim[k] : 1ULL << 32;

		inside = inside && at >= 0 && (u64)at < dim;
		*va += (u64)at * m->stride[k - 1];
		n /= t->count[k];
	}
	return inside;
}

/* Shared addresses are swizzled by their own bits: the 16-byte unit within a span. */
static u32 swizzle(u32 off, u32 mode)
{
	return off ^ (off >> 3 & ((1U << mode) - 1) << 4);
}

bool eng_tensor_run(struct eng_warp *w, const struct eng_op *ip, u32 lane,
		    const struct eng_tensor *t, u32 done, bool write, struct eng_run *run)
{
	u32 unit = done & 15, at = done / t->row * t->pitch + done % t->row - unit;
	s64 x = (s64)t->at[0] * (1 << t->log2) + done % t->row;	/* in bytes */
	u64 dim = (t->map.dim[0] ? t->map.dim[0] : 1ULL << 32) << t->log2, va, left;
	bool inside = place_row(t, done, &va);

	/* a unit of 16 bytes at most, and no further than the tensor's edge */
	run->n = 16 - unit;
	run->other = NULL;
	if (!inside || x >= (s64)dim) {
		inside = false;
	} else if (x < 0) {
		run->n = min_t(u64, run->n, -x);
		inside = false;
	} else {
		run->n = min_t(u64, run->n, dim - x);
	}
	left = eng_piece(w, ip, VGPU_SPACE_SHARED,
			 swizzle(ROW(u32, b)[lane] + at, t->map.swizzle) + unit, lane, true,
			 &run->shared);
	if (!left)
		return false;
	run->n = min_t(u64, run->n, left);
	if (!inside)
		return true;
	left = eng_piece(w, ip, VGPU_SPACE_GLOBAL, va + x, lane, write,
			 &run->other);
	run->n = min_t(u64, run->n, left);
	return left;
}

/* Where the tensor is not: zeros, or the NaN that fma.oob knows, as hardware has it */
static void fill(const struct eng_tensor *t, u8 *p, u32 n)
{
	u64 nan = 0;

	if (t->map.fill)
		switch (t->map.type) {
		case VGPU_TENSOR_F16:
		case VGPU_TENSOR_BF16:
		case VGPU_TENSOR_F32:
		case VGPU_TENSOR_F32_FTZ:
		case VGPU_TENSOR_TF32:
		case VGPU_TENSOR_TF32_FTZ:
		case VGPU_TENSOR_F64:
			nan = 0x7ff77ff77ff77ff7ULL;
			break;
		}
	for (; n >= 8; n -= 8, p += 8)
		memcpy(p, &nan, 8);
	memcpy(p, &nan, n);
}

/* What a load makes of TF32: the nearest one, even of two; denormals stay, NaN becomes canonical. */
static void round_tf32(u8 *p, u32 n)
{
	u32 a, m;

	for (; n >= 4; n -= 4, p += 4) {
		memcpy(&a, p, 4);
		m = a & 0x7fffffff;
		if (m > 0x7f800000)
			a = 0x7fffe000;
		else
			a = (a & 0x80000000) | ((m + 0xfff + (m >> 13 & 1)) & ~0x1fffU);
		memcpy(p, &a, 4);
	}
}

static void load_run(const struct eng_tensor *t, const struct eng_run *run)
{
	if (!run->other) {
		fill(t, run->shared, run->n);
		return;
	}
	memmove(run->shared, run->other, run->n);
	if (t->map.type == VGPU_TENSOR_TF32 || t->map.type == VGPU_TENSOR_TF32_FTZ)
		round_tf32(run->shared, run->n);
}

const struct eng_op *eng_tensor(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	bool store = ip->mod == VGPU_BULK_STORE, more = false;
	u32 m, bytes = 0, moved;
	struct eng_tensor t;
	struct eng_run run;

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), *done = &ROW(u32, d)[l];

		if (!eng_tensor_open(w, ip, l, &t))
			return NULL;
		for (moved = 0; moved < ENG_TENSOR_CHUNK && *done < t.total; moved += run.n) {
			if (!eng_tensor_run(w, ip, l, &t, *done, store, &run))
				return NULL;
			if (!store)
				load_run(&t, &run);
			else if (run.other)
				memmove(run.other, run.shared, run.n);
			*done += run.n;
		}
		more |= *done < t.total;
		bytes += 8 * moved;
	}
	return eng_again(w, ip, more, bytes);
}
