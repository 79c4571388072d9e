/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: atomics.  All lanes are translated, then they act in lane order.  Shared
 * memory belongs to the block and the block to one worker, so that plain operations
 * are atomic there.
 */

static __always_inline u64 atom_int(u32 op, u64 old, u64 b, u64 c, bool is_signed, u32 bits)
{
	s64 so = (s64)(old << (64 - bits)), sb = (s64)(b << (64 - bits));

	switch (op) {
	case VGPU_ATOM_ADD:	return old + b;
	case VGPU_ATOM_MIN:	return (is_signed ? so < sb : old < b) ? old : b;
	case VGPU_ATOM_MAX:	return (is_signed ? so > sb : old > b) ? old : b;
	case VGPU_ATOM_INC:	return old >= b ? 0 : old + 1;
	case VGPU_ATOM_DEC:	return !old || old > b ? b : old - 1;
	case VGPU_ATOM_AND:	return old & b;
	case VGPU_ATOM_OR:	return old | b;
	case VGPU_ATOM_XOR:	return old ^ b;
	case VGPU_ATOM_EXCH:	return b;
	default:		return old == b ? c : old;
	}
}

/* With an atomic's mod: f32 keeps denormals, as hardware's copies do that add up. */
#define ATOM_DENORMALS	0x100

static noinline u32 atom_add_f32(u32 a, u32 b, bool flush)
{
	if (flush) {
		a = num_flush32(a);
		b = num_flush32(b);
	}
	a = num_out32(num_f32(a) + num_f32(b));
	return flush ? num_flush32(a) : a;
}

static noinline u64 atom_add_f64(u64 a, u64 b)
{
	return num_out64(num_f64(a) + num_f64(b));
}

static noinline u32 atom_half(u32 op, u32 a, u32 b, bool bf)
{
	if (op != VGPU_ATOM_ADD)
		return num_half_minmax(a, b, 0, bf ? 0x7f80 : 0x7c00, op == VGPU_ATOM_MAX);
	if (bf)
		return num_to_b(num_from_b(a) + num_from_b(b));
	return num_to_h(num_from_h(a) + num_from_h(b));
}

/* The new value of a word */
static __always_inline u64 atom_new(u32 mod, u64 old, u64 b, u64 c, bool shared)
{
	u32 op = mod & 15;

	switch (mod >> 4 & 15) {
	case VGPU_AT_U32:
		return (u32)atom_int(op, old, b, c, false, 32);
	case VGPU_AT_S32:
		return (u32)atom_int(op, old, b, c, true, 32);
	case VGPU_AT_U64:
		return atom_int(op, old, b, c, false, 64);
	case VGPU_AT_S64:
		return atom_int(op, old, b, c, true, 64);
	case VGPU_AT_F32:
		if (op == VGPU_ATOM_ADD)
			return atom_add_f32((u32)old, (u32)b, !shared && !(mod & ATOM_DENORMALS));
		return (u32)atom_int(op, old, b, c, false, 32);
	case VGPU_AT_F64:
		if (op == VGPU_ATOM_ADD)
			return atom_add_f64(old, b);
		return atom_int(op, old, b, c, false, 64);
	case VGPU_AT_F16:
		return atom_half(op, (u32)old, LO((u32)b), false);
	case VGPU_AT_BF16:
		return atom_half(op, (u32)old, LO((u32)b), true);
	case VGPU_AT_F16X2:
		return atom_half(op, LO((u32)old), LO((u32)b), false) |
		       atom_half(op, HI((u32)old), HI((u32)b), false) << 16;
	case VGPU_AT_BF16X2:
		return atom_half(op, LO((u32)old), LO((u32)b), true) |
		       atom_half(op, HI((u32)old), HI((u32)b), true) << 16;
	default:	/* B16 */
		return (u16)atom_int(op, old, LO(b), LO(c), false, 16);
	}
}

#define ATOM_WORD(T)								\
static __always_inline u64 atom_##T(T *p, u32 mod, u64 b, u64 c, bool shared)	\
{										\
	T old = READ_ONCE(*p), seen, new;					\
										\
	for (;;) {								\
		new = (T)atom_new(mod, old, b, c, shared);			\
		if (shared) {							\
			*p = new;						\
			return old;						\
		}								\
		seen = old;							\
		if (__atomic_compare_exchange_n(p, &seen, new, false,		\
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) \
			return old;						\
		old = seen;							\
	}									\
}
ATOM_WORD(u16)
ATOM_WORD(u32)
ATOM_WORD(u64)

/* 16 aligned bytes; *@b is what is compared or stored */
static __always_inline void atom_pair(u64 *p, bool cas, const u64 *b, const u64 *c, u64 *old)
{
	u64 lo = p[0], hi = p[1];
	bool done;

	do {
		u64 nlo = b[0], nhi = b[1];

		if (cas) {
			bool same = lo == b[0] && hi == b[1];

			nlo = same ? c[0] : lo;
			nhi = same ? c[1] : hi;
		}
		__asm__ volatile("lock cmpxchg16b %1; setz %0"
				 : "=q"(done), "+m"(*(unsigned __int128 *)p), "+a"(lo), "+d"(hi)
				 : "b"(nlo), "c"(nhi) : "memory", "cc");
	} while (!done);
	old[0] = lo;
	old[1] = hi;
}

/* Plain read-modify-write instructions where the old value or a loop is not needed */
static __always_inline bool atom_fast32(u32 **ptr, const struct eng_op *ip, const u32 *b, u32 *d,
					u32 lanes)
{
	u32 m;

	if (ip->mod != VGPU_ATOM_MOD(VGPU_ATOM_ADD, VGPU_AT_U32))
		return false;
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);

		d[l] = __atomic_fetch_add(ptr[l], b[l], __ATOMIC_SEQ_CST);
	}
	return true;
}

