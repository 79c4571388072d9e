// SPDX-License-Identifier: MIT
/*
 * What works on the block's shared memory as a whole: matrices of bytes and less,
 * barrier objects, copies and reductions in bulk, the barrier of a cluster; against
 * models written from the instruction set's description.
 */
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "rnd.h"
#include "tap.h"

static struct rig rig;

static void randomize(void *p, size_t n)
{
	u8 *b = p;

	while (n--)
		*b++ = rnd() >> 8;
}

static bool run(const char *text, u32 threads)
{
	const u64 param = RIG_BASE;
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { threads, 1, 1 }, .param = &param, .param_size = 8,
	};

	if (rig_run(&rig, text, &g) == ENGINE_DONE)
		return true;
	printf("# %s fault %u at %u\n", rig.msg, rig.fault.kind, rig.fault.pc);
	return false;
}

/* For snprintf(), and as a text by itself */
#define HEADF(SHARED) ".kernel \"k\" func=f vregs=32 sregs=8 param=8 shared=" #SHARED "\n.func f\n" \
	"s.ld:param:b64:a8 s0, [0]\nsreg v0, %%tid.x\n"
#define HEAD(SHARED) ".kernel \"k\" func=f vregs=32 sregs=8 param=8 shared=" #SHARED "\n.func f\n" \
	"s.ld:param:b64:a8 s0, [0]\nsreg v0, %tid.x\n"

/* ---- matrices of bytes -------------------------------------------------------------------- */

/* Shared memory is global's first 1024 bytes; lane l's row begins at 16 * (l ^ 5). */
#define MATRIX_HEAD HEADF(1024)							\
	"shl v1, v0, 5\nld.global:b64:x4:a32 w2, [s0+v1<<0]\n"			\
	"st.shared:b64:x4:a32 w2, [v1]\nxor v1, v0, 5\nshl v1, v1, 4\n"

/* Element @i of the packed row at @p */
static u8 unpack(const u8 *p, u32 i, u32 bits)
{
	u32 at = i * bits, v = p[at / 8] | p[at / 8 + 1] << 8;

	return v >> at % 8 & ((1u << bits) - 1);
}

static bool test_load(const char *how, u32 bits, bool square, u32 count)
{
	u32 (*out)[32] = (void *)(rig.mem + 1024), regs = count * (square ? 2 : 1), i, l, e;
	char text[1024];
	u8 *row;

	randomize(rig.mem, 1024);
	snprintf(text, sizeof(text), MATRIX_HEAD "ldmatrix%s v12, [v1]\n"
		 "st.global:b32:a4 v12, [s0+v0<<2+1024]\nst.global:b32:a4 v13, [s0+v0<<2+1152]\n"
		 "st.global:b32:a4 v14, [s0+v0<<2+1280]\nst.global:b32:a4 v15, [s0+v0<<2+1408]\n"
		 "exit\n.end\n", how);
	if (!run(text, 32))
		return false;
	for (i = 0; i < regs; i++)
		for (l = 0; l < 32; l++)
			for (e = 0; e < 4; e++) {
				/* the matrix's element: row, column */
				u32 r = l / 4 + (square ? 8 * (i % 2) : 0), c = l % 4 * 4 + e;
				u32 holder = square ? i / 2 * 16 + c : i * 8 + r;

				row = rig.mem + 16 * (holder ^ 5);
				if ((out[i][l] >> 8 * e & 255) != unpack(row, square ? r : c, bits)) {
					printf("# %s: register %u lane %u byte %u\n", how, i, l, e);
					return false;
				}
			}
	return true;
}

