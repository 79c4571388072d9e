/* SPDX-License-Identifier: MIT */
/* Register allocation: what its files share. */
#ifndef VGPU_COMPILER_ALLOC_H
#define VGPU_COMPILER_ALLOC_H

#include "mir.h"

/* color.c: places for all values; needs liveness. False: file @failed ran out. */
bool color_function(struct mfunc *f, enum mclass *failed);

/*
 * spill.c: lower the pressure on each file below @limit[]; returns how many
 * values were moved out. Needs liveness, which is stale afterwards if any.
 */
u32 spill_excess(struct mfunc *f, const u32 *limit);
/* The most values that live at once, by file. */
void spill_pressure(struct mfunc *f, u32 *peak);

/*
 * call_save.c: save and restore, around call @i, what the files @s, @v, @w, @p hold.
 */
void call_save(struct mfunc *f, struct minsn *i, const u32 *s, const u32 *v, const u32 *w, const u32 *p);
/* STL or LDL of @data at byte @off of the frame. */
struct minsn *frame_access(struct mfunc *f, u16 op, bool wide, struct mopnd data, u32 off, u32 line);

#endif
