// SPDX-License-Identifier: GPL-2.0
/*
 * Memory, the slow and complete way: every space, every form, lane by lane, in two
 * phases: first all addresses are checked and translated, then all lanes act.  The
 * handlers' fast paths fall back to this, so that faults are made in one place.
 */
#include "exec.h"
#include "whole.h"

u32 eng_source(const struct eng_warp *w, const struct eng_op *ip, enum op_field f, u32 lane)
{
	u16 at = f == OPF_A ? ip->a : f == OPF_B ? ip->b : ip->c;
	const u32 *p = ip->sel & (1U << (f - OPF_A)) ? (const u32 *)ip : (const u32 *)w;

	return p[at + (ip->md & (1U << (f - OPF_A)) ? lane : 0)];
}

static void fault_place(struct eng_warp *w, struct engine_fault *f, u32 lane)
{
	const struct engine_launch *l = w->cta->launch;
	u32 t = w->index * ENG_LANES + lane;

	memcpy(f->ctaid, w->cta->ctaid, sizeof(f->ctaid));
	f->tid[0] = t % l->block[0];
	t /= l->block[0];
	f->tid[1] = t % l->block[1];
	f->tid[2] = t / l->block[1];
	f->lane = lane;
	f->warp = w->index;
}

static const struct eng_op *raise(struct eng_warp *w, const struct eng_op *ip,
				  struct engine_fault *f, u32 lane)
{
	fault_place(w, f, lane);
	f->pc = ip->pc;
	f->line = engine_code_line(w->cta->launch->code, ip->pc);
	eng_fault_launch(w->cta->launch, f);
	w->exit = ENG_EXIT_FAULT;
	w->ip = NULL;
	return NULL;
}

const struct eng_op *eng_fault(struct eng_warp *w, const struct eng_op *ip, u32 kind, u32 lane)
{
	struct engine_fault f = { .kind = kind, .code = ip->imm };

	if (kind != VGPU_STOP_TRAP)
		f.code = 0;
	return raise(w, ip, &f, lane);
}

/* ---- places --------------------------------------------------------------------------- */

/**
 * struct place - where a byte of some space lies
 * @ptr: there
 * @left: bytes that follow it contiguously
 * @kind: else the fault, or -1 for a missing page
 */
struct place {
	u8 *ptr;
	u64 left;
	int kind;
};

static struct place place_in(u8 *base, u64 off, u64 size, u32 kind)
{
	if (off >= size)
		return (struct place) { .kind = kind };
	return (struct place) { .ptr = base + eng_below(off, size), .left = size - off };
}

static struct place place_local(struct eng_warp *w, u64 off, u32 lane)
{
	if (off >= w->local_size)
		return (struct place) { .kind = VGPU_STOP_STACK_OVERFLOW };
	off = eng_below(off, w->local_size);
	return (struct place) {
		.ptr = w->local + (off & ~3ULL) * ENG_LANES + lane * 4 + (off & 3),
		.left = 4 - (off & 3),
	};
}

static struct place place_global(struct eng_warp *w, u64 va, bool write)
{
	struct eng_tlb_entry *e;
	int err = eng_tlb_find(w, va, write, &e);

	if (!err)
		return place_in(e->ptr, va - e->va, e->size, VGPU_STOP_ILLEGAL_ADDRESS);
	if (err == -EAGAIN)
		return (struct place) { .kind = -1 };
	return (struct place) {
		.kind = err == -EACCES ? VGPU_STOP_READ_ONLY : VGPU_STOP_ILLEGAL_ADDRESS,
	};
}

static u32 space_of(u64 va)
{
	switch (va >> VGPU_WINDOW_SHIFT) {
	case VGPU_WINDOW_SHARED >> VGPU_WINDOW_SHIFT:
		return VGPU_SPACE_SHARED;
	case VGPU_WINDOW_LOCAL >> VGPU_WINDOW_SHIFT:
		return VGPU_SPACE_LOCAL;
	case VGPU_WINDOW_PARAM >> VGPU_WINDOW_SHIFT:
		return VGPU_SPACE_PARAM;
	default:
		return VGPU_SPACE_GLOBAL;
	}
}

