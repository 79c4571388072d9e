// SPDX-License-Identifier: MIT
/*
 * Loads, stores and atomics against a model of memory: all spaces, forms, widths
 * and shapes of addresses at random, on all handler sets.
 *
 *	conform_mem [SEED]
 */
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/optable.h"
#include "ref.h"
#include "rig.h"
#include "rnd.h"
#include "tap.h"

/* Global memory: the area (a copy of each space's contents), then what lanes are given. */
#define AREA		0
#define AREA_SIZE	8192
#define LANE_BYTES	256	/* of the area, for local memory */
#define ADDRESSES	8192	/* u64 a lane */
#define OFFSETS		8448	/* u32 a lane */
#define DATA		12288	/* 64 bytes a lane */
#define RESULT		16384	/* 64 bytes a lane */
#define BACK		24576	/* the area after a store */
#define MEMORY		65536

#define TRIALS		250

/**
 * struct trial - one access
 * @space: enum vgpu_space of the place; @generic: through a generic address
 * @store: else a load
 * @form: VGPU_MD_FORM_*
 * @width: log2 bytes an element; @count: log2 elements; @align: log2
 * @is_signed: elements are sign-extended; @sext: offsets are
 * @shift: of the offset
 * @imm: constant offset
 * @members: lanes that do it
 * @at: per lane, where in the space
 */
struct trial {
	u32 space, form, width, count, align, shift;
	bool generic, store, is_signed, sext;
	s32 imm;
	u32 members;
	u32 at[32];
};

static struct rig rig;

static u32 space_size(u32 space)
{
	return space == VGPU_SPACE_LOCAL ? LANE_BYTES : space == VGPU_SPACE_PARAM ? 4096 : AREA_SIZE;
}

/* Where byte @at of lane @l's view of the space lies in the area. */
static u32 area_of(u32 space, u32 l, u32 at)
{
	return space == VGPU_SPACE_LOCAL ? l * LANE_BYTES + at : at;
}

/* ---- choosing --------------------------------------------------------------------- */

/* Contiguous, strided, backward, equal, overlapping, anywhere, or groups as quantized blocks have. */
static void choose_addresses(struct trial *t)
{
	u32 bytes = 1u << (t->width + t->count), unit = 1u << max(t->align, t->shift);
	u32 room = (space_size(t->space) - 64 - bytes) / unit, first, l, shape = rnd() % 7;
	u32 stride = shape == 0 ? max(bytes / unit, 1u) : 1 + rnd() % 8;
	u32 log = rnd() % 4, group = stride * (1 + rnd() % 20), inner = 1 + rnd() % 4;

	if (shape < 3 && room < 31 * stride + 1)
		shape = 5;
	if (shape == 6 && room < 31 * group + 7 * inner + 1)
		shape = 5;
	first = shape < 3 ? rnd() % (room - 31 * stride) :
		shape == 6 ? rnd() % (room - 31 * group - 7 * inner) : rnd() % room;
	for (l = 0; l < 32; l++) {
		u32 n = shape < 2 ? first + l * stride : shape == 2 ? first + (31 - l) * stride :
			shape == 3 || t->form == VGPU_MD_FORM_S ? first :
			shape == 6 ? first + (l >> log) * group + (l & ((1u << log) - 1)) * inner :
			shape == 4 ? min(first + rnd() % 4, room - 1) : rnd() % room;

		t->at[l] = 32 + n * unit;
	}
	/* nearly one of those */
	if (rnd() % 8 == 0)
		t->at[rnd() % 32] = 32 + rnd() % room * unit;
	if (t->form == VGPU_MD_FORM_S)
		for (l = 1; l < 32; l++)
			t->at[l] = t->at[0];
}

static void choose(struct trial *t, u32 space, bool store, bool generic)
{
	memset(t, 0, sizeof(*t));
	t->space = space;
	t->store = store;
	t->generic = generic;
	t->form = rnd() % 4;
	t->width = rnd() % 4;
	do {
		t->count = rnd() % 4;
	} while (t->width + t->count > 5);
	t->align = rnd() % 3 ? t->width + t->count : rnd() % (t->width + t->count + 1);
	t->is_signed = t->width < 2 && !store && rnd() % 2;
	if (t->form == VGPU_MD_FORM_SV) {
		t->shift = rnd() % 5;
		t->sext = rnd() % 2;
	}
	t->imm = rnd() % 3 ? ((s32)(rnd() % 64) - 32) * (1 << t->align) : 0;
	t->members = rnd() % 2 ? ~0u : rnd();
	choose_addresses(t);
}

