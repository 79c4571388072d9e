/* SPDX-License-Identifier: MIT */
/*
 * Numbers that look random, the same ones in every run (Marsaglia's xorshift).
 */
#ifndef ENGINE_RND_H
#define ENGINE_RND_H

#include "../../driver/engine/engine.h"

static u32 rnd_state = 2463534242;	/* not 0 */

static inline u32 rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 17;
	rnd_state ^= rnd_state << 5;
	return rnd_state;
}

#endif /* ENGINE_RND_H */