static bool test_store(u32 count, const char *how)
{
	u32 (*in)[32] = (void *)(rig.mem + 1024), i, l, e;
	u8 want[1024], *got = rig.mem + 2048;
	char text[1024];

	randomize(rig.mem, 2048);
	memcpy(want, rig.mem, 1024);
	snprintf(text, sizeof(text), MATRIX_HEAD
		 "ld.global:b32:a4 v12, [s0+v0<<2+1024]\nld.global:b32:a4 v13, [s0+v0<<2+1152]\n"
		 "ld.global:b32:a4 v14, [s0+v0<<2+1280]\nld.global:b32:a4 v15, [s0+v0<<2+1408]\n"
		 "stmatrix%s v12, [v1]\nshl v1, v0, 5\nld.shared:b64:x4:a32 w2, [v1]\n"
		 "st.global:b64:x4:a32 w2, [s0+v1<<0+2048]\nexit\n.end\n", how);
	if (!run(text, 32))
		return false;
	for (i = 0; i < count; i++)
		for (l = 0; l < 32; l++)
			for (e = 0; e < 4; e++) {
				u32 col = l % 4 * 2 + e % 2, r = l / 4 + e / 2 * 8;

				want[16 * ((i * 8 + col) ^ 5) + r] = in[i][l] >> 8 * e;
			}
	return !memcmp(want, got, 1024);
}

/* ---- barrier objects ---------------------------------------------------------------------------- */

/*
 * Thread 0 takes the object through its life; each step leaves a word at 8 * n behind
 * the parameter's address: a state, or what a test says.
 */
static const char life[] =
	HEAD(64)
	"setp.32:ne p0, v0, 0\n@p0 exit\n"
	"mov v1, 8\nmov v2, 3\nmbarrier:init none, [v1+8], v2\n"
	"mov v3, 1\nmov v4, 0\n"
	"mbarrier:arrive w8, [v1+8], v3\nst.global:b64:a8 w8, [s0]\n"		/* 3 pending */
	"mbarrier:test p1, [v1+8], w8\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+8]\n"	/* no */
	"mov v2, 2\nmbarrier:arrive w10, [v1+8], v2\n"				/* phase 0 ends */
	"st.global:b64:a8 w10, [s0+16]\n"
	"mbarrier:test p1, [v1+8], w8\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+24]\n"	/* yes */
	"mbarrier:parity p1, [v1+8], v4\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+32]\n" /* 0: yes */
	"mbarrier:parity:try p1, [v1+8], v3\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+40]\n" /* 1: no */
	"mov v6, 96\nmbarrier:expect none, [v1+8], v6\n"
	"mov v6, 32\nmbarrier:drop none, [v1+8], v3\nmbarrier:arrivetx none, [v1+8], v6\n"
	"mbarrier:arrive none, [v1+8], v3\n"					/* bytes are missing */
	"mbarrier:parity p1, [v1+8], v3\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+48]\n" /* no */
	"mov v6, 128\nmbarrier:complete none, [v1+8], v6\n"			/* phase 1 ends */
	"mbarrier:parity p1, [v1+8], v3\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+56]\n" /* yes */
	"mbarrier:arrive w10, [v1+8], v3\nst.global:b64:a8 w10, [s0+64]\n"		/* 2 expected now */
	/* bytes that come before they are expected do no harm */
	"mbarrier:complete none, [v1+8], v6\nmbarrier:droptx none, [v1+8], v6\n"
	"mbarrier:test p1, [v1+8], w10\nsel v5, v3, 0, p1\nst.global:b32:a4 v5, [s0+72]\n"	/* yes */
	"mbarrier:arrive w10, [v1+8], v3\nst.global:b64:a8 w10, [s0+80]\n"		/* 1 expected */
	"mbarrier:inval none, [v1+8], none\nexit\n.end\n";

static bool test_life(void)
{
	const u64 *o = (const u64 *)rig.mem;
	static const u32 tests[][2] = {
		{ 1, 0 }, { 3, 1 }, { 4, 1 }, { 5, 0 }, { 6, 0 }, { 7, 1 }, { 9, 1 },
	};
	static const u32 pending[][2] = { { 0, 3 }, { 2, 2 }, { 8, 2 }, { 10, 1 } };
	u32 i;

	memset(rig.mem, 0, 128);
	if (!run(life, 32))
		return false;
	for (i = 0; i < 7; i++)
		if (o[tests[i][0]] != tests[i][1]) {
			printf("# test %u is %llu\n", i, (unsigned long long)o[tests[i][0]]);
			return false;
		}
	for (i = 0; i < 4; i++)
		if (VGPU_MBAR_PENDING(o[pending[i][0]]) != pending[i][1]) {
			printf("# state %u is %llx\n", i, (unsigned long long)o[pending[i][0]]);
			return false;
		}
	return true;
}

