// SPDX-License-Identifier: GPL-2.0
/*
 * Lane patterns, prepared: what handlers want to know of them, and how few pieces of
 * memory hold what half a warp loads.
 */
#include "exec.h"

#define HALF	(ENG_LANES / 2)

/*
 * The first windows, each from the lowest element that no window before it holds wholly.
 * @in receives each lane's.  Return: how many; 0: more than there can be.
 */
static u32 place_windows(const u32 *offset, u32 bytes, u32 *start, u32 *in)
{
	u32 n, i, left = (1U << HALF) - 1;

	for (n = 0; left; n++) {
		if (n == ENG_WINDOWS)
			return 0;
		start[n] = ENG_ALL;
		for (i = 0; i < HALF; i++)
			if (left & 1U << i)
				start[n] = min(start[n], offset[i]);
		for (i = 0; i < HALF; i++)
			if (left & 1U << i && offset[i] + bytes - start[n] <= ENG_WINDOW_BYTES) {
				in[i] = n;
				left &= ~(1U << i);
			}
	}
	return n;
}

/* Lanes by the word of 32 bits in which they begin, out of pairs of windows */
static void by_dwords(struct eng_record *r, u32 half, const u32 *offset, const u32 *start,
		      const u32 *in)
{
	u32 i;

	for (i = 0; i < HALF; i++) {
		r->dword[half][i] = (offset[i] - start[in[i]]) / 4 + (in[i] & 1) * HALF;
		if (in[i] >= 2)
			r->take[half] |= 1U << i;
	}
}

/* Both words of 16 bits of a lane, out of the first two windows or the third */
static void by_words(struct eng_record *r, u32 half, const u32 *offset, const u32 *start,
		     const u32 *in)
{
	u32 i, w;

	for (i = 0; i < HALF; i++) {
		/* the second word of an element of one is not used */
		w = (offset[i] - start[in[i]]) / 2;
		r->word[half][2 * i] = w + (in[i] & 1) * ENG_LANES;
		r->word[half][2 * i + 1] = (w + 1) % ENG_LANES + (in[i] & 1) * ENG_LANES;
		if (in[i] >= 2)
			r->take[half] |= 3U << 2 * i;
	}
}

static void prepare_record(struct eng_record *r, const u32 *offset, u32 bytes)
{
	u32 start[2][ENG_WINDOWS], in[2][HALF], i, half, n = 0, odd = 0;

	for (half = 0; half < 2; half++) {
		u32 k = place_windows(offset + half * HALF, bytes, start[half], in[half]);

		if (!k)
			return;
		n = max(n, k);
		for (; k < ENG_WINDOWS; k++)
			start[half][k] = start[half][0];
		for (i = 0; i < HALF; i++)
			odd |= offset[half * HALF + i] - start[half][in[half][i]];
		for (i = 0; i < ENG_WINDOWS; i++) {
			if (start[half][i] > 0xffff)
				return;
			r->starts[half] |= (u64)start[half][i] << 16 * i;
			r->bytes = max(r->bytes, start[half][i] + ENG_WINDOW_BYTES);
		}
	}
	if (odd & 1 || (odd & 2 && n > 3))
		return;
	r->kind = odd & 2 ? (n <= 2 ? ENG_REC_W2 : ENG_REC_W3) : n <= 2 ? ENG_REC_D2 : ENG_REC_D4;
	for (half = 0; half < 2; half++)
		if (r->kind == ENG_REC_D2 || r->kind == ENG_REC_D4)
			by_dwords(r, half, offset + half * HALF, start[half], in[half]);
		else
			by_words(r, half, offset + half * HALF, start[half], in[half]);
}

void eng_pattern_prepare(struct eng_pattern *out, const struct vgpu_code_pattern *in)
{
	u32 i;

	memcpy(out->offset, in->offset, sizeof(out->offset));
	out->stride = in->offset[1];
	out->kind = ENG_PAT_STRIDE;
	for (i = 0; i < ENG_LANES; i++) {
		out->max = max(out->max, in->offset[i]);
		out->bits |= in->offset[i];
		if (in->offset[i] != i * out->stride)
			out->kind = ENG_PAT_ANY;
	}
	prepare_record(&out->record[0], out->offset, 4);
	prepare_record(&out->record[1], out->offset, 2);
}
