// SPDX-License-Identifier: GPL-2.0
/*
 * Special registers: thread and block indices, lane masks, clocks.
 */
#include "exec.h"

static u64 thread_index(const struct eng_warp *w, u32 dim, u32 lane)
{
	const u32 *block = w->cta->launch->block;
	u32 t = w->index * ENG_LANES + lane;

	if (!dim)
		return t % block[0];
	t /= block[0];
	return dim == 1 ? t % block[1] : t / block[1];
}

/*
 * %clock runs at the rate that the device states, whatever the CPU's: programs write delays
 * as milliseconds times clockRate.
 */
static u64 ticks(const struct engine_launch *l)
{
	return (unsigned __int128)engine_uptime_ns() * l->clock_mult >> 32;
}

u64 eng_sreg(const struct eng_warp *w, u32 which, u32 lane)
{
	const struct engine_launch *l = w->cta->launch;
	u32 bit = 1U << lane;

	switch (which) {
	case VGPU_SREG_TID_X:
	case VGPU_SREG_TID_Y:
	case VGPU_SREG_TID_Z:
		return thread_index(w, which - VGPU_SREG_TID_X, lane);
	case VGPU_SREG_NTID_X:
	case VGPU_SREG_NTID_Y:
	case VGPU_SREG_NTID_Z:
		return l->block[which - VGPU_SREG_NTID_X];
	case VGPU_SREG_CTAID_X:
	case VGPU_SREG_CTAID_Y:
	case VGPU_SREG_CTAID_Z:
		return w->cta->ctaid[which - VGPU_SREG_CTAID_X];
	case VGPU_SREG_NCTAID_X:
	case VGPU_SREG_NCTAID_Y:
	case VGPU_SREG_NCTAID_Z:
		return l->grid[which - VGPU_SREG_NCTAID_X];
	case VGPU_SREG_LANEID:		return lane;
	case VGPU_SREG_WARPID:		return w->index;
	case VGPU_SREG_NWARPID:		return l->nwarps;
	case VGPU_SREG_SMID:		return w->cta->smid;
	case VGPU_SREG_NSMID:		return l->sm_count;
	case VGPU_SREG_GRIDID:		return l->grid_id;
	case VGPU_SREG_LANEMASK_EQ:	return bit;
	case VGPU_SREG_LANEMASK_LE:	return bit | (bit - 1);
	case VGPU_SREG_LANEMASK_LT:	return bit - 1;
	case VGPU_SREG_LANEMASK_GE:	return (u32)~(bit - 1);
	case VGPU_SREG_LANEMASK_GT:	return (u32)~(bit | (bit - 1));
	case VGPU_SREG_CLOCK:		return (u32)ticks(l);
	case VGPU_SREG_CLOCK_HI:	return ticks(l) >> 32;
	case VGPU_SREG_CLOCK64:		return ticks(l);
	case VGPU_SREG_GLOBALTIMER:	return engine_time_ns();
	case VGPU_SREG_DYN_SMEM:	return l->dynamic_shared;
	case VGPU_SREG_TOTAL_SMEM:	return l->shared_size;
	case VGPU_SREG_LOCAL_SIZE:	return l->local_size;
	default:			return 0;
	}
}

/* Thread indices by counting up, not by dividing */
static void tid_row(const struct eng_warp *w, u32 dim, u32 *out)
{
	const u32 *block = w->cta->launch->block;
	u32 t[3], i;

	memcpy(t, w->cta->launch->tid[w->index], sizeof(t));
	for (i = 0; i < ENG_LANES; i++) {
		out[i] = t[dim];
		if (++t[0] < block[0])
			continue;
		t[0] = 0;
		if (++t[1] < block[1])
			continue;
		t[1] = 0;
		t[2]++;
	}
}

void eng_sreg_row(const struct eng_warp *w, u32 which, u32 *out)
{
	u32 i;

	if (which <= VGPU_SREG_TID_Z) {
		tid_row(w, which - VGPU_SREG_TID_X, out);
		return;
	}

	if (sreg_table[which].uniform) {
		u32 v = (u32)eng_sreg(w, which, 0);

		for (i = 0; i < ENG_LANES; i++)
			out[i] = v;
		return;
	}
	for (i = 0; i < ENG_LANES; i++)
		out[i] = (u32)eng_sreg(w, which, i);
}
