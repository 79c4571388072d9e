// SPDX-License-Identifier: MIT
/*
 * Fragments, barriers, calls: small programs whose threads each store one word,
 * against what each thread must get, in every handler set.
 */
#include <string.h>
#include "rig.h"
#include "tap.h"

#define HEAD(REST) \
	".kernel \"k\" func=f vregs=32 sregs=16 param=8 shared=1024 local=64 " REST "\n"
#define START \
	".func f\n s.ld:param:b64:a8 s1, [0]\n sreg v0, %tid.x\n sreg v1, %laneid\n"
/* stores v2 */
#define STORE " st.global:b32:a4 v2, [s1+v0<<2]\n exit\n"
#define END ".end\n"

/**
 * struct program - a test
 * @name: what it shows
 * @text: stores a word a thread
 * @threads: of the one block
 * @stop: enum vgpu_stop that it must end with
 * @want: thread @t's word, where @stop is none
 * @most: instructions that it takes at most in turns of LONG_TURN, where that shows something
 */
struct program {
	const char *name, *text;
	u32 threads;
	u32 stop;
	u32 (*want)(u32 t);
	u64 most;
};

static u32 want_branches(u32 t)
{
	u32 lane = t & 31, r = lane < 16 ? (lane < 4 ? 1 : 2) : 3;

	return r + 10 * 32;	/* all lanes are together at the end */
}

static u32 want_loop(u32 t)
{
	return (t & 31) * 3 + 7 + 1000 * 32;
}

static u32 want_work(u32 t)
{
	return 96 * 50;
}

static u32 want_lock(u32 t)
{
	(void)t;
	return 96;
}

static u32 want_sleepers(u32 t)
{
	(void)t;
	return 64;
}

static u32 want_own_bases(u32 t)
{
	static const u32 offset[] = { 4, 0, 100, 7 };
	u32 lane = t & 31;

	return 100 * (lane * 3 - offset[lane < 3 ? lane : 3] + 32);
}

static u32 want_exits(u32 t)
{
	return (t & 31) % 3 ? 21 : 0;
}

static u32 want_barrier(u32 t)
{
	return t + 1 < 80 ? t + 101 : 100;
}

static u32 want_popc(u32 t)
{
	return t < 70 ? 16 + 100 : 0;
}

static u32 want_shuffle(u32 t)
{
	return ((t & 31) ^ 16) * 7 + ((t & 31) >= 16 ? 1 : 2) * 1000;
}

static u32 want_calls(u32 t)
{
	u32 lane = t & 31, n = lane % 4, fact = 1;

	for (; n; n--)
		fact *= n;
	return fact;
}

static u32 want_pointers(u32 t)
{
	return t % 2 ? t * 3 : t + 1000;
}

static u32 want_table(u32 t)
{
	static const u32 to[3] = { 11, 22, 33 };

	return to[t % 3];
}

static u32 want_warps(u32 t)
{
	return t < 32 ? 5 : 6;
}

static u32 want_sleep(u32 t)
{
	(void)t;
	return 1;
}

static u32 want_break(u32 t)
{
	return (t & 31) < 8 ? 1 : 2 + 24 * 10;
}

/* Odd lanes are so long in the deepest call that the others are released some times; in the second warp when slices are long. */
static u32 want_depths(u32 t)
{
	u32 i, r = 1;

	for (i = 0; i < (t & 1) * (t < 32 ? 500 : 50000) + 1; i++)
		r = r * 5 + i;
	for (i = 1; i <= 6; i++)
		r = r * 3 + i;
	return r;
}

static u32 want_single(u32 t)
{
	(void)t;
	return 998;
}

static u32 want_own(u32 t)
{
	return (t & 31) < 8 ? 1 : 511;
}

/* Lane 0 has set a flag, and lane 3 has seen it */
static u32 want_groups(u32 t)
{
	return t < 4 ? 1 + t : 0;
}

static u32 want_tiles(u32 t)
{
	return t < 4 ? t ^ 1 : 99;
}

/* Lane 3 and those from 4 to 30 have exited */
static u32 want_freed(u32 t)
{
	return t < 3 || t == 31 ? 1 : 0;
}

static u32 want_both(u32 t)
{
	return t < 4 ? 1 : 0;
}

