// SPDX-License-Identifier: GPL-2.0
/*
 * Lane patterns, prepared: what handlers want to know of them, and how few pieces of
 * memory hold what half a warp loads.
 */
#include "exec.h"

#define HALF	(ENG_LANES / 2)

/**
 * struct elements - what the lower half of a warp loads; the upper half loads the same further on
 * @offset: by lane
 * @bytes: of each
 */
struct elements {
	u32 offset[HALF];
	u32 bytes;
};

/**
 * struct windows - where elements are looked for
 * @first: the first window
 * @step: from each to the next
 * @count: how many
 */
struct windows {
	u32 first, step, count;
};

/* The first window that holds element @i wholly, as @at in it, or ENG_ALL */
static u32 window_of(const struct windows *v, const struct elements *e, u32 i, u32 *at)
{
	u32 k;

	for (k = 0; k < v->count; k++) {
		*at = e->offset[i] - v->first - k * v->step;
		if (*at <= ENG_WINDOW_BYTES - e->bytes)
			return k;
	}
	return ENG_ALL;
}

/* Whether all of @n sets are in windows, as aligned there as @unit, none of which is beyond all */
static bool windows_hold(const struct windows *v, const struct elements *e, u32 n, u32 unit)
{
	u32 last = v->first + (v->count - 1) * v->step, highest = 0, at, i, j;

	for (j = 0; j < n; j++)
		for (i = 0; i < HALF; i++) {
			if (window_of(v, &e[j], i, &at) == ENG_ALL || at % unit)
				return false;
			highest = max(highest, e[j].offset[i]);
		}
	return last <= highest;
}

/* Where the lowest element begins that ends beyond @end */
static u32 lowest(const struct elements *e, u32 n, u32 end)
{
	u32 low = ENG_ALL, i, j;

	for (j = 0; j < n; j++)
		for (i = 0; i < HALF; i++)
			if (e[j].offset[i] + e[j].bytes > end)
				low = min(low, e[j].offset[i]);
	return low;
}

/* Windows repeat as blocks do from half to half, or as the first gap asks for, or without a gap. */
static bool place_windows(struct windows *v, const struct elements *e, u32 n, s32 half, u32 unit)
{
	u32 first = lowest(e, n, 0), i;
	u32 step[] = {
		(u32)(half < 0 ? -half : half) / v->count,
		lowest(e, n, first + ENG_WINDOW_BYTES) - first, ENG_WINDOW_BYTES,
	};

	v->first = first;
	for (i = 0; i < ARRAY_SIZE(step); i++) {
		v->step = step[i];
		if (v->step <= 0xffff && windows_hold(v, e, n, unit))
			return true;
	}
	return false;
}

static const struct way {
	u8 kind, count, unit;
} ways[] = {
	{ ENG_REC_D2, 2, 4 }, { ENG_REC_W2, 2, 2 }, { ENG_REC_D4, 4, 4 }, { ENG_REC_W3, 3, 2 },
};

static bool dwords_at_once(u32 kind)
{
	return kind == ENG_REC_D2 || kind == ENG_REC_D4;
}

/* What element @i of @n bytes is in window @k, bytes of their own */
static void pick_bytes(union eng_picks *to, u64 *take, u32 i, u32 n, u32 at, u32 k)
{
	u32 j;

	for (j = 0; j < n; j++) {
		to->byte[4 * i + j] = at + j;
		take[k] |= 1ULL << (4 * i + j);
	}
}

/* Who takes what, and from which windows */
static void pick(union eng_picks *to, u64 *take, const struct windows *v,
		 const struct elements *e, u32 kind, bool bytes)
{
	u32 at = 0, i, k;

	for (i = 0; i < HALF; i++) {
		k = window_of(v, e, i, &at);
		if (dwords_at_once(kind)) {
			to->dword[i] = at / 4 + (k & 1) * HALF;
			take[0] |= (u64)(k >= 2) << i;
			continue;
		}
		if (bytes) {
			pick_bytes(to, take, i, e->bytes, at, k);
			continue;
		}
		/* the second word of an element of one is not used */
		to->word[2 * i] = at / 2 + (k & 1) * ENG_LANES;
		to->word[2 * i + 1] = (at / 2 + 1) % ENG_LANES + (k & 1) * ENG_LANES;
		take[0] |= (k >= 2 ? 3ULL : 0) << 2 * i;
	}
}