/* ---- the kernel ------------------------------------------------------------------------ */

/**
 * struct text - a kernel being written
 */
struct text {
	char buf[65536];
	size_t n;
};

#define PUT(t, ...) ((t)->n += snprintf((t)->buf + (t)->n, sizeof((t)->buf) - (t)->n, __VA_ARGS__))

static const char *space_name(const struct trial *t)
{
	static const char * const names[] = {
		[VGPU_SPACE_GLOBAL] = "global", [VGPU_SPACE_SHARED] = "shared",
		[VGPU_SPACE_LOCAL] = "local", [VGPU_SPACE_PARAM] = "param",
	};

	return t->generic ? "generic" : names[t->space];
}

static u64 space_base(const struct trial *t)
{
	if (t->space == VGPU_SPACE_GLOBAL)
		return RIG_BASE + AREA;
	if (!t->generic)
		return 0;
	return t->space == VGPU_SPACE_SHARED ? VGPU_WINDOW_SHARED :
	       t->space == VGPU_SPACE_LOCAL ? VGPU_WINDOW_LOCAL : VGPU_WINDOW_PARAM;
}

/* Shared and local memory begin as the area, and go back behind it. */
static void put_copy(struct text *x, u32 space, bool back)
{
	const char *name = space == VGPU_SPACE_SHARED ? "shared" : "local";
	u32 i;

	if (space != VGPU_SPACE_SHARED && space != VGPU_SPACE_LOCAL)
		return;
	for (i = 0; i < LANE_BYTES; i += 4)
		if (back)
			PUT(x, "ld.%s:b32:a4 v40, [v3+%u]\nst.global:b32:a4 v40, [s0+v4<<0+%u]\n",
			    name, i, BACK + i);
		else
			PUT(x, "ld.global:b32:a4 v40, [s0+v4<<0+%u]\nst.%s:b32:a4 v40, [v3+%u]\n",
			    AREA + i, name, i);
}

static void put_prologue(struct text *x, u32 space, u32 members, const u32 *pattern)
{
	u32 l;

	x->n = 0;
	PUT(x, ".kernel \"k\" func=f vregs=64 param=%u shared=%u local=%u\n.pattern ",
	    space == VGPU_SPACE_PARAM ? 4096 : 8, AREA_SIZE, LANE_BYTES);
	for (l = 0; l < 32; l++)
		PUT(x, "%s%u", l ? ", " : "", pattern[l]);
	/* V3: the lane's part of the space; V4: of the area; V5: of results and data */
	PUT(x, "\n.func f\ns.movi s0, 0x%llx\nsreg v0, %%tid.x\nshl v4, v0, 8\n"
	    "shl v5, v0, 6\n%s\nshl v6, v0, 3\nshl v7, v0, 2\n", (unsigned long long)RIG_BASE,
	    space == VGPU_SPACE_LOCAL ? "mov v3, 0" : "mov v3, v4");
	put_copy(x, space, false);
	PUT(x, "ld.global:b64:a8 w8, [s0+v6<<0+%u]\nld.global:b32:a4 v10, [s0+v7<<0+%u]\n",
	    ADDRESSES, OFFSETS);
	PUT(x, "s.movi s8, %u\nsreg v21, %%lanemask_eq\nand v21, v21, s8\nsetp.32:ne p1, v21, 0\n",
	    members);
}

static void put_address(struct text *x, const struct trial *t, u64 base)
{
	bool wide = t->generic || t->space == VGPU_SPACE_GLOBAL;

	switch (t->form) {
	case VGPU_MD_FORM_W:
		PUT(x, "[%s", wide ? "w8" : "v10");
		break;
	case VGPU_MD_FORM_SV:
		PUT(x, "[s1+v10%s<<%u", t->sext ? ".s" : "", t->shift);
		break;
	case VGPU_MD_FORM_SP:
		PUT(x, "[s1+pat0");
		break;
	default:
		PUT(x, base ? "[s1" : "[0");
		break;
	}
	if (t->imm)
		PUT(x, "%+d", t->imm);
	PUT(x, "]\n");
}