static struct place place_of(struct eng_warp *w, u32 space, u64 va, u32 lane, bool write)
{
	if (space == VGPU_SPACE_GENERIC) {
		space = space_of(va);
		if (space != VGPU_SPACE_GLOBAL)
			va &= ~(0xffULL << VGPU_WINDOW_SHIFT);
	}
	switch (space) {
	case VGPU_SPACE_SHARED:
		return place_in(w->shared, va, w->shared_size, VGPU_STOP_ILLEGAL_ADDRESS);
	case VGPU_SPACE_LOCAL:
		return place_local(w, va, lane);
	case VGPU_SPACE_PARAM:
		if (write)
			return (struct place) { .kind = VGPU_STOP_READ_ONLY };
		return place_in((u8 *)w->param, va, w->param_size, VGPU_STOP_ILLEGAL_ADDRESS);
	default:
		return place_global(w, va, write);
	}
}

/**
 * struct access - what is checked and, where it fails, reported
 * @space: enum vgpu_space
 * @bytes: size of each lane's access
 * @align: of what its address must be a multiple, in bytes
 * @write: a store or an atomic
 */
struct access {
	u32 space, bytes, align;
	bool write;
};

static const struct eng_op *fault_at(struct eng_warp *w, const struct eng_op *ip,
				     const struct access *ac, u32 kind, u64 va, u32 lane)
{
	struct engine_fault f = {
		.kind = kind, .address = va, .space = ac->space, .size = ac->bytes,
		.write = ac->write,
	};

	if (f.space == VGPU_SPACE_GENERIC)
		f.space = space_of(va);
	return raise(w, ip, &f, lane);
}

/* One lane's access: every byte of it is there. False: w->exit says what to do */
static bool check_lane(struct eng_warp *w, const struct eng_op *ip, const struct access *ac,
		       u64 va, u32 bytes, u32 lane)
{
	u64 done = 0;

	if (va & (ac->align - 1)) {
		fault_at(w, ip, ac, VGPU_STOP_MISALIGNED, va, lane);
		return false;
	}
	while (done < bytes) {
		struct place at = place_of(w, ac->space, va + done, lane, ac->write);

		if (at.kind < 0) {
			w->cta->page = va + done;
			w->cta->page_write = ac->write;
			w->exit = ENG_EXIT_PAGE;
			w->ip = ip;
			return false;
		}
		if (at.kind) {
			fault_at(w, ip, ac, at.kind, va, lane);
			return false;
		}
		done += at.left;
	}
	return true;
}

/* Straight code can be long, and each of its accesses slow: what has used up its fuel begins later. */
static bool enough_fuel(struct eng_warp *w, const struct eng_op *ip)
{
	if (w->fuel >= 0)
		return true;
	w->exit = ENG_EXIT_FUEL;
	w->ip = ip;
	return false;
}

static bool check(struct eng_warp *w, const struct eng_op *ip, const struct access *ac,
		  u32 lanes)
{
	u32 m;

	if (!enough_fuel(w, ip))
		return false;
	w->fuel -= ENG_DEAR + hweight32(lanes) * (1 + ac->bytes / 4);
	for (m = lanes; m; m &= m - 1)
		if (!check_lane(w, ip, ac, w->addr[__ffs(m)], ac->bytes, __ffs(m)))
			return false;
	return true;
}

/* ---- moving bytes ------------------------------------------------------------------------ */

/*
 * Between @buf and memory that check() found there.  False: it has gone since, because lanes took
 * each other's translations and somebody unmaps; then @buf is not all filled.
 */
static bool transfer(struct eng_warp *w, u32 space, u64 va, u32 lane, u8 *buf, u32 bytes,
		     bool write)
{
	u32 done = 0;

	while (done < bytes) {
		struct place at = place_of(w, space, va + done, lane, write);
		u32 n = (u32)min_t(u64, at.left, bytes - done);

		if (unlikely(!n))
			return false;
		if (write)
			eng_move_whole(at.ptr, buf + done, n);
		else
			eng_move_whole(buf + done, at.ptr, n);
		done += n;
	}
	return true;
}

static const struct eng_op *gone(struct eng_warp *w, const struct eng_op *ip,
				 const struct access *ac, u64 va, u32 lane)
{
	return fault_at(w, ip, ac, VGPU_STOP_ILLEGAL_ADDRESS, va, lane);
}

static u64 extend(const u8 *p, u32 bytes, bool sign)
{
	u32 shift = 64 - 8 * bytes;
	u64 v = 0;

	memcpy(&v, p, bytes);
	return sign ? (u64)((s64)(v << shift) >> shift) : v;
}