/* How far the upper lanes' offsets are from the lower ones', if that is the same for all */
static bool repeats(const u32 *offset, s32 *half)
{
	u32 i;

	*half = (s32)(offset[HALF] - offset[0]);
	for (i = 1; i < HALF; i++)
		if (offset[HALF + i] - offset[i] != (u32)*half)
			return false;
	return true;
}

/* The windows that hold @n sets of elements, and how: ENG_REC_NONE if no few of them do */
static u32 find_windows(struct windows *v, struct eng_windows *out, u32 *last,
			const struct elements *e, u32 n, s32 half, bool rich)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (rich && ways[i].kind != ENG_REC_D4 && ways[i].kind != ENG_REC_W3)
			continue;
		v->count = ways[i].count;
		if (!place_windows(v, e, n, half, ways[i].unit) || v->first > 0xffff)
			continue;
		*out = (struct eng_windows) { v->first, v->step, half };
		*last = v->first + (v->count - 1) * v->step + ENG_WINDOW_BYTES - 1 + max(half, 0);
		return ways[i].kind;
	}
	return ENG_REC_NONE;
}

static void prepare_record(struct eng_record *r, const u32 *offset, u32 bytes, bool by_bytes)
{
	struct elements e = { .bytes = bytes };
	struct windows v;
	s32 half;

	if (!repeats(offset, &half))
		return;
	memcpy(e.offset, offset, sizeof(e.offset));
	r->kind = find_windows(&v, &r->windows, &r->last, &e, 1, half, false);
	if (r->kind)
		pick(&r->picks, r->take, &v, &e, r->kind, by_bytes);
}

/* Whether both repeat alike */
static bool twin_elements(struct elements *e, const struct eng_op *op,
			  const struct eng_pattern *pat, s32 imm, s32 *half)
{
	u32 i;

	if (!repeats(pat->offset, half) || (u32)((s32)op->imm - imm) > 0xffff)
		return false;
	for (i = 0; i < HALF; i++)
		e->offset[i] = pat->offset[i] + ((s32)op->imm - imm);
	e->bytes = 1U << VGPU_MD_GET_WIDTH(op->md);
	return true;
}

bool eng_twin_prepare(struct eng_twin *t, const struct eng_op *op, const struct engine_prog *prog)
{
	const struct eng_pattern *pat[2] = {
		&prog->patterns[op[0].y / sizeof(**pat)], &prog->patterns[op[1].y / sizeof(**pat)],
	};
	struct elements e[2];
	struct windows v;
	s32 half, other;
	u32 i;

	t->imm = min((s32)op[0].imm, (s32)op[1].imm);
	t->align = op[0].c | op[1].c;
	if (!twin_elements(&e[0], &op[0], pat[0], t->imm, &half) ||
	    !twin_elements(&e[1], &op[1], pat[1], t->imm, &other) || half != other ||
	    (op[0].imm - op[1].imm) & t->align)
		return false;
	t->kind = find_windows(&v, &t->windows, &t->last, e, 2, half, true);
	for (i = 0; i < 2 && t->kind; i++)
		pick(&t->picks[i], t->take[i], &v, &e[i], t->kind, prog->isa->bytes);
	return t->kind;
}

void eng_pattern_prepare(struct eng_pattern *out, const struct vgpu_code_pattern *in, bool bytes)
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
	prepare_record(&out->record[0], out->offset, 4, bytes);
	prepare_record(&out->record[1], out->offset, 2, bytes);
}