static void put_kernel(struct text *x, const struct trial *t)
{
	static const char * const widths[] = { "u8", "u16", "b32", "b64", "s8", "s16" };
	u32 pattern[32], n = 1u << t->count, i, l;
	u64 base = space_base(t), first = base;

	/* offsets are from s1, which is moved where they have a sign */
	if (t->form == VGPU_MD_FORM_S)
		first = base + t->at[0] - t->imm;
	else if (t->form == VGPU_MD_FORM_SV && t->sext)
		first = base + 4096 - t->imm;
	else
		first = base - t->imm;
	for (l = 0; l < 32; l++)
		pattern[l] = t->at[l];
	put_prologue(x, t->space, t->members, pattern);
	PUT(x, "s.movi s1, 0x%llx\n", (unsigned long long)first);
	for (i = 0; i < n; i++)
		if (t->store && t->width == 3)
			PUT(x, "ld.global:b64:a8 w%u, [s0+v5<<0+%u]\n", 16 + 2 * i, DATA + 8 * i);
		else if (t->store)
			PUT(x, "ld.global:b32:a4 v%u, [s0+v5<<0+%u]\n", 16 + i, DATA + 4 * i);
		else
			PUT(x, t->width == 3 ? "mov.w w%u, 77\n" : "mov v%u, 77\n",
			    t->width == 3 ? 16 + 2 * i : 16 + i);
	PUT(x, "%s%s.%s:%s", t->members == ~0u ? "" : "@p1 ", t->store ? "st" : "ld", space_name(t),
	    widths[t->width + (t->is_signed ? 4 : 0)]);
	if (n > 1)
		PUT(x, ":x%u", n);
	PUT(x, ":a%u %s16, ", 1u << t->align, t->width == 3 ? "w" : "v");
	put_address(x, t, t->form == VGPU_MD_FORM_S ? 1 : first);
	for (i = 0; i < n && !t->store; i++)
		PUT(x, t->width == 3 ? "st.global:b64:a8 w%u, [s0+v5<<0+%u]\n" :
		    "st.global:b32:a4 v%u, [s0+v5<<0+%u]\n", t->width == 3 ? 16 + 2 * i : 16 + i,
		    RESULT + (t->width == 3 ? 8 : 4) * i);
	if (t->store)
		put_copy(x, t->space, true);
	PUT(x, "exit\n.end\n");
}

/* ---- the model ---------------------------------------------------------------------------- */

static u64 element(const u8 *p, u32 width, bool is_signed)
{
	u64 val = 0;

	memcpy(&val, p, 1u << width);
	if (is_signed && val >> ((8u << width) - 1))
		val |= ~0ull << (8u << width);
	return width == 3 ? val : (u32)val;
}

static bool check_load(const struct trial *t, const u8 *area)
{
	u32 l, i, n = 1u << t->count, size = t->width == 3 ? 8 : 4;

	for (l = 0; l < 32; l++)
		for (i = 0; i < n; i++) {
			u64 got = 0, want = 77;

			memcpy(&got, rig.mem + RESULT + l * 64 + i * size, size);
			if (t->members >> l & 1)
				want = element(area + area_of(t->space, l, t->at[l]) + (i << t->width),
					       t->width, t->is_signed);
			if (got != want) {
				printf("# lane %u, element %u: got %llx, want %llx\n", l, i,
				       (unsigned long long)got, (unsigned long long)want);
				return false;
			}
		}
	return true;
}

static void model_store(const struct trial *t, u8 *area)
{
	u32 l, i, size = t->width == 3 ? 8 : 4;

	for (l = 0; l < 32; l++)
		for (i = 0; t->members >> l & 1 && i < 1u << t->count; i++)
			memcpy(area + area_of(t->space, l, t->at[l]) + (i << t->width),
			       rig.mem + DATA + l * 64 + i * size, 1u << t->width);
}