static u32 want_ballots(u32 t)
{
	return t < 4 ? (t < 2 ? 3 : 12) : 99;
}

static u32 want_two_masks(u32 t)
{
	return t < 4 ? (t < 2 ? 0x28 : 8) : 0;
}

static u32 want_halves(u32 t)
{
	return 0xaaaa8888 + (t < 16 ? 0xaaaa : 0);
}

static u32 want_written(u32 t)
{
	return t % 16 + 100;
}

static u32 want_parity(u32 t)
{
	return t % 2 + 1;
}

/*
 * Groups of two lanes at a .sync instruction. Lane 3, of the second one, comes to it when it has seen a flag that lane 0 sets
 * behind it; the others when they have yielded so many times.
 */
#define TILES(YIELDS, SYNC)						\
	" mov v10, 0\n mov v5, 1\n mov v2, 99\n setp.32:gtu p0, v1, 3\n @p0 bra out\n" \
	" and v6, v1, 2\n mov v7, 3\n shl v6, v7, v6\n mov v8, 1\n setp.32:eq p3, v1, 0\n" \
	" setp.32:eq p0, v1, 3\n @p0 bra spin\n"				\
	" setp.32:" YIELDS "\n @p0 bra late\n bra meet\n"			\
	"spin:\n ld.shared:volatile:b32:a4 v3, [v10]\n setp.32:eq p1, v3, 0\n @p1 bra spin\n bra meet\n" \
	"late:\n mov v4, 0\n"							\
	"loop:\n yield\n iadd v4, v4, 1\n setp.32:ltu p2, v4, 20\n @p2 bra loop\n bra meet\n" \
	"meet:\n nop\n " SYNC "\n @p3 st.shared:volatile:b32:a4 v5, [v10]\nout:\n"

/*
 * A lock at [v5] that is compared for, around a loop: most of the time others have it. Those that wait give way: if they used up
 * their turns, it would take 4.8 million instructions until 96 lanes have had it.
 */
#define HOLD(try, give)								\
	"try:\n " try " setp.64:ne p0, w8, w12\n @p0 bra try\n bsync s2\n mov v4, 0\n"	\
	"work:\n ld.shared:volatile:b32:a4 v10, [v5+16]\n iadd v10, v10, 1\n st.shared:volatile:b32:a4 v10, [v5+16]\n" \
	" iadd v4, v4, 1\n setp.32:ltu p0, v4, 50\n @p0 bra work\n"			\
	" " give " bar.sync 0, 0\n ld.shared:b32:a4 v2, [v5+16]\n"