/* Element @i of lane @lane, in its register */
static void put_element(struct eng_warp *w, const struct eng_op *ip, u32 i, u32 lane, u64 v)
{
	u32 *d = (u32 *)w + ip->d;

	if (VGPU_MD_GET_WIDTH(ip->md) == 3)
		((u64 *)(d + (size_t)i * 2 * ENG_LANES))[lane] = v;
	else
		d[(size_t)i * ENG_LANES + lane] = (u32)v;
}

static u64 get_element(struct eng_warp *w, const struct eng_op *ip, u32 i, u32 lane)
{
	const u32 *d = (u32 *)w + ip->d;

	if (VGPU_MD_GET_WIDTH(ip->md) == 3)
		return ((const u64 *)(d + (size_t)i * 2 * ENG_LANES))[lane];
	return d[(size_t)i * ENG_LANES + lane];
}

/* w->addr = where each of @lanes accesses; @off is the immediate's part */
static void addresses(struct eng_warp *w, const struct eng_op *ip, u32 lanes, s32 off)
{
	const u32 *row = (const u32 *)w + ip->b;
	const u64 *base = (const u64 *)((const u32 *)w + ip->a);
	const struct engine_prog *prog = w->cta->launch->prog;
	bool wide = ip->x == VGPU_SPACE_GLOBAL || ip->x == VGPU_SPACE_GENERIC;
	u32 m, lane, shift = VGPU_MD_GET_SHIFT(ip->md);

	for (m = lanes; m; m &= m - 1) {
		u64 va;

		lane = __ffs(m);
		switch (VGPU_MD_FORM(ip->md)) {
		case VGPU_MD_FORM_W:
			va = wide ? base[lane] : ((const u32 *)base)[lane];
			break;
		case VGPU_MD_FORM_SV:
			va = *base + ((ip->md & VGPU_MD_SEXT ? (u64)(s64)(s32)row[lane] :
							       row[lane]) << shift);
			break;
		case VGPU_MD_FORM_SP:
			va = *base + prog->patterns[ip->y / sizeof(*prog->patterns)].offset[lane];
			break;
		default:
			va = *base;
			break;
		}
		va += (u64)(s64)off;
		w->addr[lane] = wide ? va : (u32)va;
	}
}

static struct access access_of(const struct eng_op *ip, bool write)
{
	return (struct access) {
		.space = ip->x,
		.bytes = 1U << (VGPU_MD_GET_WIDTH(ip->md) + VGPU_MD_GET_COUNT(ip->md)),
		.align = 1U << VGPU_MD_GET_ALIGN(ip->md),
		.write = write,
	};
}

const struct eng_op *eng_load(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	struct access ac = access_of(ip, false);
	u32 m, i, width = 1U << VGPU_MD_GET_WIDTH(ip->md);
	u8 buf[32] __aligned(16);

	addresses(w, ip, lanes, (s32)ip->imm);
	if (!check(w, ip, &ac, lanes))
		return NULL;
	for (m = lanes; m; m &= m - 1) {
		u32 lane = __ffs(m);

		if (!transfer(w, ac.space, w->addr[lane], lane, buf, ac.bytes, false))
			return gone(w, ip, &ac, w->addr[lane], lane);
		for (i = 0; i * width < ac.bytes; i++)
			put_element(w, ip, i, lane,
				    extend(buf + i * width, width, ip->md & VGPU_MD_SIGNED));
	}
	return ip + 1;
}

const struct eng_op *eng_store(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	struct access ac = access_of(ip, true);
	u32 m, i, width = 1U << VGPU_MD_GET_WIDTH(ip->md);
	u8 buf[32 + 8] __aligned(16);

	addresses(w, ip, lanes, (s32)ip->imm);
	if (!check(w, ip, &ac, lanes))
		return NULL;
	for (m = lanes; m; m &= m - 1) {
		u32 lane = __ffs(m);

		for (i = 0; i * width < ac.bytes; i++) {
			u64 v = get_element(w, ip, i, lane);

			memcpy(buf + i * width, &v, 8);
		}
		if (!transfer(w, ac.space, w->addr[lane], lane, buf, ac.bytes, true))
			return gone(w, ip, &ac, w->addr[lane], lane);
	}
	return ip + 1;
}