static bool check_area(u32 space, const u8 *want)
{
	const u8 *got = rig.mem + (space == VGPU_SPACE_GLOBAL ? AREA : BACK);
	u32 i;

	for (i = 0; i < AREA_SIZE; i++)
		if (got[i] != want[i]) {
			printf("# byte %u: got %x, want %x\n", i, got[i], want[i]);
			return false;
		}
	return true;
}

static void fill(void)
{
	u32 i;

	for (i = 0; i < MEMORY; i += 4)
		memcpy(rig.mem + i, &(u32){ rnd() }, 4);
}

static void give_addresses(const struct trial *t)
{
	u64 base = space_base(t);
	u32 l;

	for (l = 0; l < 32; l++) {
		u64 w = base + t->at[l] - t->imm;
		u32 v = t->at[l];

		if (t->form == VGPU_MD_FORM_W)
			v = t->at[l] - t->imm;
		else if (t->form == VGPU_MD_FORM_SV && t->sext)
			v = (u32)((s32)(t->at[l] - 4096) >> t->shift);
		else if (t->form == VGPU_MD_FORM_SV)
			v = t->at[l] >> t->shift;
		memcpy(rig.mem + ADDRESSES + l * 8, &w, 8);
		memcpy(rig.mem + OFFSETS + l * 4, &v, 4);
	}
}

static int run_text(const char *text)
{
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = rig.mem + AREA,
		.param_size = 4096,
	};

	return rig_run(&rig, text, &g);
}

static bool run_access(const struct trial *t, const char *set)
{
	static struct text x;
	static u8 area[AREA_SIZE];
	bool ok;

	fill();
	give_addresses(t);
	memcpy(area, rig.mem + AREA, AREA_SIZE);
	put_kernel(&x, t);
	rig.span = rnd() % 2 ? 0 : 4096;
	rig.large = rnd() % 2;
	if (run_text(x.buf) != ENGINE_DONE) {
		printf("# %s, fault %u at %u, address %llx\n", rig.msg, rig.fault.kind, rig.fault.pc,
		       (unsigned long long)rig.fault.address);
		ok = false;
	} else if (t->store) {
		model_store(t, area);
		ok = check_area(t->space, area);
	} else {
		ok = check_load(t, area);
	}
	if (!ok) {
		const char *at = strstr(x.buf, "s.movi s1");
		const char *insn = at ? strstr(at, t->store ? "st." : "ld.") : NULL;

		while (insn && strncmp(insn + 3, space_name(t), 5))
			insn = strstr(insn + 1, t->store ? "st." : "ld.");
		printf("# %s: space %u, members %x, at %u %u %u ..., %.60s\n", set, t->space,
		       t->members, t->at[0], t->at[1], t->at[2], insn ? insn : "?");
	}
	return ok;
}

static void run_accesses(const char *set)
{
	u32 space, store, generic, i;

	for (space = VGPU_SPACE_GLOBAL; space <= VGPU_SPACE_PARAM; space++)
		for (store = 0; store < 2; store++)
			for (generic = 0; generic < 2; generic++) {
				bool ok = true;

				if (space == VGPU_SPACE_PARAM && store)
					continue;
				for (i = 0; i < TRIALS && ok; i++) {
					struct trial t;

					choose(&t, space, store, generic);
					ok = run_access(&t, set);
				}
				tap_result(ok, "%s %s space %u%s (%u forms)", set,
					   store ? "store" : "load", space,
					   generic ? ", generic" : "", i);
			}
}

/* ---- atomics --------------------------------------------------------------------------------- */

static u32 type_bytes(u32 type)
{
	switch (type) {
	case VGPU_AT_F16:
	case VGPU_AT_BF16:
	case VGPU_AT_B16:
		return 2;
	case VGPU_AT_U64:
	case VGPU_AT_S64:
	case VGPU_AT_F64:
		return 8;
	default:
		return 4;
	}
}

static u16 add_half(u16 a, u16 b, const struct ref_format *f)
{
	struct ref_number x = ref_from_format(a, f), y = ref_from_format(b, f);
	double sum;

	if (x.nan || y.nan)
		return NAN16;
	sum = ref_fma_odd(ref_double(ref_to_f64(x, VGPU_RN)), 1, ref_double(ref_to_f64(y, VGPU_RN)));
	return isnan(sum) ? NAN16 : ref_to_format(ref_from_f64(ref_bits64(sum)), f, VGPU_RN);
}

