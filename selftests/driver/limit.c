// SPDX-License-Identifier: MIT
/* What counts towards a time limit (driver/sched/limit.h), without the module: pauses, slow machines, endless kernels. */
#include "../../driver/sched/limit.h"
#include "../faces/tap.h"

#define US	1000ull
#define MS	(1000 * US)
#define HOUR	(3600000 * MS)

/* Slices of @ns each until one worker is over @limit. */
static u64 slices(u64 ns, u64 limit)
{
	u64 n = 0;

	for (u64 sum = 0; sum < limit && n < 1000000; n++)
		sum += vgpu_limit_charge(ns, limit);
	return n;
}

/* How often a pause of all workers leaves less than three quarters of a limit. */
static unsigned int expensive_pauses(void)
{
	static const u64 limits[] = { 1, US, MS, 600 * MS, HOUR };
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++)
		for (u64 workers = 1; workers <= 256; workers *= 2)
			n += workers * vgpu_limit_charge(HOUR, limits[i]) * 4 > workers * limits[i];
	return n;
}

int main(void)
{
	tap_equal(expensive_pauses(), 0, "an hour's pause of all workers is a quarter of any limit");
	tap_equal(slices(300 * US, 600 * MS), 2000, "slices as they should be count whole");
	tap_equal(slices(140 * MS, 600 * MS), 5, "so do those of an emulated machine");
	tap_equal(slices(HOUR, 600 * MS), 4, "what is endless ends, however slow the machine is");
	tap_equal(vgpu_limit_charge(HOUR, 0), 0, "without a limit nothing counts");
	return tap_end();
}
