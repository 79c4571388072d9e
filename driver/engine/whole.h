/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moving bytes so that other processors never see a part of them: up to 16, aligned so.
 */
#ifndef VGPU_ENGINE_WHOLE_H
#define VGPU_ENGINE_WHOLE_H

#ifdef __KERNEL__
#include <linux/compiler.h>
#else
#include "engine_user.h"
#endif

/*
 * Processors with AVX promise it of these loads and stores (Intel's manual, volume 3, 10.1.1; AMD's, volume 2, 7.3.2),
 * others do it. XMM0 belongs to nobody at a call, and who is built without it does not know its name.
 */
static __always_inline void eng_move_16(u8 *to, const u8 *from)
{
#ifdef __AVX__
	__asm__ volatile("vmovdqa (%1), %%xmm0\n\tvmovdqa %%xmm0, (%0)" : : "r"(to), "r"(from) : "memory", "xmm0");
#elif defined(__SSE2__)
	__asm__ volatile("movdqa (%1), %%xmm0\n\tmovdqa %%xmm0, (%0)" : : "r"(to), "r"(from) : "memory", "xmm0");
#else
	__asm__ volatile("movdqa (%1), %%xmm0\n\tmovdqa %%xmm0, (%0)" : : "r"(to), "r"(from) : "memory");
#endif
}

/** eng_move_whole() - move @n bytes, in the largest pieces that both places are aligned to; in an FPU section */
static __always_inline void eng_move_whole(u8 *to, const u8 *from, u32 n)
{
	while (n) {
		u64 both = (u64)to | (u64)from;

		if (n >= 16 && !(both & 15)) {
			eng_move_16(to, from);
			to += 16, from += 16, n -= 16;
		} else if (n >= 8 && !(both & 7)) {
			WRITE_ONCE(*(u64 *)to, READ_ONCE(*(const u64 *)from));
			to += 8, from += 8, n -= 8;
		} else if (n >= 4 && !(both & 3)) {
			WRITE_ONCE(*(u32 *)to, READ_ONCE(*(const u32 *)from));
			to += 4, from += 4, n -= 4;
		} else if (n >= 2 && !(both & 1)) {
			WRITE_ONCE(*(u16 *)to, READ_ONCE(*(const u16 *)from));
			to += 2, from += 2, n -= 2;
		} else {
			WRITE_ONCE(*to, READ_ONCE(*from));
			to++, from++, n--;
		}
	}
}

#endif /* VGPU_ENGINE_WHOLE_H */
