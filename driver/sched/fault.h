/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine's stops are in the ioctl contract.
 */
#ifndef VGPU_SCHED_FAULT_H
#define VGPU_SCHED_FAULT_H

#include "../../uapi/vgpu_ioctl.h"
#include "../../uapi/vgpu_isa.h"
#include "../engine/engine.h"

static const u32 kind_of_stop[VGPU_STOP_COUNT] = {
	[VGPU_STOP_NONE]		= VGPU_FAULT_ENGINE,
	[VGPU_STOP_ILLEGAL_ADDRESS]	= VGPU_FAULT_ADDRESS,
	[VGPU_STOP_READ_ONLY]		= VGPU_FAULT_READONLY,
	[VGPU_STOP_MISALIGNED]		= VGPU_FAULT_MISALIGNED,
	[VGPU_STOP_BAD_TARGET]		= VGPU_FAULT_BRANCH,
	[VGPU_STOP_STACK_OVERFLOW]	= VGPU_FAULT_STACK,
	[VGPU_STOP_TRAP]		= VGPU_FAULT_TRAP,
	[VGPU_STOP_TIMEOUT]		= VGPU_FAULT_TIMEOUT,
	[VGPU_STOP_KILLED]		= VGPU_FAULT_ENGINE,
	[VGPU_STOP_DEADLOCK]		= VGPU_FAULT_BARRIER,
	[VGPU_STOP_ILLEGAL_INSTRUCTION]	= VGPU_FAULT_INSTRUCTION,
};

/* Of an access to global memory: the address is one of a window, a generic address of shared or local memory. */
static inline bool in_a_window(u64 address)
{
	return address >= VGPU_WINDOW_SHARED && address < VGPU_WINDOW_PARAM + VGPU_WINDOW_SHARED;
}

static inline u32 illegal_address_kind(const struct engine_fault *e)
{
	switch (e->space) {
	case VGPU_SPACE_SHARED:
		return VGPU_FAULT_SHARED;
	case VGPU_SPACE_LOCAL:
		return VGPU_FAULT_LOCAL;
	case VGPU_SPACE_GLOBAL:
		return in_a_window(e->address) ? VGPU_FAULT_ADDRESS_SPACE : VGPU_FAULT_ADDRESS;
	default:
		return VGPU_FAULT_ADDRESS;
	}
}

/** vgpu_stop_fault - VGPU_FAULT_* of what stopped a launch */
static inline u32 vgpu_stop_fault(const struct engine_fault *e)
{
	if (e->kind == VGPU_STOP_TRAP && e->code == VGPU_TRAP_ASSERT)
		return VGPU_FAULT_ASSERT;
	if (e->kind == VGPU_STOP_ILLEGAL_ADDRESS)
		return illegal_address_kind(e);
	return e->kind < VGPU_STOP_COUNT ? kind_of_stop[e->kind] : VGPU_FAULT_ENGINE;
}

/**
 * vgpu_stop_is_news - whether who asked engine_launch_fault() has a fault to report
 * @e: what it said
 *
 * KILLED is by the queue that ends. NONE, after a stop, is of another worker that is still writing it and
 * reports it itself.
 *
 * Return: false for either.
 */
static inline bool vgpu_stop_is_news(const struct engine_fault *e)
{
	return e->kind != VGPU_STOP_NONE && e->kind != VGPU_STOP_KILLED;
}

#endif