/* f32 sums flush in global memory and not in shared memory. */
static u64 add_float(u64 old, u64 b, u32 type, bool shared)
{
	volatile float f, g;
	volatile double d;

	switch (type) {
	case VGPU_AT_F32:
		f = ref_float(shared ? old : ref_flush(old));
		g = ref_float(shared ? b : ref_flush(b));
		f = f + g;
		if (isnan(f))
			return NAN32;
		return shared ? ref_bits(f) : ref_flush(ref_bits(f));
	case VGPU_AT_F64:
		d = ref_double(old) + ref_double(b);
		return isnan(d) ? NAN64 : ref_bits64(d);
	case VGPU_AT_F16:
		return add_half(old, b, &ref_f16);
	case VGPU_AT_BF16:
		return add_half(old, b, &ref_bf16);
	case VGPU_AT_F16X2:
		return add_half(old, b, &ref_f16) | (u32)add_half(old >> 16, b >> 16, &ref_f16) << 16;
	default:
		return add_half(old, b, &ref_bf16) | (u32)add_half(old >> 16, b >> 16, &ref_bf16) << 16;
	}
}

static u64 apply(u64 old, u64 b, u64 c, u32 op, u32 type, bool shared)
{
	bool less;

	if (type == VGPU_AT_U32)
		less = (u32)b < (u32)old;
	else if (type == VGPU_AT_S32)
		less = (s32)b < (s32)old;
	else
		less = type == VGPU_AT_S64 ? (s64)b < (s64)old : b < old;
	switch (op) {
	case VGPU_ATOM_ADD:
		return type < VGPU_AT_F32 ? old + b : add_float(old, b, type, shared);
	case VGPU_ATOM_MIN:
		return less ? b : old;
	case VGPU_ATOM_MAX:
		return less ? old : b;
	case VGPU_ATOM_INC:
		return (u32)old >= (u32)b ? 0 : old + 1;
	case VGPU_ATOM_DEC:
		return !(u32)old || (u32)old > (u32)b ? b : old - 1;
	case VGPU_ATOM_AND:
		return old & b;
	case VGPU_ATOM_OR:
		return old | b;
	case VGPU_ATOM_XOR:
		return old ^ b;
	case VGPU_ATOM_EXCH:
		return b;
	default:
		return old == b ? c : old;
	}
}

/* The lanes one after the other; old values go to @old. */
static void model_atomic(const struct trial *t, u32 op, u32 type, u8 *area, u64 *old)
{
	u32 bytes = type_bytes(type), l;

	for (l = 0; l < 32; l++) {
		u8 *p = area + area_of(t->space, l, t->at[l]);
		u64 b = 0, c = 0, val = 0;

		old[l] = 77;
		if (!(t->members >> l & 1))
			continue;
		memcpy(&b, rig.mem + DATA + l * 64, bytes);
		memcpy(&c, rig.mem + DATA + l * 64 + 8, bytes);
		memcpy(&val, p, bytes);
		old[l] = val;
		val = apply(val, b, c, op, type, t->space == VGPU_SPACE_SHARED);
		memcpy(p, &val, bytes);
	}
}

static void put_atomic(struct text *x, const struct trial *t, u32 op, u32 type, bool result)
{
	static const char * const ops[] = {
		"add", "min", "max", "inc", "dec", "and", "or", "xor", "exch", "cas",
	};
	static const char * const types[] = {
		"u32", "s32", "u64", "s64", "f32", "f64", "f16", "f16x2", "bf16", "bf16x2", "b16",
	};
	bool wide = type_bytes(type) == 8;
	char r = wide ? 'w' : 'v';

	put_prologue(x, t->space, t->members, t->at);
	PUT(x, "ld.global:%s %c12, [s0+v5<<0+%u]\nld.global:%s %c14, [s0+v5<<0+%u]\n",
	    wide ? "b64:a8" : "b32:a4", r, DATA, wide ? "b64:a8" : "b32:a4", r, DATA + 8);
	PUT(x, wide ? "mov.w w16, 77\n" : "mov v16, 77\n");
	PUT(x, "@p1 atom.%s:%s:%s ", space_name(t), ops[op], types[type]);
	if (result)
		PUT(x, "%c16, ", r);
	else
		PUT(x, "none, ");
	PUT(x, "[%s%+d], %c12", t->generic || t->space == VGPU_SPACE_GLOBAL ? "w8" : "v10",
	    t->imm, r);
	PUT(x, op == VGPU_ATOM_CAS ? ", %c14\n" : "\n", r);
	PUT(x, "st.global:%s %c16, [s0+v5<<0+%u]\n", wide ? "b64:a8" : "b32:a4", r, RESULT);
	put_copy(x, t->space, true);
	PUT(x, "exit\n.end\n");
}

