/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: barrier objects in shared memory, and what moves many bytes.
 */

/* ---- barrier objects --------------------------------------------------------------------- */

#define MBAR(PENDING, EXPECTED, TX, PHASE)					\
	(((u64)(PENDING) & 0xfffff) | ((u64)(EXPECTED) & 0xfffff) << 20 |	\
	 ((u64)(TX) & 0x1fffff) << 40 | (u64)(PHASE) << 61)

/* The phase ends once nothing is pending. */
static __always_inline u64 mbar_settle(u32 pending, u32 expected, u32 tx, u32 phase)
{
	if ((pending & 0xfffff) || (tx & 0x1fffff))
		return MBAR(pending, expected, tx, phase);
	return MBAR(expected, expected, 0, phase + 1);
}

static noinline u64 mbar_new(u64 old, u32 what, u32 b)
{
	u32 pending = VGPU_MBAR_PENDING(old), expected = VGPU_MBAR_EXPECTED(old);
	u32 tx = VGPU_MBAR_TX(old), phase = VGPU_MBAR_PHASE(old);

	switch (what) {
	case VGPU_MBAR_INIT:
		return MBAR(b, b, 0, 0);
	case VGPU_MBAR_INVAL:
		return 0;
	case VGPU_MBAR_EXPECT_TX:
		return MBAR(pending, expected, tx + b, phase);
	case VGPU_MBAR_COMPLETE_TX:
		return mbar_settle(pending, expected, tx - b, phase);
	case VGPU_MBAR_ARRIVE:
		return mbar_settle(pending - b, expected, tx, phase);
	case VGPU_MBAR_ARRIVE_DROP:
		return mbar_settle(pending - b, expected - b, tx, phase);
	case VGPU_MBAR_ARRIVE_TX:
		return mbar_settle(pending - 1, expected, tx + b, phase);
	default:	/* ARRIVE_DROP_TX */
		return mbar_settle(pending - 1, expected - 1, tx + b, phase);
	}
}

/* Lanes whose test holds */
static __always_inline u32 mbar_test(struct eng_warp *w, const struct eng_op *ip, u8 **ptr,
				     u32 lanes)
{
	u32 m, yes = 0;

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), now = VGPU_MBAR_PHASE(READ_ONCE(*(u64 *)ptr[l]));
		bool over;

		if ((ip->mod & VGPU_MBAR_OP) == VGPU_MBAR_TEST)
			over = VGPU_MBAR_PHASE(AT(u64, b)[l]) != now;
		else
			over = (AT(u32, b)[l] ^ now) & 1;
		yes |= (u32)over << l;
	}
	return yes;
}

static noinline const struct eng_op *mbarrier(struct eng_warp *w, const struct eng_op *ip,
					      u32 lanes)
{
	u32 what = ip->mod & VGPU_MBAR_OP, m, yes;
	u8 *ptr[ENG_LANES];

	for (m = lanes; m; m &= m - 1)
		w->addr[__ffs(m)] = AT(u32, a)[__ffs(m)] + ip->imm;
	if (!eng_pointers(w, ip, lanes, VGPU_SPACE_SHARED, 8, 8, true, ptr))
		return NULL;
	if (what >= VGPU_MBAR_TEST) {
		yes = mbar_test(w, ip, ptr, lanes);
		*AT(u32, d) = (*AT(u32, d) & ~lanes) | yes;
		w->strong = 1;
		if (ip->mod & VGPU_MBAR_TRY && yes != lanes)
			return eng_yield(w, ip);
		return ip + 1;
	}
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), b = what == VGPU_MBAR_INVAL ? 0 : AT(u32, b)[l];
		u64 *p = (u64 *)ptr[l], old = *p;

		WRITE_ONCE(*p, mbar_new(old, what, b));
		AT(u64, d)[l] = old;
	}
	return ip + 1;
}
ATOM_LIKE(MBAR, mbarrier)

/* ---- copies and reductions ----------------------------------------------------------------- */

ATOM_LIKE(BULK, eng_bulk)

/* Elements of a reduction are few a turn: each may be a locked instruction. */
#define BULK_RED_CHUNK	64

