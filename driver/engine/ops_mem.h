/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: loads and stores.
 */

#define ACCESS(NAME, HOW)							\
HANDLER(f_##NAME)								\
{										\
	w->strong |= ip->sel;							\
	NEXT_ANY(HOW(w, ip, ENG_ALL));						\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip);							\
										\
	w->strong |= ip->sel;							\
	if (!m)									\
		NEXT();								\
	NEXT_ANY(HOW(w, ip, m));						\
}
ACCESS(LDG, eng_load)
ACCESS(LDS, eng_load)
ACCESS(LDL, eng_load)
ACCESS(LDP, eng_load)
ACCESS(LDX, eng_load)
ACCESS(STG, eng_store)
ACCESS(STS, eng_store)
ACCESS(STL, eng_store)
ACCESS(STX, eng_store)
ACCESS(CPASYNC, eng_cpasync)

static __always_inline u32 in_space(const u64 *a, u32 space)
{
	static const u8 window[VGPU_SPACE_COUNT] = {
		[VGPU_SPACE_SHARED] = VGPU_WINDOW_SHARED >> VGPU_WINDOW_SHIFT,
		[VGPU_SPACE_LOCAL] = VGPU_WINDOW_LOCAL >> VGPU_WINDOW_SHIFT,
		[VGPU_SPACE_PARAM] = VGPU_WINDOW_PARAM >> VGPU_WINDOW_SHIFT,
	};
	u32 l, bits = 0, other = 0;

	for (l = 0; l < ENG_LANES; l++) {
		u32 top = (u32)(a[l] >> VGPU_WINDOW_SHIFT);

		bits |= (u32)(top == window[space]) << l;
		other |= (u32)(top >= 1 && top <= 3) << l;
	}
	return space == VGPU_SPACE_GLOBAL ? ~other : bits;
}
OP_PRED(ISSPACE, in_space(AT(u64, a), ip->mod))
