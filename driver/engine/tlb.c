// SPDX-License-Identifier: GPL-2.0
/*
 * A block's cached translations, filled from the address space.
 */
#include "exec.h"

static struct eng_tlb_entry *tlb_hit(struct eng_tlb_entry *e, u64 va, bool write)
{
	return va - e->va < e->size && (!write || e->writable) ? e : NULL;
}

int eng_tlb_find(struct eng_warp *w, u64 va, bool write, struct eng_tlb_entry **out)
{
	struct engine_launch *l = w->cta->launch;
	struct eng_tlb *tlb = w->tlb;
	u32 large = va >> 21 & (ENG_TLB_LARGE - 1), small = va >> 12 & (ENG_TLB_SMALL - 1);
	struct engine_span span;
	struct eng_tlb_entry *e;
	int err;

	e = tlb_hit(&tlb->large[large], va, write);
	if (!e)
		e = tlb_hit(&tlb->small[small], va, write);
	if (e) {
		*out = e;
		return 0;
	}
	w->fuel -= ENG_MISS;
	err = l->mem->translate(l->as, va, write, &span);
	if (err)
		return err;
	if (write && !span.writable)
		return -EACCES;
	if (span.size >= 1U << 21) {
		e = &tlb->large[large];
		tlb->used |= 1ULL << large;
	} else {
		e = &tlb->small[small];
		tlb->used |= 1ULL << (ENG_TLB_LARGE + small);
	}
	*e = (struct eng_tlb_entry) {
		.va = span.va, .size = span.size, .ptr = span.ptr, .writable = span.writable,
	};
	*out = e;
	return 0;
}