static const struct program programs[] = {
	{ "nested branches join", HEAD("") START
	  " bssy s2\n setp.32:ltu p0, v1, 16\n @!p0 bra high\n"
	  " bssy s3\n setp.32:ltu p1, v1, 4\n @!p1 bra mid\n mov v2, 1\n bra in\n"
	  "mid:\n mov v2, 2\n"
	  "in:\n bsync s3\n bra out\n"
	  "high:\n mov v2, 3\n"
	  "out:\n bsync s2\n s.active s4\n s.popc s4, s4\n mov v3, s4\n imad v2, v3, 10, v2\n"
	  STORE END, 64, 0, want_branches },
	{ "a loop that lanes leave one by one", HEAD("") START
	  " mov v2, 0\n mov v4, 0\n bssy s2\n"
	  "loop:\n setp.32:geu p0, v4, v1\n @p0 bra out\n iadd v2, v2, 3\n iadd v4, v4, 1\n"
	  " bra loop\n"
	  "out:\n bsync s2\n s.active s4\n s.popc s4, s4\n mov v3, s4\n imad v2, v3, 1000, v2\n"
	  " iadd v2, v2, 7\n" STORE END, 32, 0, want_loop },
	{ "a spin lock that lanes and warps contend for", HEAD("") START
	  " mov v5, 0\n mov v6, 0\n mov v7, 1\n bssy s2\n"
	  "try:\n atom.shared:exch:u32 v8, [v5], v7\n setp.32:ne p0, v8, 0\n @p0 bra try\n"
	  " ld.shared:volatile:b32:a4 v9, [v5+4]\n iadd v9, v9, 1\n"
	  " st.shared:volatile:b32:a4 v9, [v5+4]\n"
	  " atom.shared:exch:u32 none, [v5], v6\n bsync s2\n bar.sync 0, 0\n"
	  " ld.shared:b32:a4 v2, [v5+4]\n" STORE END, 96, 0, want_lock },
	{ "a lock that lanes hold for long", HEAD("") START
	  " mov v5, 0\n mov.w w12, 0\n mov.w w14, 1\n bssy s2\n"
	  HOLD("atom.shared:cas:u64 w8, [v5], w12, w14\n", "atom.shared:exch:u64 none, [v5], w12\n")
	  STORE END, 96, 0, want_work, 1000000 },
	{ "a lock of 16 bytes that lanes hold for long", HEAD("") START
	  " mov v5, 0\n mov.w w12, 0\n mov.w w14, 0\n mov.w w16, 1\n mov.w w18, 2\n bssy s2\n"
	  HOLD("atom.shared:cas:b128 w8, [v5], w12, w16\n", "atom.shared:exch:b128 none, [v5], w12\n")
	  STORE END, 96, 0, want_work, 2000000 },
	{ "lanes that sleep for a lock whose holder waits for them", HEAD("") START
	  " mov v5, 0\n mov v6, 0\n mov v7, 1\n bssy s2\n"
	  "try:\n atom.shared:exch:u32 v8, [v5], v7\n setp.32:ne p0, v8, 0\n @!p0 bra got\n"
	  " nanosleep 100\n bra try\n"
	  "got:\n bsync s2\n ld.shared:volatile:b32:a4 v9, [v5+4]\n iadd v9, v9, 1\n"
	  " st.shared:volatile:b32:a4 v9, [v5+4]\n"
	  " atom.shared:exch:u32 none, [v5], v6\n bar.sync 0, 0\n"
	  " ld.shared:b32:a4 v2, [v5+4]\n" STORE END, 64, 0, want_sleepers },
	{ "lanes that part at a base of their own, over and over", HEAD("") ".pattern 4, 0, 100, 7\n" START
	  " s.movi s3, 0\n s.movi s6, 100\n mov v2, 0\n imul v3, v1, 3\n"
	  "again:\n bssy s2\n s.base s4, v3, pat0\n iadd v2, v2, s4\n bsync s2\n s.active s5\n s.popc s5, s5\n"
	  " iadd v2, v2, s5\n s.add s3, s3, 1\n sbr:ltu s3, s6, again\n" STORE END, 64, 0, want_own_bases },
	{ "lanes that end are not waited for", HEAD("") START
	  " bssy s2\n s.movi s5, 3\n irem.u v3, v1, s5\n setp.32:eq p0, v3, 0\n @p0 bra gone\n"
	  " bra on\ngone:\n exit\non:\n bsync s2\n s.active s4\n s.popc s4, s4\n mov v2, s4\n"
	  " bar.warp -1\n" STORE END, 32, 0, want_exits },
	{ "a barrier over a partial last warp", HEAD("") START
	  " iadd v3, v0, 100\n s.movi s4, 0\n st.shared:b32:a4 v3, [s4+v0<<2]\n bar.sync 0, 0\n"
	  " iadd v4, v0, 1\n setp.32:eq p0, v4, 80\n @p0 mov v4, 0\n"
	  " ld.shared:b32:a4 v2, [s4+v4<<2]\n" STORE END, 80, 0, want_barrier },
	{ "threads that ended count at a barrier, with its reductions", HEAD("") START
	  " setp.32:geu p0, v0, 70\n @p0 exit\n and v3, v0, 3\n setp.32:eq p1, v3, 0\n"
	  " setp.32:ltu p2, v0, 64\n plop3:128 p1, p1, p2, p2\n"
	  " s.movi s4, 0\n bar.red:popc v2, 1, s4, p1\n bar.red:and p3, 2, s4, p2\n"
	  " bar.red:or p4, 2, s4, p2\n"
	  " @p3 iadd v2, v2, 1000\n @p4 iadd v2, v2, 100\n"
	  STORE END, 96, 0, want_popc },
	{ "a shuffle across two fragments", HEAD("") START
	  " setp.32:geu p0, v1, 16\n mov v5, 1000\n @p0 mov v5, 2000\n @p0 bra b\n"
	  " imul v3, v1, 7\n iadd v3, v3, v5\n bra s\n"
	  "b:\n imul v3, v1, 7\n iadd v3, v3, v5\n nop\n nop\n"
	  "s:\n mov v4, 16\n s.movi s6, 4294967295\n shfl:bfly v2, v3, v4, s6, 31, 0\n" STORE END, 32, 0, want_shuffle },
	{ "recursion with a stack in local memory", HEAD("flags=stack") START
	  " s.movi s0, 0\n and v10, v1, 3\n call v20, fact\n mov v2, v11\n" STORE END
	  ".func fact\n"
	  " setp.32:ne p0, v10, 0\n @p0 bra more\n mov v11, 1\n ret v20\n"
	  "more:\n st.local:b32:a4 v20, [s0]\n st.local:b32:a4 v10, [s0+4]\n"
	  " isub v10, v10, 1\n s.add s0, s0, 8\n call v20, fact\n s.sub s0, s0, 8\n"
	  " ld.local:b32:a4 v20, [s0]\n ld.local:b32:a4 v10, [s0+4]\n imul v11, v11, v10\n"
	  " ret v20\n" END, 32, 0, want_calls },
	{ "function pointers that differ by lane", HEAD("") START
	  " and v3, v0, 1\n iadd v3, v3, 40\n calli v20, v3\n" STORE END
	  ".func even id=40\n iadd v2, v0, 1000\n ret v20\n" END
	  ".func odd id=41\n imul v2, v0, 3\n ret v20\n" END, 32, 0, want_pointers },
	{ "a jump table", HEAD("") ".table T a, b, c\n" START
	  " irem.u v3, v0, 3\n brx v3, T\na:\n mov v2, 11\n bra out\nb:\n mov v2, 22\n bra out\n"
	  "c:\n mov v2, 33\nout:\n" STORE END, 64, 0, want_table },
	{ "a warp that spins for another", HEAD("") START
	  " s.sreg s4, %warpid\n s.movi s5, 0\n sbr:eq s4, s5, first\n"
	  " st.shared:volatile:b32:a4 v1, [s5+128]\n mov v3, 5\n"
	  " st.shared:volatile:b32:a4 v3, [s5]\n mov v2, 6\n bra out\n"
	  "first:\n ld.shared:volatile:b32:a4 v2, [s5]\n setp.32:eq p0, v2, 0\n @p0 bra first\n"
	  "out:\n" STORE END, 64, 0, want_warps },
	{ "sleep", HEAD("") START
	  " sreg.w w4, %globaltimer\n nanosleep 1000\n sreg.w w6, %globaltimer\n"
	  " setp.64:geu p0, w6, w4\n mov v2, 0\n @p0 mov v2, 1\n" STORE END, 64, 0, want_sleep },
	{ "break leaves a convergence point", HEAD("") START
	  " bssy s2\n setp.32:ltu p0, v1, 8\n @!p0 bra on\n break s2\n mov v2, 1\n bra out\n"
	  "on:\n nop\n bsync s2\n s.active s4\n s.popc s4, s4\n mov v3, s4\n mov v2, 2\n"
	  " imad v2, v3, 10, v2\nout:\n" STORE END, 32, 0, want_break },
	{ "break leaves what another fragment has in the register alone", HEAD("") START
	  " bssy s2\n setp.32:ltu p0, v1, 8\n @p0 bra low\n s.movi s2, 511\n yield\n yield\n mov v2, s2\n bra out\n"
	  "low:\n break s2\n mov v2, 1\nout:\n" STORE END, 32, 0, want_own },
	{ "lanes that are released from a deeper convergence point than others come to", HEAD("flags=stack") START
	  " s.movi s0, 0\n and v12, v0, 1\n shr.u v13, v0, 5\n imul v13, v13, 49500\n iadd v13, v13, 500\n imul v12, v12, v13\n"
	  " iadd v12, v12, 1\n mov v10, 6\n call v20, g\n"
	  " mov v2, v11\n" STORE END
	  ".func g\n setp.32:ne p0, v10, 0\n @p0 bra more\n mov v11, 1\n mov v13, 0\n"
	  "loop:\n imad v11, v11, 5, v13\n iadd v13, v13, 1\n setp.32:ltu p1, v13, v12\n @p1 bra loop\n ret v20\n"
	  "more:\n st.local:b32:a4 v20, [s0]\n st.local:b32:a4 v10, [s0+4]\n isub v10, v10, 1\n"
	  " bssy s2\n mov.w w22, s2\n st.local:b64:a8 w22, [s0+8]\n s.add s0, s0, 16\n call v20, g\n"
	  " s.sub s0, s0, 16\n ld.local:b64:a8 w22, [s0+8]\n s.firstw s2, w22\n bsync s2\n"
	  " ld.local:b32:a4 v20, [s0]\n ld.local:b32:a4 v10, [s0+4]\n imad v11, v11, 3, v10\n ret v20\n"
	  END, 64, 0, want_depths },
	{ "a single value that lanes wait with, and one of 64 bits elsewhere", HEAD("") START
	  " s.movi s3, 998\n s.movi s5, 291\n and v3, v1, 1\n setp.32:eq p0, v3, 1\n mov v4, 4294967295\n"
	  " mov.w w8, s1\n @p0 bra odd\n"
	  "met:\n shfl:idx v2, s3, v1, v4, 31, 0\n" STORE
	  "odd:\n lmax.s w8, s5, w8\n bra met\n" END, 32, 0, want_single },
	{ "a bar.warp of some lanes does not wait for another's", HEAD("") START
	  " mov v10, 0\n mov v5, 1\n mov v2, 0\n setp.32:gtu p0, v1, 3\n @p0 bra out\n iadd v2, v1, 1\n"
	  " setp.32:eq p0, v1, 0\n @p0 bra l0\n setp.32:eq p0, v1, 1\n @p0 bra l1\n"
	  " setp.32:eq p0, v1, 2\n @p0 bra l2\n"
	  "l3:\n ld.shared:volatile:b32:a4 v3, [v10]\n setp.32:eq p1, v3, 0\n @p1 bra l3\n bar.warp 12\n bra out\n"
	  "l2:\n bar.warp 12\n bra out\n"
	  "l1:\n mov v4, 0\nloop:\n yield\n iadd v4, v4, 1\n setp.32:ltu p2, v4, 20\n @p2 bra loop\n bar.warp 3\n bra out\n"
	  "l0:\n bar.warp 3\n st.shared:volatile:b32:a4 v5, [v10]\n"
	  "out:\n" STORE END, 32, 0, want_groups },
	{ "a shuffle's groups, one of which a part of a waiting fragment completes", HEAD("") START
	  TILES("eq p0, v1, 1", "shfl:bfly v2, v1, v8, v6, 31, 0") STORE END, 32, 0, want_tiles },
	{ "a shuffle's groups, one of which a part of the last fragment completes", HEAD("") START
	  TILES("ne p0, v1, 0", "shfl:bfly v2, v1, v8, v6, 31, 0") STORE END, 32, 0, want_tiles },
	{ "a ballot's groups", HEAD("") START
	  TILES("eq p0, v1, 1", "setp.32:ltu p4, v1, 32\n ballot v2, p4, v6") STORE END, 32, 0, want_ballots },
	{ "groups of a bar.warp", HEAD("") START
	  TILES("ne p0, v1, 0", "bar.warp v6\n xor v2, v1, 1") STORE END, 32, 0, want_tiles },
	{ "a lane ends that the second of two waiting groups needs", HEAD("") START
	  " mov v10, 0\n mov v5, 1\n mov v2, 1\n"
	  " setp.32:eq p0, v1, 0\n @p0 bra l0\n setp.32:eq p0, v1, 1\n @p0 bra l1\n"
	  " setp.32:eq p0, v1, 2\n @p0 bra l2\n setp.32:eq p0, v1, 3\n @p0 bra l3\n"
	  " setp.32:eq p0, v1, 31\n @p0 bra l31\n exit\n"
	  "l31:\n ld.shared:volatile:b32:a4 v3, [v10]\n setp.32:eq p1, v3, 0\n @p1 bra l31\n bra s0\n"
	  "l0:\n nop\n"
	  "s0:\n s.movi s6, 2147483649\n shfl:bfly v3, v1, 0, s6, 31, 0\n bra out\n"
	  "l3:\n mov v4, 0\nloop:\n yield\n iadd v4, v4, 1\n setp.32:ltu p2, v4, 20\n @p2 bra loop\n exit\n"
	  "l2:\n yield\n yield\n"
	  "l1:\n s.movi s6, 14\n shfl:bfly v3, v1, 0, s6, 31, 0\n st.shared:volatile:b32:a4 v5, [v10]\n"
	  "out:\n" STORE END, 32, 0, want_freed },
	{ "lanes end together that two groups at one instruction need", HEAD("") START
	  " mov v2, 1\n mov v3, 3\n setp.32:gtu p0, v1, 5\n @p0 exit\n"
	  /* 0 and 1 wait for 4, 2 and 3 for 5, one by one */
	  " mov v7, 19\n setp.32:geu p1, v1, 2\n @p1 mov v7, 44\n"
	  " setp.32:geu p0, v1, 4\n @p0 bra last\n setp.32:eq p0, v1, 0\n @p0 bra meet\n"
	  " setp.32:eq p0, v1, 1\n @p0 bra one\n setp.32:eq p0, v1, 2\n @p0 bra two\n nop\n bra meet\n"
	  "one:\n nop\n bra meet\ntwo:\n nop\n bra meet\n"
	  "last:\n mov v4, 0\nloop:\n yield\n iadd v4, v4, 1\n setp.32:ltu p2, v4, 20\n @p2 bra loop\n exit\n"
	  "meet:\n ballot v3, p3, v7\n" STORE END, 32, 0, want_both },
	{ "a function's ballot: of two lanes, then of them and two more", HEAD("") START
	  " mov v2, 0\n setp.32:gtu p0, v1, 3\n @p0 bra out\n mov v3, 0\n setp.32:gtu p0, v1, 1\n @p0 bra all\n"
	  " mov v7, 3\n setp.32:eq p1, v1, 1\n @!p1 bra meet\n mov v4, 0\n"
	  "loop:\n yield\n iadd v4, v4, 1\n setp.32:ltu p2, v4, 20\n @p2 bra loop\n"
	  "meet:\n call v20, b\n shl v3, v2, 4\n"
	  "all:\n mov v7, 15\n setp.32:eq p1, v1, 3\n call v20, b\n or v2, v2, v3\n"
	  "out:\n" STORE END ".func b\n ballot v2, p1, v7\n ret v20\n" END, 32, 0, want_two_masks },
	{ "lanes that name all, at an instruction where others name each other first", HEAD("") START
	  " mov v3, 0\n mov v7, 4294967295\n and v4, v1, 1\n setp.32:eq p1, v4, 1\n setp.32:ltu p0, v1, 16\n @p0 mov v7, 65535\n"
	  " call v20, b\n @!p0 bra out\n mov v3, v2\n mov v7, 4294967295\n and v4, v1, 3\n setp.32:eq p1, v4, 3\n call v20, b\n"
	  "out:\n iadd v2, v2, v3\n" STORE END ".func b\n ballot v2, p1, v7\n ret v20\n" END, 32, 0, want_halves },
	{ "a bar.warp of all lanes does not end that of a half", HEAD("") START
	  " mov v10, 0\n mov v5, 1\n mov v2, 5\n setp.32:geu p0, v1, 16\n @p0 bra all\n"
	  " setp.32:geu p0, v1, 8\n @!p0 bra late\n bar.warp 65535\n yield\n yield\n yield\n iadd v6, v1, 100\n shl v7, v1, 2\n"
	  " st.shared:volatile:b32:a4 v6, [v7]\n bra all\n"
	  "late:\n mov v4, 0\nloop:\n yield\n iadd v4, v4, 1\n setp.32:ltu p2, v4, 20\n @p2 bra loop\n bar.warp 65535\n yield\n yield\n yield\n"
	  " iadd v6, v1, 100\n shl v7, v1, 2\n st.shared:volatile:b32:a4 v6, [v7]\n"
	  "all:\n bar.warp -1\n and v6, v1, 15\n shl v7, v6, 2\n ld.shared:volatile:b32:a4 v2, [v7]\n" STORE END,
	  32, 0, want_written },
	{ "lanes of one warp at different barriers", HEAD("") START
	  " mov v10, 0\n s.movi s5, 32\n and v7, v1, 1\n iadd v7, v7, 1\n mov v5, 1\n setp.32:ltu p0, v0, 32\n @p0 bra meet\n"
	  " setp.32:eq p1, v7, 2\n @p1 bra meet\n"
	  "spin:\n ld.shared:volatile:b32:a4 v3, [v10]\n setp.32:eq p2, v3, 0\n @p2 bra spin\n"
	  "meet:\n bar.sync v7, s5\n setp.32:eq p1, v7, 2\n @p1 st.shared:volatile:b32:a4 v5, [v10]\n mov v2, v7\n" STORE END,
	  64, 0, want_parity },
	{ "two barriers that wait for each other", HEAD("") START
	  " s.sreg s4, %warpid\n s.movi s5, 0\n sbr:eq s4, s5, first\n bar.sync 1, s5\n exit\n"
	  "first:\n bar.sync 2, s5\n exit\n" END, 64, VGPU_STOP_DEADLOCK, NULL },
	{ "an endless loop is stopped", HEAD("") START "loop:\n bra loop\n" END, 32,
	  VGPU_STOP_TIMEOUT, NULL },
	{ "a return to nowhere", HEAD("") START " mov v3, 1\n ret v3\n" END, 32,
	  VGPU_STOP_BAD_TARGET, NULL },
	{ "a return into another kernel's function", HEAD("")
	  ".kernel \"b\" func=fb vregs=32 sregs=64\n"
	  ".func fb\n call v4, g\n break s61\n exit\n" END
	  ".func f\n mov v3, 1\n ret v3\n" END ".func g\n ret v4\n" END, 32, VGPU_STOP_BAD_TARGET, NULL },
	{ "a call to nobody", HEAD("") START " mov v3, 1\n calli v20, v3\n exit\n" END, 32,
	  VGPU_STOP_BAD_TARGET, NULL },
	{ "beyond a jump table", HEAD("") ".table T a\n" START " brx v0, T\na:\n exit\n" END, 32,
	  VGPU_STOP_BAD_TARGET, NULL },
	{ "endless recursion", HEAD("flags=stack") START " s.movi s0, 0\n call v20, g\n exit\n" END
	  ".func g\n st.local:b32:a4 v20, [s0]\n s.add s0, s0, 4\n call v20, g\n ret v20\n" END,
	  32, VGPU_STOP_STACK_OVERFLOW, NULL },
	{ "a barrier of no whole warp", HEAD("") START " s.movi s4, 33\n bar.sync 1, s4\n exit\n" END, 64,
	  VGPU_STOP_ILLEGAL_INSTRUCTION, NULL },
	{ "a trap", HEAD("") START " trap 7\n" END, 32, VGPU_STOP_TRAP, NULL },
};

