/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: exchange between lanes.
 *
 * These wait until all their members are here, across fragments; then they execute
 * once, for all lanes that came.  Vector and predicate registers belong to the warp,
 * and single values were broadcast by each fragment for its own lanes, so that one
 * execution serves several fragments.
 */

/*
 * Must one of lanes @e wait? Each goes on when all of its members that live are here and name the same members (PTX ISA,
 * .sync instructions). @row has what each of them names; where there is none, all name @need.
 */
static __always_inline bool must_wait(const struct eng_warp *w, u32 e, const u32 *row, u32 need)
{
	u32 rest, same;

	if (!row)
		return need & ~w->dead & ~e;
	for (rest = e; rest; rest &= ~same) {
		const u32 *members = &row[__ffs(rest)];

		same = row_eq32(row, members, true) & e;
		if (*members & ~w->dead & ~same)
			return true;
	}
	return false;
}

HANDLER(f_BARWARP)
{
	const u32 *row = eng_members(w, ip, VGPU_OP_BARWARP);
	u32 need = row ? 0 : eng_source(w, ip, OPF_A, 0);

	if (must_wait(w, w->mask, row, need) && !eng_sync(w, ip, w->mask, need))
		NEXT_ANY(w->ip);
	NEXT();
}

/* BODY(w, ip, lanes) executes for lanes @E; where eng_members() has none, all name NEED */
#define MEETING(NAME, E, NEED, BODY)						\
{										\
	const u32 *row = eng_members(w, ip, VGPU_OP_##NAME);			\
	u32 e = (E), u = e;							\
										\
	if (!e)									\
		NEXT();								\
	if (must_wait(w, e, row, NEED)) {					\
		u = eng_sync(w, ip, e, NEED);					\
		if (!u)								\
			NEXT_ANY(w->ip);					\
	}									\
	BODY(w, ip, u);								\
	NEXT();									\
}
#define LANE(NAME, NEED, BODY)							\
static __always_inline bool q_##NAME(struct eng_warp *w, const struct eng_op *ip) \
{										\
	if (must_wait(w, ENG_ALL, eng_members(w, ip, VGPU_OP_##NAME), NEED))	\
		return false;							\
	BODY(w, ip, ENG_ALL);							\
	return true;								\
}										\
HANDLER(f_##NAME)								\
MEETING(NAME, ENG_ALL, NEED, BODY)						\
HANDLER(m_##NAME)								\
MEETING(NAME, guarded(w, ip), NEED, BODY)

/* ---- shuffles -------------------------------------------------------------------------- */

#define SHUFFLE_LANES(J, IN_RANGE)						\
	for (l = 0; l < ENG_LANES; l++) {					\
		s32 seg = (s32)(pc ? pc[l] >> 8 & 31 : c >> 16 & 31);		\
		s32 clamp = (s32)(pc ? pc[l] & 31 : c >> 8 & 31);		\
		s32 b = (s32)((oneb ? b0 : pb[l]) & 31);				\
		s32 most = (l & seg) | (clamp & ~seg), j = (J);			\
		u32 ok = (IN_RANGE);						\
										\
		from[l] = (u32)(ok ? j : l) & 31;				\
		in[l] = ok;							\
	}

/*
 * Where each lane reads, and whether that was in range.  Clamp and segment mask are
 * in @c (SHFL's immediate) or by lane in @pc (PTX's packed word).
 */
static __always_inline void shuffle_from(u32 *from, u32 *in, u32 mode, const u32 *pb, bool oneb,
					 const u32 *pc, u32 c)
{
	const u32 b0 = pb[0];
	s32 l;

	switch (mode) {
	case VGPU_SHFL_UP:
		SHUFFLE_LANES(l - b, j >= most)
		break;
	case VGPU_SHFL_DOWN:
		SHUFFLE_LANES(l + b, j <= most)
		break;
	case VGPU_SHFL_BFLY:
		SHUFFLE_LANES(l ^ b, j <= most)
		break;
	default:
		SHUFFLE_LANES((l & seg) | (b & ~seg), j <= most)
		break;
	}
}

static noinline void shuffle(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	bool packed = ip->h / 2 == VGPU_OP_SHFLV, oneb = ip->sel & ENG_SEL_B;
	const u32 *pb = AT_SEL(u32, b, ENG_SEL_B);
	ROW(u32, from);
	ROW(u32, in);
	ROW(u32, r);

	/* constant arguments: each of the three becomes loops that vectorize */
	if (packed)
		shuffle_from(from, in, ip->mod & VGPU_SHFL_MODE, pb, false, AT(u32, c), 0);
	else if (oneb)
		shuffle_from(from, in, ip->mod & VGPU_SHFL_MODE, pb, true, NULL, ip->imm);
	else
		shuffle_from(from, in, ip->mod & VGPU_SHFL_MODE, pb, false, NULL, ip->imm);
	row_permute32(r, AT(u32, a), from);
	row_commit32(AT(u32, d), r, lanes);
	if (ip->mod & VGPU_SHFL_PRED) {
		u32 *p = &w->p[ip->mod >> 4], bits = row_gtu32(in, &(u32){ 0 }, true);

		*p = (*p & ~lanes) | (bits & lanes);
	}
}
LANE(SHFL, ip->imm & VGPU_SHFL_FULL ? ENG_ALL : ip->imm, shuffle)
LANE(SHFLV, ip->imm, shuffle)

/* ---- votes ---------------------------------------------------------------------------------- */

/* Members as lane @l sees them, of those that came */
static __always_inline u32 members_of(const struct eng_warp *w, const struct eng_op *ip, u32 l,
				      u32 lanes)
{
	return lanes & (ip->sel & ENG_SEL_B ? ip->imm : AT(u32, b)[l]);
}

static noinline void vote(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	u32 p = *AT(u32, a), *d = AT(u32, d), bits = 0, m;

	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), mem = members_of(w, ip, l, lanes), yes = p & mem;
		bool r = ip->mod == VGPU_VOTE_ALL ? yes == mem :
			 ip->mod == VGPU_VOTE_ANY ? yes != 0 : yes == mem || !yes;

		if (ip->sel & ENG_SEL_B) {	/* the same for all */
			bits = r ? ENG_ALL : 0;
			break;
		}
		bits |= (u32)r << l;
	}
	*d = (*d & ~lanes) | (bits & lanes);
}
LANE(VOTE, ip->imm, vote)

static noinline void ballot(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	u32 p = *AT(u32, a), m;
	ROW(u32, r);

	if (ip->sel & ENG_SEL_B) {
		row_set32(r, p & lanes & ip->imm);
	} else {
		row_set32(r, 0);
		for (m = lanes; m; m &= m - 1)
			r[__ffs(m)] = p & members_of(w, ip, __ffs(m), lanes);
	}
	row_commit32(AT(u32, d), r, lanes);
}
LANE(BALLOT, ip->imm, ballot)

static noinline void elect(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	u32 m, bits = 0, *p = AT(u32, c);
	ROW(u32, r);

	row_set32(r, 0);
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), mem = members_of(w, ip, l, lanes);

		r[l] = mem ? __ffs(mem) : l;
		bits |= (u32)(r[l] == l) << l;
	}
	row_commit32(AT(u32, d), r, lanes);
	*p = (*p & ~lanes) | (bits & lanes);
}
LANE(ELECT, ip->imm, elect)

/* ---- matches ----------------------------------------------------------------------------------- */

#define MATCH(SUFFIX, T, ROW_EQ)						\
static noinline void match_any##SUFFIX(struct eng_warp *w, const struct eng_op *ip, u32 lanes) \
{										\
	const T *a = AT(T, a);							\
	u32 m;									\
	ROW(u32, r);								\
										\
	row_set32(r, 0);							\
	for (m = lanes; m; m &= m - 1) {					\
		u32 l = __ffs(m);						\
										\
		r[l] = ROW_EQ(a, &a[l], true) & members_of(w, ip, l, lanes);	\
	}									\
	row_commit32(AT(u32, d), r, lanes);					\
}										\
static noinline void match_all##SUFFIX(struct eng_warp *w, const struct eng_op *ip, u32 lanes) \
{										\
	const T *a = AT(T, a);							\
	u32 m, bits = 0, *p = AT(u32, c);					\
	ROW(u32, r);								\
										\
	row_set32(r, 0);							\
	for (m = lanes; m; m &= m - 1) {					\
		u32 l = __ffs(m), mem = members_of(w, ip, l, lanes);		\
		bool all = !(mem & ~ROW_EQ(a, &a[l], true));			\
										\
		r[l] = all ? mem : 0;						\
		bits |= (u32)all << l;						\
	}									\
	row_commit32(AT(u32, d), r, lanes);					\
	*p = (*p & ~lanes) | (bits & lanes);					\
}
MATCH(32, u32, row_eq32)
MATCH(64, u64, row_eq64)
LANE(MATCHANY, ip->imm, match_any32)
LANE(MATCHALL, ip->imm, match_all32)
LANE(MATCHANYW, ip->imm, match_any64)
LANE(MATCHALLW, ip->imm, match_all64)

/* ---- reductions ---------------------------------------------------------------------------------- */

static __always_inline u32 reduce_two(u32 x, u32 y, u32 how)
{
	u32 nan = how & VGPU_REDUX_NAN ? VGPU_MINMAX_NAN : 0;

	switch (how & ~VGPU_REDUX_NAN) {
	case VGPU_REDUX_ADD:	return x + y;
	case VGPU_REDUX_MINU:	return x < y ? x : y;
	case VGPU_REDUX_MINS:	return (s32)x < (s32)y ? x : y;
	case VGPU_REDUX_MAXU:	return x > y ? x : y;
	case VGPU_REDUX_MAXS:	return (s32)x > (s32)y ? x : y;
	case VGPU_REDUX_AND:	return x & y;
	case VGPU_REDUX_OR:	return x | y;
	case VGPU_REDUX_XOR:	return x ^ y;
	case VGPU_REDUX_FMIN:
	case VGPU_REDUX_FMIN_ABS:
		return num_minmax32(x, y, nan, false);
	default:
		return num_minmax32(x, y, nan, true);
	}
}

static noinline u32 reduce(const u32 *a, u32 members, u32 how)
{
	u32 op = how & ~VGPU_REDUX_NAN, clear = 0, r, m;

	if (op == VGPU_REDUX_FMIN_ABS || op == VGPU_REDUX_FMAX_ABS)
		clear = 0x80000000;
	if (!members)
		return 0;
	r = a[__ffs(members)] & ~clear;
	for (m = members & (members - 1); m; m &= m - 1)
		r = reduce_two(r, a[__ffs(m)] & ~clear, how);
	return op >= VGPU_REDUX_FMIN && num_nan32(r) ? NUM_F32_NAN : r;
}

static noinline void redux(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	u32 m, seen = 0, last = 0;
	bool any = false;
	ROW(u32, r);

	row_set32(r, 0);
	for (m = lanes; m; m &= m - 1) {
		u32 l = __ffs(m), mem = members_of(w, ip, l, lanes);

		if (!any || mem != seen) {
			last = reduce(AT(u32, a), mem, ip->mod);
			seen = mem;
			any = true;
		}
		r[l] = last;
	}
	row_commit32(AT(u32, d), r, lanes);
}
LANE(REDUX, ip->imm, redux)
