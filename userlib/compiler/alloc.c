// SPDX-License-Identifier: MIT
/* Register allocation: spill what cannot fit, then place; again where groups do not fit. */
#include "alloc.h"

#define ATTEMPTS 12
#define SLACK    12 /* registers left for groups and copies */

/* V and W registers share one file: who needs more gets more. */
static void share(const u32 *peak, u32 total, u32 *limit)
{
	u32 v = peak[MC_V], w = peak[MC_W];

	if (v + 2 * w <= total) {
		limit[MC_V] = total - 2 * w;
		limit[MC_W] = (total - v) / 2;
		return;
	}
	limit[MC_V] = (u64)total * v / (v + 2 * w);
	if (limit[MC_V] < 64)
		limit[MC_V] = 64;
	if (limit[MC_V] > total - 64)
		limit[MC_V] = total - 64;
	limit[MC_W] = (total - limit[MC_V]) / 2;
}

static bool fits(const struct mfunc *f)
{
	return f->nphys[MC_V] + 2 * f->nphys[MC_W] + 4 <= VGPU_MAX_VREGS;
}

bool mir_allocate(struct mfunc *f)
{
	u32 limit[MC_COUNT] = {
		[MC_S] = VGPU_MAX_SREGS - 3,
		[MC_P] = VGPU_MAX_PREGS - 1,
	};
	u32 n, round, total = VGPU_MAX_VREGS - SLACK, peak[MC_COUNT];
	enum mclass failed;

	for (n = 0; n < ATTEMPTS; n++) {
		mir_liveness(f);
		spill_pressure(f, peak);
		share(peak, total, limit);
		for (round = 0; round < 4 && spill_excess(f, limit); round++)
			mir_liveness(f);
		if (color_function(f, &failed) && fits(f))
			return true;
		if (failed == MC_S)
			limit[MC_S] -= 4;
		else if (failed == MC_P)
			limit[MC_P]--;
		else
			total -= 32;
	}
	return false;
}