/* Three warps wait for the fourth, which loops first; then what it wrote is there. */
static const char waiting[] =
	HEAD(64)
	"setp.32:ne p0, v0, 0\nmov v1, 0\nmov v2, 128\n@!p0 mbarrier:init none, [v1], v2\n"
	"bar.sync 0, 0\nmov v3, 1\nshr.u v4, v0, 5\nsetp.32:ne p1, v4, 3\n@p1 bra arrive\n"
	"mov v5, 0\nagain:\niadd v5, v5, 1\nsetp.32:ltu p2, v5, 3000\n@p2 bra again\n"
	"mov v6, 77\nst.shared:b32:a4 v6, [v1+16]\n"
	"arrive:\nmbarrier:arrive w8, [v1], v3\n"
	"wait:\nmbarrier:test:try p3, [v1], w8\n@!p3 bra wait\n"
	"ld.shared:b32:a4 v7, [v1+16]\nst.global:b32:a4 v7, [s0+v0<<2]\nexit\n.end\n";

static bool test_waiting(void)
{
	u32 i, *o = (u32 *)rig.mem;

	memset(o, 0, 512);
	if (!run(waiting, 128))
		return false;
	for (i = 0; i < 128; i++)
		if (o[i] != 77)
			return false;
	return true;
}

/* ---- in bulk ---------------------------------------------------------------------------------------- */

/* Lane l < 8 brings 16 * (l * l * 5) bytes from global + 0x1000 l; and back, elsewhere. */
static const char copies[] =
	HEAD(32768)
	"imul v1, v0, v0\nimul v1, v1, 80\nsetp.32:ltu p0, v0, 8\n@!p0 exit\n"
	"mov v2, 0\nshl v3, v0, 12\npack w4, v3, 0\nladd w4, w4, s0\n"
	"bulk:load v2, w4, v3, v1\nst.global:b32:a4 v2, [s0+v0<<2+0x20000]\n"
	"mov v2, 0\nladd w4, w4, 0x10000\nbulk:store v2, w4, v3, v1\nexit\n.end\n";

static bool test_copies(void)
{
	u32 l, *o = (u32 *)(rig.mem + 0x20000);

	randomize(rig.mem, 0x20000);
	if (!run(copies, 32))
		return false;
	for (l = 0; l < 8; l++)
		if (o[l] != l * l * 80 || memcmp(rig.mem + 0x1000 * l, rig.mem + 0x10000 + 0x1000 * l,
						 l * l * 80))
			return false;
	return true;
}

/* One lane fills and copies within shared memory, by a generic address */
static const char fills[] =
	HEAD(4096)
	"setp.32:ne p0, v0, 31\n@p0 exit\nmov v1, 24\nmov v2, 0\nmov v3, 2048\n"
	"mov.w w4, 0x01020304\nbulk:fill v2, w4, v1, v3\n"
	"mov v1, 2080\nmov v2, 0\nmov v3, 1024\nmov v5, 32\npack w4, v5, 0x01000000\nbulk:load v2, w4, v1, v3\n"
	"mov v2, 0\nmov v1, 0\nmov v3, 4096\nmov.w w4, s0\nbulk:store v2, w4, v1, v3\nexit\n.end\n";

static bool test_fills(void)
{
	const u64 *o = (const u64 *)rig.mem;
	u32 i;

	if (!run(fills, 32))
		return false;
	for (i = 0; i < 512; i++) {
		bool set = (i >= 3 && i < 259) || (i >= 260 && i < 388);

		if (o[i] != (set ? 0x01020304 : 0))
			return false;
	}
	return true;
}

