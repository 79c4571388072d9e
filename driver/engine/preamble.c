// SPDX-License-Identifier: GPL-2.0
/*
 * Preambles: straight runs of scalar instructions, once a grid or once a block.
 * Executed from the verified instructions, without vector registers, so that the
 * grid's may run where there is no FPU section.
 */
#include "scalar.h"

static u64 source(const struct vgpu_insn *in, u16 val, const u64 *s)
{
	if ((val & VGPU_SRC_KIND) == VGPU_SRC_IMM)
		return (u64)(s64)(s32)in->imm;
	return s[val & VGPU_SRC_INDEX & (VGPU_MAX_SREGS - 1)];
}

static u64 special(const struct engine_launch *l, const struct engine_cta *cta, u32 which)
{
	switch (which) {
	case VGPU_SREG_NTID_X:
	case VGPU_SREG_NTID_Y:
	case VGPU_SREG_NTID_Z:
		return l->block[which - VGPU_SREG_NTID_X];
	case VGPU_SREG_NCTAID_X:
	case VGPU_SREG_NCTAID_Y:
	case VGPU_SREG_NCTAID_Z:
		return l->grid[which - VGPU_SREG_NCTAID_X];
	case VGPU_SREG_CTAID_X:
	case VGPU_SREG_CTAID_Y:
	case VGPU_SREG_CTAID_Z:
		return cta ? cta->ctaid[which - VGPU_SREG_CTAID_X] : 0;
	case VGPU_SREG_SMID:
		return cta ? cta->smid : 0;
	case VGPU_SREG_NWARPID:
		return l->nwarps;
	case VGPU_SREG_NSMID:
		return l->sm_count;
	case VGPU_SREG_GRIDID:
		return l->grid_id;
	case VGPU_SREG_DYN_SMEM:
		return l->dynamic_shared;
	case VGPU_SREG_TOTAL_SMEM:
		return l->shared_size;
	case VGPU_SREG_LOCAL_SIZE:
		return l->local_size;
	default:
		return 0;
	}
}

static u64 extend(u64 v, u32 bytes, bool sign)
{
	u32 shift = 64 - 8 * bytes;

	return sign ? (u64)((s64)(v << shift) >> shift) : v << shift >> shift;
}

/* *@va becomes the first byte that is not there. */
static int load_global(const struct engine_launch *l, u64 *va, u32 bytes, u64 *out)
{
	struct engine_span span;
	u8 buf[8] = { 0 };
	u32 done = 0;
	int err;

	while (done < bytes) {
		u64 at = *va + done, off, n;

		err = l->mem->translate(l->as, at, false, &span);
		if (err) {
			*va = at;
			return err;
		}
		off = at - span.va;
		n = min_t(u64, span.size - off, bytes - done);
		memcpy(buf + done, (const u8 *)span.ptr + off, n);
		done += n;
	}
	memcpy(out, buf, 8);
	return 0;
}

static int load(const struct engine_launch *l, const struct vgpu_insn *in, const u64 *s,
		u64 *out, u64 *va)
{
	u32 bytes = 1U << VGPU_MD_GET_WIDTH(in->c), align = 1U << VGPU_MD_GET_ALIGN(in->c);
	u64 at = (in->a == VGPU_NONE ? 0 : s[in->a]) + (u64)(s64)(s32)in->imm, v = 0;
	int err = 0;

	*va = at;
	if (in->mod == VGPU_SPACE_PARAM)
		at = (u32)at;
	if (at & (align - 1))
		return -EINVAL;
	if (in->mod == VGPU_SPACE_PARAM) {
		if (at + bytes > l->param_size)
			return -EFAULT;
		memcpy(&v, l->param + at, bytes);
	} else {
		err = load_global(l, va, bytes, &v);
	}
	*out = extend(v, bytes, in->c & VGPU_MD_SIGNED);
	return err;
}

static u64 compute(const struct engine_launch *l, const struct engine_cta *cta,
		   const struct vgpu_insn *in, const u64 *s)
{
	u64 a, b, c;

	if (in->op == VGPU_OP_SMOVI)
		return (u64)in->c << 48 | (u64)in->b << 32 | in->imm;
	if (in->op == VGPU_OP_SREGS)
		return special(l, cta, in->imm);
	if (in->op == VGPU_OP_SEXT)
		return eng_ext(in->mod, s[in->a]);
	a = source(in, in->a, s);
	b = source(in, in->b, s);
	c = source(in, in->c, s);
	return in->mod & VGPU_S32 ? eng_scalar32(in->op, (u32)a, (u32)b, (u32)c) :
				    eng_scalar64(in->op, a, b, c);
}

int eng_preamble(struct engine_launch *l, struct engine_cta *cta, u32 pc, u64 *s, u64 *va,
		 u32 *at)
{
	const struct vgpu_insn *in;

	for (; in = &l->code->insns[pc], in->op != VGPU_OP_EXIT; pc++) {
		u64 v;
		int err = 0;

		*at = pc;
		if (cta)
			cta->left -= in->op == VGPU_OP_SLD ? ENG_DEAR : 1;
		if (in->op == VGPU_OP_NOP)
			continue;
		if (in->op == VGPU_OP_SLD)
			err = load(l, in, s, &v, va);
		else
			v = compute(l, cta, in, s);
		if (err)
			return err;
		s[in->d] = v;
	}
	return 0;
}