#define LONG_TURN	100000

static bool run(struct rig *rig, const struct program *p)
{
	u64 out = RIG_BASE;
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { p->threads, 1, 1 }, .param = &out,
		.param_size = sizeof(out), .stack_size = 1024,
	};
	const u32 *got = (const u32 *)rig->mem;
	int status;
	u32 t;

	memset(rig->mem, 0, rig->size);
	status = rig_run(rig, p->text, &g);
	if (status < 0) {
		printf("# %s\n", rig->msg);
		return false;
	}
	if (rig->fault.kind != p->stop) {
		printf("# stopped by %u at %u, not by %u\n", rig->fault.kind, rig->fault.pc, p->stop);
		return false;
	}
	for (t = 0; p->want && t < p->threads; t++)
		if (got[t] != p->want(t)) {
			printf("# thread %u: %u, not %u\n", t, got[t], p->want(t));
			return false;
		}
	return true;
}

int main(void)
{
	const char * const *set;
	struct rig rig;
	u32 i, budget;

	rig_init(&rig, 4096);
	for (set = rig_sets(); *set; set++)
		for (budget = 10; budget <= LONG_TURN; budget *= 100)
			for (i = 0; i < ARRAY_SIZE(programs); i++) {
				engine_init(*set);
				rig.budget = budget;
				rig.slices = 2000000 / budget + 2000;
				tap_result(run(&rig, &programs[i]), "%s, slices of %u: %s", *set,
					   budget, programs[i].name);
				if (budget == LONG_TURN && programs[i].most)
					tap_result(rig.insns < programs[i].most, "%s: %s: %llu instructions", *set,
						   programs[i].name, (unsigned long long)rig.insns);
			}
	rig_free(&rig);
	return tap_end();
}
