// SPDX-License-Identifier: MIT
/* Register allocation: spill what cannot fit, then place; again where groups do not fit. */
#include "alloc.h"

#define ATTEMPTS	12

bool mir_allocate(struct mfunc *f)
{
	u32 limit[MC_COUNT] = {
		[MC_S] = VGPU_MAX_SREGS - 3, [MC_V] = VGPU_MAX_VREGS - 24,
		[MC_P] = VGPU_MAX_PREGS - 1,
	};
	enum mclass failed;
	u32 n, round;

	for (n = 0; n < ATTEMPTS; n++) {
		mir_liveness(f);
		for (round = 0; round < 4 && spill_excess(f, limit); round++)
			mir_liveness(f);
		if (color_function(f, &failed))
			return true;
		limit[failed] -= failed == MC_V ? 32 : failed == MC_S ? 4 : 1;
	}
	return false;
}