static bool test_reduction(const char *how, u32 bytes, u64 (*combine)(u64 a, u64 b), bool shared)
{
	u8 *src = rig.mem, *dst = rig.mem + 4096, want[1024];
	char text[1024];
	u64 a, b;
	u32 i;

	randomize(rig.mem, 8192);
	for (i = 0; i < 1024; i += bytes) {
		a = b = 0;
		memcpy(&a, dst + i, bytes);
		memcpy(&b, src + i, bytes);
		a = combine(a, b);
		memcpy(want + i, &a, bytes);
	}
	/* shared 0: the source; shared 1024: what it goes to, or nothing */
	snprintf(text, sizeof(text), HEADF(2048)
		 "setp.32:ne p0, v0, 0\n@p0 exit\nmov v1, 0\nmov v2, 0\nmov v3, 1024\nmov.w w4, s0\n"
		 "bulk:load v2, w4, v1, v3\nladd w6, w4, 4096\nmov v2, 0\nmov v8, 1024\n"
		 "bulk:load v2, w6, v8, v3\nmov v2, 0\n%sbulk.red:%s v2, w6, v1, v3\n"
		 "%sexit\n.end\n", shared ? "pack w6, v8, 0x01000000\n" : "", how,
		 shared ? "mov v2, 0\nladd w6, w4, 4096\nbulk:store v2, w6, v8, v3\n" : "");
	return run(text, 32) && !memcmp(dst, want, 1024);
}

static u64 add32(u64 a, u64 b) { return (u32)(a + b); }
static u64 xor64(u64 a, u64 b) { return a ^ b; }
static u64 min32(u64 a, u64 b) { return (s32)a < (s32)b ? a : b; }

/* f16 as what it orders by: a number wins over NaN, and -0 is less than +0 */
static u64 max16(u64 a, u64 b)
{
	bool na = (a & 0x7fff) > 0x7c00, nb = (b & 0x7fff) > 0x7c00;
	s32 ka = a & 0x8000 ? -(s32)(a & 0x7fff) - 1 : (s32)(a & 0x7fff);
	s32 kb = b & 0x8000 ? -(s32)(b & 0x7fff) - 1 : (s32)(b & 0x7fff);

	if (na && nb)
		return 0x7fff;
	return na ? b : nb ? a : ka > kb ? a : b;
}

/* Pages that must be brought in, in the midst of a copy */
static bool test_pages(void)
{
	u8 absent[64] = { 0 };
	bool good;

	absent[1] = absent[2] = absent[5] = absent[18] = 1;
	rig.absent = absent;
	rig.span = 4096;
	good = test_copies();
	rig.absent = NULL;
	rig.span = 0;
	return good;
}

static bool stops(const char *body, u32 kind)
{
	const u64 param = RIG_BASE;
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = &param, .param_size = 8,
	};
	char text[1024];

	snprintf(text, sizeof(text), HEADF(1024) "mov v1, 0\nmov v2, 0\nmov v3, 64\nmov.w w4, s0\n%s\n"
		 "exit\n.end\n", body);
	if (rig_run(&rig, text, &g) == ENGINE_FAULT && rig.fault.kind == kind)
		return true;
	printf("# %s: %s kind %u\n", body, rig.msg, rig.fault.kind);
	return false;
}