/* Small values and floats that add up, so that compares hit and sums are not all NaN. */
static void fill_atomic(u32 type)
{
	static const u32 floats[] = {
		0x3f800000, 0xbf800000, 1, 0x00800000, 0x80400000, 0x7f7fffff, 0x7f800000, 0x7fc00000,
		0x3c003c00, 0x00010001, 0x7bff7bff, 0x80010400, 0x3f803f80, 0x00400001, 0,
	};
	u32 i;

	fill();
	for (i = 0; i < AREA_SIZE; i += 4)
		if (rnd() % 4)
			memcpy(rig.mem + AREA + i, &(u32){ type >= VGPU_AT_F32 && rnd() % 2 ?
			       floats[rnd() % ARRAY_SIZE(floats)] : rnd() % 3 }, 4);
	for (i = 0; i < 32 * 64; i += 4)
		if (rnd() % 4)
			memcpy(rig.mem + DATA + i, &(u32){ type >= VGPU_AT_F32 && rnd() % 2 ?
			       floats[rnd() % ARRAY_SIZE(floats)] : rnd() % 3 }, 4);
}

static bool run_atomic(u32 space, bool generic, u32 op, u32 type, const char *set)
{
	static struct text x;
	static u8 area[AREA_SIZE];
	bool result = rnd() % 4, ok = true;
	struct trial t = {
		.space = space, .generic = generic, .form = VGPU_MD_FORM_W,
		.align = __builtin_ctz(type_bytes(type)), .width = __builtin_ctz(type_bytes(type)),
		.members = rnd() % 2 ? ~0u : rnd(), .imm = (s32)(rnd() % 64) - 32,
	};
	u64 old[32];
	u32 l;

	choose_addresses(&t);
	fill_atomic(type);
	give_addresses(&t);
	memcpy(area, rig.mem + AREA, AREA_SIZE);
	put_atomic(&x, &t, op, type, result);
	if (run_text(x.buf) != ENGINE_DONE) {
		printf("# %s, fault %u at %u\n", rig.msg, rig.fault.kind, rig.fault.pc);
		return false;
	}
	model_atomic(&t, op, type, area, old);
	for (l = 0; l < 32 && ok; l++) {
		u64 got = 0;

		memcpy(&got, rig.mem + RESULT + l * 64, type_bytes(type) == 8 ? 8 : 4);
		ok = got == (result ? old[l] : 77);
		if (!ok)
			printf("# lane %u: got old %llx, want %llx\n", l, (unsigned long long)got,
			       (unsigned long long)(result ? old[l] : 77));
	}
	ok = ok && check_area(space, area);
	if (!ok)
		printf("# %s: %.60s members %x at %u %u %u\n", set, strstr(x.buf, "@p1 atom"), t.members,
		       t.at[0], t.at[1], t.at[2]);
	return ok;
}

static bool atomic_exists(u32 op, u32 type)
{
	if (type == VGPU_AT_U32)
		return true;
	if (type == VGPU_AT_S32 || type == VGPU_AT_S64)
		return op <= VGPU_ATOM_MAX;
	if (type == VGPU_AT_U64)
		return op != VGPU_ATOM_INC && op != VGPU_ATOM_DEC;
	if (type == VGPU_AT_F32 || type == VGPU_AT_F64)
		return op == VGPU_ATOM_ADD || op == VGPU_ATOM_EXCH || op == VGPU_ATOM_CAS;
	if (type == VGPU_AT_B16)
		return op == VGPU_ATOM_EXCH || op == VGPU_ATOM_CAS;
	/* their minimum and maximum: conform_shared.c */
	return op == VGPU_ATOM_ADD;
}

