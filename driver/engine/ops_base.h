/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: a scalar base that lanes are shown to share.
 */

/* What it takes to part, to be entered again and to meet the others behind it; 10 ns each */
#define PART_FUEL	8

/*
 * Lanes @part come again. That is a way back, and ends a turn as others do: in straight code
 * nothing else would, where lanes part and meet over and over.
 */
static noinline const struct eng_op *x_SBASE(const struct eng_op *ip, struct eng_warp *w,
					     const struct eng_table *table, u32 part)
{
	(void)table;
	eng_split(w, ip, ip + 1, part);
	w->fuel -= PART_FUEL;
	if (unlikely(w->fuel < 0))
		LEAVE(ENG_EXIT_FUEL, ip + 1);
	NEXT_ANY(ip + 1);
}

/* The usual case, where all lanes go on, calls nobody: see ops_ctrl.h. */
#define SBASE(NAME, T, BASED)							\
HANDLER(f_##NAME)								\
{										\
	const u32 *offset = pattern_of(w, ip)->offset;				\
	const T *a = AT(T, a);							\
	u32 first = __ffs(w->mask), part;					\
	T base = a[first] - offset[first];					\
										\
	*AT(u64, d) = base;							\
	part = w->mask & ~BASED(a, offset, base);				\
	if (likely(!part))							\
		NEXT();								\
	return x_SBASE(ip, w, table, part);					\
}
SBASE(SBASE, u32, row_based32)
SBASE(SBASEW, u64, row_based64)
