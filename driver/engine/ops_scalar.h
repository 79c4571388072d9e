/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: the scalar unit.
 */

#define SCALAR_ONE(NAME, RESULT)						\
static __always_inline bool q_##NAME(struct eng_warp *w, const struct eng_op *ip) \
{										\
	*AT(u64, d) = (RESULT);							\
	return true;								\
}										\
HANDLER(f_##NAME)								\
{										\
	q_##NAME(w, ip);							\
	NEXT();									\
}
#define SCALAR(NAME)								\
SCALAR_ONE(NAME, eng_scalar64(VGPU_OP_##NAME, *AT_SEL(u64, a, ENG_SEL_A),	\
			      *AT_SEL(u64, b, ENG_SEL_B),			\
			      *AT_SEL(u64, c, ENG_SEL_C)))			\
SCALAR_ONE(NAME##_32, eng_scalar32(VGPU_OP_##NAME, *AT_SEL(u32, a, ENG_SEL_A),	\
				   *AT_SEL(u32, b, ENG_SEL_B),			\
				   *AT_SEL(u32, c, ENG_SEL_C)))			\
SAME_MASKED(NAME##_32)

SCALAR(SMOV)
SCALAR(SADD)
SCALAR(SSUB)
SCALAR(SMUL)
SCALAR(SMULHU)
SCALAR(SMULHS)
SCALAR(SMAD)
SCALAR(SAND)
SCALAR(SOR)
SCALAR(SXOR)
SCALAR(SSHL)
SCALAR(SSHRU)
SCALAR(SSHRS)
SCALAR(SMINU)
SCALAR(SMINS)
SCALAR(SMAXU)
SCALAR(SMAXS)
SCALAR(SDIVU)
SCALAR(SDIVS)
SCALAR(SREMU)
SCALAR(SREMS)
SCALAR(SPOPC)
SCALAR(SCLZ)

HANDLER(f_SMOVI)
{
	*AT(u64, d) = (u64)ip->x << 32 | ip->imm;
	NEXT();
}

SCALAR_ONE(SEXT, eng_ext(ip->mod, *AT(u64, a)))

HANDLER(f_SSEL)
{
	*AT(u64, d) = *AT(u32, c) & w->mask ? *AT_SEL(u64, a, ENG_SEL_A) :
					      *AT_SEL(u64, b, ENG_SEL_B);
	NEXT();
}

HANDLER(f_SSEL_32)
{
	*AT(u64, d) = *AT(u32, c) & w->mask ? *AT_SEL(u32, a, ENG_SEL_A) :
					      *AT_SEL(u32, b, ENG_SEL_B);
	NEXT();
}
SAME_MASKED(SSEL_32)

static __always_inline bool q_SSETP(struct eng_warp *w, const struct eng_op *ip)
{
	u32 bits = eng_scmp(ip->mod, *AT_SEL(u64, a, ENG_SEL_A), *AT_SEL(u64, b, ENG_SEL_B)) ?
		   ENG_ALL : 0;
	u32 *d = AT(u32, d);

	*d = (*d & ~w->mask) | (bits & w->mask);
	return true;
}

HANDLER(f_SSETP)
{
	q_SSETP(w, ip);
	NEXT();
}

HANDLER(f_SREGS)
{
	*AT(u64, d) = eng_sreg(w, ip->imm, __ffs(w->mask));
	NEXT();
}

HANDLER(f_SFIRST)
{
	*AT(u64, d) = AT(u32, a)[__ffs(w->mask)];
	NEXT();
}

HANDLER(f_SFIRSTW)
{
	*AT(u64, d) = AT(u64, a)[__ffs(w->mask)];
	NEXT();
}

HANDLER(f_SBALLOT)
{
	*AT(u64, d) = *AT(u32, a) & w->mask;
	NEXT();
}

HANDLER(f_SACTIVE)
{
	*AT(u64, d) = w->mask;
	NEXT();
}