static void run_atomics(const char *set)
{
	static const u32 spaces[] = {
		VGPU_SPACE_GLOBAL, VGPU_SPACE_SHARED, VGPU_SPACE_GLOBAL, VGPU_SPACE_SHARED,
	};
	u32 s, op, type, i, n = 0;

	for (s = 0; s < 4; s++) {
		bool ok = true;

		for (type = 0; type < VGPU_AT_B128; type++)
			for (op = 0; op < VGPU_ATOM_COUNT; op++)
				for (i = 0; i < 8 && atomic_exists(op, type); i++, n++)
					ok = run_atomic(spaces[s], s >= 2, op, type, set) && ok;
		tap_result(ok, "%s atomics, space %u%s (%u forms)", set, spaces[s],
			   s >= 2 ? ", generic" : "", n);
		n = 0;
	}
}

/* ---- matrices and copies to shared memory ------------------------------------------------- */

/* Distinct places for each lane, @unit bytes each, in shared memory. */
static void distinct(u32 *at, u32 unit)
{
	u32 l, first = rnd() % (AREA_SIZE / unit / 64), step = 1 + rnd() % (AREA_SIZE / unit / 64);

	for (l = 0; l < 32; l++)
		at[l] = (first + (l * 13 % 32) * step) * unit;
}

static u16 half_at(const u8 *area, u32 at)
{
	u16 val;

	memcpy(&val, area + at, 2);
	return val;
}

/* The element of an 8x8 matrix that is half @h of lane @l's register. */
static void matrix_place(u32 l, u32 h, bool trans, u32 *row, u32 *col)
{
	u32 r = l / 4, c = l % 4 * 2 + h;

	*row = trans ? c : r;
	*col = trans ? r : c;
}

static bool run_matrix(u32 num, bool trans, bool store, const char *set)
{
	static struct text x;
	static u8 area[AREA_SIZE];
	struct trial t = { .space = VGPU_SPACE_SHARED, .imm = (s32)(rnd() % 3) * 16 - 16,
			   .form = VGPU_MD_FORM_W };
	u32 i, l, h, row, col, n = 1u << num;
	bool ok = true;

	distinct(t.at, 16);
	fill();
	give_addresses(&t);
	memcpy(area, rig.mem + AREA, AREA_SIZE);
	put_prologue(&x, VGPU_SPACE_SHARED, ~0u, t.at);
	for (i = 0; i < n && store; i++)
		PUT(&x, "ld.global:b32:a4 v%u, [s0+v5<<0+%u]\n", 16 + i, DATA + 4 * i);
	PUT(&x, "%smatrix:m%u%s v16, [v10%+d]\n", store ? "st" : "ld", n, trans ? ":trans" : "",
	    t.imm);
	for (i = 0; i < n && !store; i++)
		PUT(&x, "st.global:b32:a4 v%u, [s0+v5<<0+%u]\n", 16 + i, RESULT + 4 * i);
	put_copy(&x, VGPU_SPACE_SHARED, true);
	PUT(&x, "exit\n.end\n");
	if (run_text(x.buf) != ENGINE_DONE) {
		printf("# %s, fault %u at %u\n", rig.msg, rig.fault.kind, rig.fault.pc);
		return false;
	}
	for (i = 0; i < n; i++)
		for (l = 0; l < 32; l++)
			for (h = 0; h < 2; h++) {
				matrix_place(l, h, trans, &row, &col);
				row = t.at[i * 8 + row] + 2 * col;
				if (store)
					memcpy(area + row, rig.mem + DATA + l * 64 + i * 4 + h * 2, 2);
				else
					ok = ok && half_at(area, row) ==
					     half_at(rig.mem, RESULT + l * 64 + i * 4 + h * 2);
			}
	ok = ok && check_area(VGPU_SPACE_SHARED, area);
	if (!ok)
		printf("# %s: %smatrix m%u trans %u\n", set, store ? "st" : "ld", n, trans);
	return ok;
}