const struct eng_op *eng_cpasync(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	struct access from = access_of(ip, false), to = access_of(ip, true);
	bool sized = ip->mod & VGPU_CPASYNC_SRCSIZE;
	const u32 *dst = (const u32 *)w + ip->d, *size = (const u32 *)w + ip->b;
	s32 dst_off = (s16)ip->imm;
	u32 m, lane;
	u8 buf[32] __aligned(16);

	if (!enough_fuel(w, ip))
		return NULL;
	w->fuel -= ENG_DEAR + hweight32(lanes) * (1 + from.bytes / 4);
	to.space = VGPU_SPACE_SHARED;
	addresses(w, ip, lanes, (s32)ip->imm >> 16);
	for (m = lanes; m; m &= m - 1) {
		u32 n = from.bytes;

		lane = __ffs(m);
		if (sized)
			n = min(n, size[lane]);
		if (!check_lane(w, ip, &from, w->addr[lane], n, lane) ||
		    !check_lane(w, ip, &to, dst[lane] + (u32)dst_off, to.bytes, lane))
			return NULL;
	}
	for (m = lanes; m; m &= m - 1) {
		u32 n = from.bytes;

		lane = __ffs(m);
		if (sized)
			n = min(n, size[lane]);
		memset(buf, 0, sizeof(buf));
		if (!transfer(w, from.space, w->addr[lane], lane, buf, n, false))
			return gone(w, ip, &from, w->addr[lane], lane);
		if (!transfer(w, to.space, dst[lane] + (u32)dst_off, lane, buf, to.bytes, true))
			return gone(w, ip, &to, dst[lane] + (u32)dst_off, lane);
	}
	return ip + 1;
}

const struct eng_op *eng_sld(struct eng_warp *w, const struct eng_op *ip)
{
	struct access ac = access_of(ip, false);
	u64 *d = (u64 *)((u32 *)w + ip->d), va;
	u32 lane = __ffs(w->mask);
	u8 buf[8];

	va = *(const u64 *)((const u32 *)w + ip->a) + (u64)(s64)(s32)ip->imm;
	if (ac.space == VGPU_SPACE_SHARED || ac.space == VGPU_SPACE_PARAM)
		va = (u32)va;
	if (!enough_fuel(w, ip) || !check_lane(w, ip, &ac, va, ac.bytes, lane))
		return NULL;
	if (!transfer(w, ac.space, va, lane, buf, ac.bytes, false))
		return gone(w, ip, &ac, va, lane);
	*d = extend(buf, ac.bytes, ip->md & VGPU_MD_SIGNED);
	return ip + 1;
}

bool eng_pointers(struct eng_warp *w, const struct eng_op *ip, u32 lanes, u32 space,
		  u32 bytes, u32 align, bool write, u8 *ptr[ENG_LANES])
{
	struct access ac = { .space = space, .bytes = bytes, .align = align, .write = write };
	u32 m;

	if (!check(w, ip, &ac, lanes))
		return false;
	for (m = lanes; m; m &= m - 1) {
		u32 lane = __ffs(m);
		struct place at = place_of(w, space, w->addr[lane], lane, write);

		if (at.left < bytes) {	/* not in one piece: local memory, or a border */
			fault_at(w, ip, &ac, VGPU_STOP_ILLEGAL_ADDRESS, w->addr[lane], lane);
			return false;
		}
		ptr[lane] = at.ptr;
	}
	return true;
}

u64 eng_piece(struct eng_warp *w, const struct eng_op *ip, u32 space, u64 va, u32 lane,
	      bool write, u8 **ptr)
{
	struct access ac = { .space = space, .bytes = 1, .align = 1, .write = write };
	struct place at;

	if (space == VGPU_SPACE_LOCAL || (space == VGPU_SPACE_GENERIC &&
					  space_of(va) == VGPU_SPACE_LOCAL)) {
		fault_at(w, ip, &ac, VGPU_STOP_ILLEGAL_ADDRESS, va, lane);
		return 0;
	}
	if (!check_lane(w, ip, &ac, va, 1, lane))
		return 0;
	at = place_of(w, space, va, lane, write);
	*ptr = at.ptr;
	return at.left;
}

const struct eng_op *eng_misaligned(struct eng_warp *w, const struct eng_op *ip, u32 space,
				    u64 va, u32 lane)
{
	struct access ac = { .space = space };

	return fault_at(w, ip, &ac, VGPU_STOP_MISALIGNED, va, lane);
}