static bool test_stops(void)
{
	return stops("mov v3, 2048\nbulk:load v2, w4, v1, v3", VGPU_STOP_ILLEGAL_ADDRESS) &&
	       stops("mov v1, -16\nbulk:load v2, w4, v1, v3", VGPU_STOP_ILLEGAL_ADDRESS) &&
	       stops("mov v3, 40\nbulk:load v2, w4, v1, v3", VGPU_STOP_MISALIGNED) &&
	       stops("ladd w4, w4, 8\nbulk:store v2, w4, v1, v3", VGPU_STOP_MISALIGNED) &&
	       stops("mov.w w4, 0\nbulk:store v2, w4, v1, v3", VGPU_STOP_ILLEGAL_ADDRESS) &&
	       stops("pack w4, v2, 0x02000000\nbulk:load v2, w4, v1, v3", VGPU_STOP_ILLEGAL_ADDRESS) &&
	       stops("pack w4, v2, 0x03000000\nbulk.red:add:u32 v2, w4, v1, v3", VGPU_STOP_READ_ONLY) &&
	       stops("mbarrier:init none, [v1+1024], v3", VGPU_STOP_ILLEGAL_ADDRESS) &&
	       stops("mbarrier:init none, [v1+4], v3", VGPU_STOP_MISALIGNED);
}

/* ---- the cluster's barrier -------------------------------------------------------------------------------- */

/*
 * Warp 0 arrives, writes nothing more and waits; the others write first.  In between
 * the block's own barrier 0 is used by all, which must not be taken for the cluster's.
 */
static const char cluster[] =
	HEAD(1024)
	"shl v1, v0, 2\nmov v9, 2\nloop:\n"
	"shr.u v2, v0, 5\nsetp.32:eq p0, v2, 0\n@p0 bra first\n"
	"iadd v3, v0, v9\nst.shared:b32:a4 v3, [v1]\n"
	"first:\nbar.sync:arrive:cluster 0, 0\nbar.sync 0, 0\nbar.sync:wait:cluster 0, 0\n"
	"xor v4, v1, 256\nld.shared:b32:a4 v5, [v4]\n@!p0 bra next\n"
	"st.global:b32:a4 v5, [s0+v0<<2]\nnext:\n"
	"bar.sync:arrive:cluster 0, 0\nbar.sync:wait:cluster 0, 0\n"
	"isub v9, v9, 1\nsetp.32:ne p1, v9, 0\n@p1 bra loop\nexit\n.end\n";

static bool test_cluster(void)
{
	u32 i, *o = (u32 *)rig.mem;

	memset(o, 0, 512);
	if (!run(cluster, 128))
		return false;
	for (i = 0; i < 32; i++)
		if (o[i] != i + 64 + 1)
			return false;
	return true;
}

int main(void)
{
	const char * const *set = rig_sets();

	rig_init(&rig, 0x30000);
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		tap_result(test_load(":m1:bytes", 8, true, 1) && test_load(":m2:bytes", 8, true, 2),
			   "%s ldmatrix of 16x16 bytes", *set);
		tap_result(test_load(":m1:bytes:b6", 6, true, 1) && test_load(":m2:bytes:b4", 4, true, 2) &&
			   test_load(":m1:b6", 6, false, 1) && test_load(":m2:b4", 4, false, 2) &&
			   test_load(":m4:b6", 6, false, 4), "%s ldmatrix of packed elements", *set);
		tap_result(test_store(1, ":m1:bytes") && test_store(2, ":m2:bytes") &&
			   test_store(4, ":m4:bytes"), "%s stmatrix of 16x8 bytes", *set);
		tap_result(test_life(), "%s barrier object: arrivals, bytes, phases", *set);
		tap_result(test_waiting(), "%s barrier object: warps that wait", *set);
		tap_result(test_copies(), "%s copies in bulk", *set);
		tap_result(test_pages(), "%s the same, pages missing", *set);
		tap_result(test_fills(), "%s fills and copies within shared memory", *set);
		tap_result(test_reduction("add:u32", 4, add32, false) &&
			   test_reduction("add:u32", 4, add32, true) &&
			   test_reduction("xor:u64", 8, xor64, false) &&
			   test_reduction("min:s32", 4, min32, true) &&
			   test_reduction("max:f16", 2, max16, false) &&
			   test_reduction("max:f16", 2, max16, true), "%s reductions in bulk", *set);
		tap_result(test_stops(), "%s what bulk and barrier objects must not touch", *set);
		tap_result(test_cluster(), "%s the cluster's barrier", *set);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
