// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of many bytes between shared and any other memory, a lane at a time and a
 * chunk at a time: D says how far each lane has come, so that the instruction can stop
 * between two chunks and go on later.
 */
#include "exec.h"

#define ROW(T, F)	((T *)((u32 *)w + ip->F))

bool eng_bulk_aligned(struct eng_warp *w, const struct eng_op *ip, u32 lanes, u32 by)
{
	bool fill = ip->h / 2 == VGPU_OP_BULK && ip->mod == VGPU_BULK_FILL;
	u32 m;

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);

		if ((ROW(u32, b)[l] | ROW(u32, c)[l] | ROW(u32, d)[l]) & (by - 1)) {
			eng_misaligned(w, ip, VGPU_SPACE_SHARED, ROW(u32, b)[l], l);
			return false;
		}
		if (!fill && ROW(u64, a)[l] & (by - 1)) {
			eng_misaligned(w, ip, VGPU_SPACE_GENERIC, ROW(u64, a)[l], l);
			return false;
		}
	}
	return true;
}

int eng_bulk_step(struct eng_warp *w, const struct eng_op *ip, u32 lane, u32 max,
		  bool write_other, u8 **shared, u8 **other)
{
	u32 done = ROW(u32, d)[lane], size = ROW(u32, c)[lane];
	u64 left;

	if (done >= size)
		return 0;
	max = min(max, size - done);
	left = eng_piece(w, ip, VGPU_SPACE_SHARED, (u64)ROW(u32, b)[lane] + done, lane, true,
			 shared);
	if (!left)
		return -1;
	max = min_t(u64, max, left);
	if (!other)
		return max;
	left = eng_piece(w, ip, VGPU_SPACE_GENERIC, ROW(u64, a)[lane] + done, lane, write_other,
			 other);
	return left ? (int)min_t(u64, max, left) : -1;
}

const struct eng_op *eng_bulk_next(struct eng_warp *w, const struct eng_op *ip, u32 lanes,
				   u32 bytes)
{
	bool more = false;
	u32 m;

	for (m = lanes; m; m &= m - 1)
		more |= ROW(u32, d)[__ffs(m)] < ROW(u32, c)[__ffs(m)];
	return eng_again(w, ip, more, bytes);
}

const struct eng_op *eng_again(struct eng_warp *w, const struct eng_op *ip, bool more, u32 bytes)
{
	w->fuel -= bytes / 64;
	if (!more)
		return ip + 1;
	if (w->fuel >= 0)
		return ip;
	w->exit = ENG_EXIT_FUEL;
	w->ip = ip;
	return NULL;
}

static void fill(u8 *p, u64 pattern, u32 n)
{
	u32 i;

	for (i = 0; i + 8 <= n; i += 8)	/* what shared memory cuts off is the next step's fault */
		memcpy(p + i, &pattern, 8);
}

const struct eng_op *eng_bulk(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	bool is_fill = ip->mod == VGPU_BULK_FILL;
	u32 m, bytes = 0;

	if (!eng_bulk_aligned(w, ip, lanes, is_fill ? 8 : 16))
		return NULL;
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);
		u8 *shared, *other;
		int n = eng_bulk_step(w, ip, l, ENG_BULK_CHUNK, ip->mod == VGPU_BULK_STORE, &shared,
				      is_fill ? NULL : &other);

		if (n < 0)
			return NULL;
		if (!n)		/* nothing asked for, nothing translated */
			continue;
		if (is_fill)
			fill(shared, ROW(u64, a)[l], n);
		else if (ip->mod == VGPU_BULK_STORE)
			memmove(other, shared, n);
		else
			memmove(shared, other, n);
		ROW(u32, d)[l] += n;
		bytes += n;
	}
	return eng_bulk_next(w, ip, lanes, bytes);
}