/* A lane's space, where the address says it */
static __always_inline bool in_shared(const struct eng_warp *w, const struct eng_op *ip, u32 l)
{
	return ip->x == VGPU_SPACE_SHARED ||
	       (ip->x == VGPU_SPACE_GENERIC &&
		w->addr[l] >> VGPU_WINDOW_SHIFT == VGPU_WINDOW_SHARED >> VGPU_WINDOW_SHIFT);
}

#define VAIN_FUEL	4	/* what is left of a turn in which nothing was to be had: it ends when the loop comes round */

/*
 * A lock that is held: of lanes that compare and exchange none did, or those that exchanged changed nothing. Who spins gives way
 * to others, of whom one has it.
 */
static __always_inline bool in_vain(u32 op, bool same)
{
	return op == VGPU_ATOM_CAS ? !same : op == VGPU_ATOM_EXCH && same;
}

static __always_inline void give_way(struct eng_warp *w)
{
	if (w->fuel > VAIN_FUEL) {
		w->spared += (u32)(w->fuel - VAIN_FUEL);
		w->fuel = VAIN_FUEL;
	}
}

static noinline void atom_pairs(struct eng_warp *w, const struct eng_op *ip, u8 **ptr, u32 lanes)
{
	const u64 *b = AT(u64, b), *c = AT(u64, c);
	u32 op = ip->mod & 15, m;
	bool cas = op == VGPU_ATOM_CAS, vain = ip->sel;
	u64 old[2];

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);
		u64 vb[2] = { b[l], b[ENG_LANES + l] }, vc[2] = { 0 };

		if (cas) {
			vc[0] = c[l];
			vc[1] = c[ENG_LANES + l];
		}
		atom_pair((u64 *)ptr[l], cas, vb, vc, old);
		if (ip->sel) {
			AT(u64, d)[l] = old[0];
			AT(u64, d)[ENG_LANES + l] = old[1];
		}
		vain &= in_vain(op, old[0] == vb[0] && old[1] == vb[1]);
	}
	if (vain)
		give_way(w);
}

static noinline void atom_words(struct eng_warp *w, const struct eng_op *ip, u8 **ptr, u32 lanes)
{
	u32 op = ip->mod & 15, type = ip->mod >> 4, m;
	bool vain = ip->sel;
	bool wide = type == VGPU_AT_U64 || type == VGPU_AT_S64 || type == VGPU_AT_F64;
	bool small = type == VGPU_AT_F16 || type == VGPU_AT_BF16 || type == VGPU_AT_B16;

	if (ip->x == VGPU_SPACE_GLOBAL &&
	    atom_fast32((u32 **)ptr, ip, AT(u32, b), AT(u32, d), lanes))
		return;
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);
		bool sh = in_shared(w, ip, l);
		u64 b = wide ? AT(u64, b)[l] : AT(u32, b)[l], old;

		if (wide) {
			old = atom_u64((u64 *)ptr[l], ip->mod, b, AT(u64, c)[l], sh);
			AT(u64, d)[l] = old;
		} else {
			old = small ? atom_u16((u16 *)ptr[l], ip->mod, b, AT(u32, c)[l], sh) :
				      atom_u32((u32 *)ptr[l], ip->mod, b, AT(u32, c)[l], sh);
			AT(u32, d)[l] = (u32)old;
		}
		vain &= in_vain(op, old == (small ? (u16)b : b));
	}
	if (vain)
		give_way(w);
}

static __always_inline u32 atom_bytes(u32 mod)
{
	switch (mod >> 4) {
	case VGPU_AT_U64:
	case VGPU_AT_S64:
	case VGPU_AT_F64:
		return 8;
	case VGPU_AT_F16:
	case VGPU_AT_BF16:
	case VGPU_AT_B16:
		return 2;
	case VGPU_AT_B128:
		return 16;
	default:
		return 4;
	}
}

static noinline const struct eng_op *atomics(struct eng_warp *w, const struct eng_op *ip,
					     u32 lanes)
{
	u32 bytes = atom_bytes(ip->mod), m;
	bool wide = ip->x != VGPU_SPACE_SHARED;
	u8 *ptr[ENG_LANES];

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m);

		w->addr[l] = wide ? AT(u64, a)[l] + (u64)(s64)(s32)ip->imm :
				    AT(u32, a)[l] + ip->imm;
	}
	if (!eng_pointers(w, ip, lanes, ip->x, bytes, bytes, true, ptr))
		return NULL;
	w->strong |= ip->sel;
	if (bytes == 16)
		atom_pairs(w, ip, ptr, lanes);
	else
		atom_words(w, ip, ptr, lanes);
	return ip + 1;
}

/* What does all of it out of line, and says where to go on */
#define ATOM_LIKE(NAME, BODY)							\
HANDLER(f_##NAME)								\
{										\
	NEXT_ANY(BODY(w, ip, ENG_ALL));						\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip);							\
										\
	if (!m)									\
		NEXT();								\
	NEXT_ANY(BODY(w, ip, m));						\
}
ATOM_LIKE(ATOMG, atomics)
ATOM_LIKE(ATOMS, atomics)
ATOM_LIKE(ATOMX, atomics)
