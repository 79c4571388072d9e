/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads and stores: where in memory they go, as far as cached translations know.
 */

typedef u64 __attribute__((__aligned__(1), __may_alias__)) mem_u64;
typedef u32 __attribute__((__aligned__(1), __may_alias__)) mem_u32;
typedef u16 __attribute__((__aligned__(1), __may_alias__)) mem_u16;
typedef s16 __attribute__((__aligned__(1), __may_alias__)) mem_s16;

/* Strong accesses are the sign of waiting for somebody else; see spinning() in cta.c. */
static __always_inline void note_strong(struct eng_warp *w, const struct eng_op *ip)
{
	if (unlikely(ip->sel))
		w->strong = 1;
}

/* Bytes a lane */
static __always_inline u32 access_bytes(const struct eng_op *ip)
{
	return 1U << (VGPU_MD_GET_WIDTH(ip->md) + VGPU_MD_GET_COUNT(ip->md));
}

static __always_inline bool unaligned(const struct eng_op *ip, u64 bits)
{
	return bits & ((1U << VGPU_MD_GET_ALIGN(ip->md)) - 1);
}

/* @y is where the pattern lies among the program's */
static __always_inline const struct eng_pattern *pattern_of(const struct eng_warp *w,
							    const struct eng_op *ip)
{
	return (const struct eng_pattern *)((const u8 *)w->patterns + ip->y);
}

static __always_inline u8 *in_entry(const struct eng_tlb_entry *e, u64 va, u64 len, bool write)
{
	u64 off = va - e->va, in = eng_within(off, len, e->size);

	if (unlikely(!in || (write && !e->writable)))
		return NULL;
	return e->ptr + (off & in);
}

static noinline u8 *global_miss(struct eng_warp *w, u64 va, u64 len, bool write)
{
	struct eng_tlb_entry *e;

	/* without fuel, the slow way: it can stop */
	return w->fuel < 0 || eng_tlb_find(w, va, write, &e) ? NULL : in_entry(e, va, len, write);
}

/* Where [@va, @va + @len) lies if it is one piece, else NULL */
static __always_inline u8 *piece(struct eng_warp *w, u32 space, u64 va, u64 len, bool write)
{
	u8 *p;

	if (space == VGPU_SPACE_SHARED) {
		if (unlikely(va > w->shared_size || w->shared_size - va < len))
			return NULL;
		return w->shared + eng_below(va, w->shared_size - len + 1);
	}
	if (space == VGPU_SPACE_PARAM) {
		if (write || va > w->param_size || w->param_size - va < len)
			return NULL;
		return (u8 *)w->param + eng_below(va, w->param_size - len + 1);
	}
	p = in_entry(&w->tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)], va, len, write);
	if (likely(p))
		return p;
	p = in_entry(&w->tlb->small[va >> 12 & (ENG_TLB_SMALL - 1)], va, len, write);
	return p ? p : global_miss(w, va, len, write);
}

/* The scalar base with the immediate offset; 32-bit spaces take its low half */
static __always_inline u64 base_of(const struct eng_warp *w, const struct eng_op *ip, u32 space)
{
	u64 base = *AT(const u64, a), off = (u64)(s64)(s32)ip->imm;

	return space == VGPU_SPACE_GLOBAL ? base + off : (u32)base + off;
}