static __always_inline void bulk_combine(u32 mod, u8 *to, const u8 *from, u32 n, bool shared)
{
	u32 i, bytes = atom_bytes(mod);

	mod |= ATOM_DENORMALS;
	/* An element that shared memory cuts off is the next step's fault. */
	for (i = 0; i + bytes <= n; i += bytes) {
		if (bytes == 8)
			atom_u64((u64 *)(to + i), mod, *(const u64 *)(from + i), 0, shared);
		else if (bytes == 4)
			atom_u32((u32 *)(to + i), mod, *(const u32 *)(from + i), 0, shared);
		else
			atom_u16((u16 *)(to + i), mod, *(const u16 *)(from + i), 0, shared);
	}
}

static noinline const struct eng_op *bulk_reduce(struct eng_warp *w, const struct eng_op *ip,
						 u32 lanes)
{
	u32 m, bytes = 0;

	if (!eng_bulk_aligned(w, ip, lanes, 16))
		return NULL;
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);
		u8 *shared, *other;
		int n = eng_bulk_step(w, ip, l, BULK_RED_CHUNK, true, &shared, &other);

		if (n < 0)
			return NULL;
		w->addr[l] = AT(u64, a)[l];
		bulk_combine(ip->mod, other, shared, n, in_shared(w, ip, l));
		AT(u32, d)[l] += n;
		bytes += 16 * n;
	}
	return eng_bulk_next(w, ip, lanes, bytes);
}
ATOM_LIKE(BULKRED, bulk_reduce)

/* ---- boxes of tensors ---------------------------------------------------------------------------- */

ATOM_LIKE(TENSOR, eng_tensor)

/* The tensor's elements as atomics know them */
static const s8 tensor_atoms[VGPU_TENSOR_TYPES] = {
	[VGPU_TENSOR_U8] = -1, [VGPU_TENSOR_U16] = -1, [VGPU_TENSOR_U32] = VGPU_AT_U32,
	[VGPU_TENSOR_S32] = VGPU_AT_S32, [VGPU_TENSOR_U64] = VGPU_AT_U64,
	[VGPU_TENSOR_S64] = VGPU_AT_S64, [VGPU_TENSOR_F16] = VGPU_AT_F16,
	[VGPU_TENSOR_F32] = VGPU_AT_F32, [VGPU_TENSOR_F32_FTZ] = VGPU_AT_F32,
	[VGPU_TENSOR_F64] = VGPU_AT_F64, [VGPU_TENSOR_BF16] = VGPU_AT_BF16,
	[VGPU_TENSOR_TF32] = VGPU_AT_F32, [VGPU_TENSOR_TF32_FTZ] = VGPU_AT_F32,
};

static noinline const struct eng_op *tensor_reduce(struct eng_warp *w, const struct eng_op *ip,
						   u32 lanes)
{
	u32 m, bytes = 0, moved, mod;
	struct eng_tensor t;
	struct eng_run run;
	bool more = false;

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), *done = &AT(u32, d)[l];

		if (!eng_tensor_open(w, ip, l, &t))
			return NULL;
		if (tensor_atoms[t.map.type] < 0)
			return eng_fault(w, ip, VGPU_STOP_ILLEGAL_INSTRUCTION, l);
		mod = VGPU_ATOM_MOD(ip->mod & 15, tensor_atoms[t.map.type]);
		for (moved = 0; moved < BULK_RED_CHUNK && *done < t.total; moved += run.n) {
			if (!eng_tensor_run(w, ip, l, &t, *done, true, &run))
				return NULL;
			/* an element that the tensor does not align is none that can be atomic */
			if (run.other && (unsigned long)run.other & (atom_bytes(mod) - 1))
				return eng_fault(w, ip, VGPU_STOP_MISALIGNED, l);
			if (run.other)
				bulk_combine(mod, run.other, run.shared, run.n, false);
			*done += run.n;
		}
		more |= *done < t.total;
		bytes += 16 * moved;
	}
	return eng_again(w, ip, more, bytes);
}
ATOM_LIKE(TENSORRED, tensor_reduce)