static bool run_movmatrix(void)
{
	static struct text x;
	static const u32 none[32];
	u32 l, h, row, col;
	bool ok = true;

	fill();
	put_prologue(&x, VGPU_SPACE_GLOBAL, ~0u, none);
	PUT(&x, "ld.global:b32:a4 v16, [s0+v5<<0+%u]\nmovmatrix v17, v16\n"
	    "st.global:b32:a4 v17, [s0+v5<<0+%u]\nexit\n.end\n", DATA, RESULT);
	if (run_text(x.buf) != ENGINE_DONE)
		return false;
	for (l = 0; l < 32; l++)
		for (h = 0; h < 2; h++) {
			matrix_place(l, h, true, &row, &col);
			ok = ok && half_at(rig.mem, RESULT + l * 64 + h * 2) ==
			     half_at(rig.mem, DATA + (row * 4 + col / 2) * 64 + col % 2 * 2);
		}
	return ok;
}

/* The rest behind the source's size is filled with zeros. */
static bool run_copy(u32 log2, bool sized, const char *set)
{
	static const char * const forms[] = { "b32:a4", "b32:x2:a8", "b32:x4:a16" };
	static struct text x;
	static u8 area[AREA_SIZE];
	struct trial t = { .space = VGPU_SPACE_SHARED, .members = rnd() % 2 ? ~0u : rnd() };
	u32 bytes = 1u << log2, l, source[32], have[32];
	s32 low = (s32)(rnd() % 5) * 16 - 32, high = (s32)(rnd() % 5) * 16 - 32;
	bool ok;

	distinct(t.at, 16);
	fill();
	for (l = 0; l < 32; l++) {
		u64 w;
		u32 v = t.at[l] - low;

		source[l] = rnd() % (AREA_SIZE / bytes) * bytes;
		have[l] = sized ? rnd() % (bytes + 1) : bytes;
		w = RIG_BASE + AREA + source[l] - high;
		memcpy(rig.mem + ADDRESSES + l * 8, &w, 8);
		memcpy(rig.mem + OFFSETS + l * 4, &v, 4);
		memcpy(rig.mem + DATA + l * 64, &have[l], 4);
	}
	memcpy(area, rig.mem + AREA, AREA_SIZE);
	put_prologue(&x, VGPU_SPACE_SHARED, t.members, t.at);
	PUT(&x, "ld.global:b32:a4 v16, [s0+v5<<0+%u]\n", DATA);
	PUT(&x, "@p1 cp.async:%s%s [v10%+d], [w8%+d]%s\n", sized ? "srcsize:" : "", forms[log2 - 2],
	    low, high, sized ? ", v16" : "");
	put_copy(&x, VGPU_SPACE_SHARED, true);
	PUT(&x, "exit\n.end\n");
	if (run_text(x.buf) != ENGINE_DONE) {
		printf("# %s, fault %u at %u\n", rig.msg, rig.fault.kind, rig.fault.pc);
		return false;
	}
	for (l = 0; l < 32; l++)
		if (t.members >> l & 1) {
			memset(area + t.at[l], 0, bytes);
			memcpy(area + t.at[l], rig.mem + AREA + source[l], have[l]);
		}
	ok = check_area(VGPU_SPACE_SHARED, area);
	if (!ok)
		printf("# %s: cp.async of %u bytes, sized %u, members %x\n", set, bytes, sized,
		       t.members);
	return ok;
}

static void run_others(const char *set)
{
	bool matrices = true, copies = true, moved = true;
	u32 i;

	for (i = 0; i < 96; i++) {
		matrices = run_matrix(i % 3, i / 3 % 2, i / 6 % 2, set) && matrices;
		copies = run_copy(2 + i % 3, i / 3 % 2, set) && copies;
	}
	for (i = 0; i < 8; i++)
		moved = run_movmatrix() && moved;
	tap_result(matrices, "%s ldmatrix, stmatrix", set);
	tap_result(moved, "%s movmatrix", set);
	tap_result(copies, "%s cp.async", set);
}

int main(int argc, char **argv)
{
	const char * const *set = rig_sets();

	if (argc > 1)
		rnd_state = strtoul(argv[1], NULL, 0) | 1;
	rig_init(&rig, MEMORY);
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		run_accesses(*set);
		run_atomics(*set);
		run_others(*set);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
