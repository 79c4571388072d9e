/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: 64-bit integers, and what relates them to 32-bit rows.
 */

HANDLER(f_BCASTW)
{
	row_set64(AT(u64, d), *AT_SEL(u64, a, ENG_SEL_A));
	NEXT();
}

HANDLER(m_BCASTW)
{
	ROW(u64, r);

	row_set64(r, *AT_SEL(u64, a, ENG_SEL_A));
	row_commit64(AT(u64, d), r, guarded(w, ip));
	NEXT();
}

OP1(MOVW, u64, u64, a)

static noinline void sregw(struct eng_warp *w, const struct eng_op *ip)
{
	ROW(u64, r);

	row_set64(r, eng_sreg(w, ip->imm, __ffs(w->mask)));
	row_commit64(AT(u64, d), r, guarded(w, ip));
}

HANDLER(f_SREGW)
{
	sregw(w, ip);
	NEXT();
}

HANDLER(m_SREGW)
{
	sregw(w, ip);
	NEXT();
}

OP2(PACK, u64, u32, u32, (u64)b << 32 | a)
OP1(UNPKLO, u32, u64, (u32)a)
OP1(UNPKHI, u32, u64, (u32)(a >> 32))
OP1(EXTS, u64, u32, (u64)(s64)(s32)a)
OP1(EXTU, u64, u32, a)
OP2B(LADD, u64, u64, u64, a + b)
OP2B(LSUB, u64, u64, u64, a - b)
OP2B(LMUL, u64, u64, u64, a * b)
OP2_COLD(LMULHS, u64, u64, u64, (u64)eng_mulhs((s64)a, (s64)b))
OP2_COLD(LMULHU, u64, u64, u64, eng_mulhu(a, b))
OP3BC(LMAD, u64, u64, u64, u64, a * b + c)
OP2_COLD(LDIVS, u64, u64, u64, (u64)eng_divs((s64)a, (s64)b))
OP2_COLD(LDIVU, u64, u64, u64, eng_divu(a, b))
OP2_COLD(LREMS, u64, u64, u64, (u64)eng_rems((s64)a, (s64)b))
OP2_COLD(LREMU, u64, u64, u64, eng_remu(a, b))
OP1_COLD(LABS, u64, u64, (s64)a < 0 ? 0 - a : a)
OP2_COLD(LMINS, u64, u64, u64, (s64)a < (s64)b ? a : b)
OP2_COLD(LMINU, u64, u64, u64, a < b ? a : b)
OP2_COLD(LMAXS, u64, u64, u64, (s64)a > (s64)b ? a : b)
OP2_COLD(LMAXU, u64, u64, u64, a > b ? a : b)
OP2B(LAND, u64, u64, u64, a & b)
OP2B(LOR, u64, u64, u64, a | b)
OP2B(LXOR, u64, u64, u64, a ^ b)
OP1_COLD(LNOT, u64, u64, ~a)
OP2B(LSHL, u64, u64, u32, b > 63 ? 0 : a << (b & 63))
OP2B(LSHRU, u64, u64, u32, b > 63 ? 0 : a >> (b & 63))
OP2B(LSHRS, u64, u64, u32, (u64)((s64)a >> (b > 63 ? 63 : b)))
OP3_COLD(LBFES, u64, u64, u32, u32, num_lbfes(a, b, c))
OP3_COLD(LBFEU, u64, u64, u32, u32, num_lbfeu(a, b, c))
OP3_COLD(LBFI, u64, u64, u64, u32, num_lbfi(a, b, c))
OP1_COLD(LPOPC, u32, u64, num_lpopc(a))
OP1_COLD(LCLZ, u32, u64, num_lclz(a))
OP1_COLD(LBFINDS, u32, u64, num_lbfind((s64)a < 0 ? ~a : a, M))
OP1_COLD(LBFINDU, u32, u64, num_lbfind(a, M))
OP1_COLD(LBREV, u64, u64, num_lbrev(a))

OP_PAIR(SELW, u64, true, row_select64(dst, SRC(u64, a), SRC(u64, b), *AT(const u32, c)))

OP_PRED(SETPL, row_eq64(AT(u64, a), AT(u64, b), false) ^ ip->y)
OP_PRED(SETPL_EQ_B, row_eq64(AT(u64, a), AT_SEL(u64, b, ENG_SEL_B), true) ^ ip->y)
SETP(SETPL_LTS, row_lts64, u64)
SETP(SETPL_GTS, row_gts64, u64)
SETP(SETPL_LTU, row_ltu64, u64)
SETP(SETPL_GTU, row_gtu64, u64)
