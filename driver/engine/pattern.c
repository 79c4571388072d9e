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

/* Who takes what, and from windows 2 and 3 rather than 0 and 1: returned by lane or word */
static u32 pick(union eng_picks *to, const struct windows *v, const struct elements *e, u32 kind)
{
	u32 take = 0, at = 0, i, k;

	for (i = 0; i < HALF; i++) {
		k = window_of(v, e, i, &at);
		if (dwords_at_once(kind)) {
			to->dword[i] = at / 4 + (k & 1) * HALF;
			take |= (u32)(k >= 2) << i;
			continue;
		}
		/* the second word of an element of one is not used */
		to->word[2 * i] = at / 2 + (k & 1) * ENG_LANES;
		to->word[2 * i + 1] = (at / 2 + 1) % ENG_LANES + (k & 1) * ENG_LANES;
		take |= (k >= 2 ? 3U : 0) << 2 * i;
	}
	return take;
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

static void prepare_record(struct eng_record *r, const u32 *offset, u32 bytes)
{
	struct elements e = { .bytes = bytes };
	struct windows v;
	s32 half;

	if (!repeats(offset, &half))
		return;
	memcpy(e.offset, offset, sizeof(e.offset));
	r->kind = find_windows(&v, &r->windows, &r->last, &e, 1, half, false);
	if (r->kind)
		r->take = pick(&r->picks, &v, &e, r->kind);
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

bool eng_twin_prepare(struct eng_twin *t, const struct eng_op *op, const struct eng_pattern *pats)
{
	const struct eng_pattern *pat[2] = {
		&pats[op[0].y / sizeof(*pats)], &pats[op[1].y / sizeof(*pats)],
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
		t->take[i] = pick(&t->picks[i], &v, &e[i], t->kind);
	return t->kind;
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
