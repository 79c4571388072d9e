// SPDX-License-Identifier: MIT
/*
 * What a grid must not do stops it, with an exact record; an access that faults in
 * one lane has done nothing in any; pages that are brought in late change nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "../../driver/sched/fault.h"
#include "rig.h"
#include "tap.h"

#define MEMORY		32768
#define READ_ONLY	4096	/* bytes at the end */

/**
 * struct stop - a kernel and how it ends
 * @name: what it does
 * @body: instructions between prologue and exit.  S0: the memory; S1: its read-only
 *	end; V0: thread in the block; V1: 4 * V0; P0: thread 5
 * @kind: VGPU_STOP_*, or NONE
 * @lane: of the first fault
 * @at: for accesses, the address as an offset from RIG_BASE or in the space
 * @space: of the access
 * @size: bytes of the access
 * @write: it is a store
 * @code: of a trap
 */
struct stop {
	const char *name, *body;
	u32 kind, lane;
	u64 at;
	u32 space, size, write, code;
};

#define G	VGPU_SPACE_GLOBAL
#define ACCESS(NAME, BODY, KIND, LANE, AT, SPACE, SIZE, WRITE) \
	{ NAME, BODY, VGPU_STOP_##KIND, LANE, AT, VGPU_SPACE_##SPACE, SIZE, WRITE }

/* In lane 5, the offset in V2 goes wrong. */
#define LANE5(OFFSET)	"mov v2, v1\n@p0 mov v2, " #OFFSET "\n"

static const struct stop stops[] = {
	{ "nothing wrong", "st.global:b32:a4 v0, [s0+v1<<0]", VGPU_STOP_NONE },
	ACCESS("load beyond the memory", LANE5(32768) "ld.global:b32:a4 v3, [s0+v2<<0]",
	       ILLEGAL_ADDRESS, 5, MEMORY, GLOBAL, 4, 0),
	ACCESS("store beyond the memory", LANE5(32768) "st.global:b32:a4 v3, [s0+v2<<0]",
	       ILLEGAL_ADDRESS, 5, MEMORY, GLOBAL, 4, 1),
	ACCESS("load that ends beyond the memory", LANE5(32760) "ld.global:b32:x4:a4 v4, [s0+v2<<0]",
	       ILLEGAL_ADDRESS, 5, MEMORY - 8, GLOBAL, 16, 0),
	ACCESS("load below the memory", LANE5(-4) "ld.global:b32:a4 v3, [s0+v2.s<<0]",
	       ILLEGAL_ADDRESS, 5, (u64)-4, GLOBAL, 4, 0),
	ACCESS("load from zero", "mov.w w4, 0\nld.global:b32:a4 v3, [w4]", ILLEGAL_ADDRESS, 0,
	       -RIG_BASE, GLOBAL, 4, 0),
	ACCESS("load that wraps around", "mov.w w4, -2\nld.global:b32:a1 v3, [w4]", ILLEGAL_ADDRESS,
	       0, -RIG_BASE - 2, GLOBAL, 4, 0),
	ACCESS("store to read-only memory", "mov v2, v1\nst.global:b32:a4 v3, [s1+v2<<0]", READ_ONLY,
	       0, MEMORY - READ_ONLY, GLOBAL, 4, 1),
	{ "load from read-only memory", "ld.global:b32:a4 v3, [s1+v1<<0]", VGPU_STOP_NONE },
	ACCESS("atomic on read-only memory", "mov.w w4, s1\natom.global:add:u32 v3, [w4], v0",
	       READ_ONLY, 0, MEMORY - READ_ONLY, GLOBAL, 4, 1),
	ACCESS("misaligned load", LANE5(22) "ld.global:b32:a4 v3, [s0+v2<<0]", MISALIGNED, 5, 22,
	       GLOBAL, 4, 0),
	{ "unaligned load that may be", LANE5(22) "ld.global:b32:a2 v3, [s0+v2<<0]", VGPU_STOP_NONE },
	ACCESS("misaligned vector", "ld.global:b32:x4:a16 v4, [s0+8]", MISALIGNED, 0, 8, GLOBAL, 16, 0),
	ACCESS("misaligned atomic", "mov.w w4, s0\nladd w4, w4, 2\natom.global:add:u32 v3, [w4], v0",
	       MISALIGNED, 0, 2, GLOBAL, 4, 1),
	ACCESS("load beyond shared memory", LANE5(1024) "ld.shared:b32:a4 v3, [v2]", ILLEGAL_ADDRESS,
	       5, 1024, SHARED, 4, 0),
	ACCESS("load that ends beyond shared memory", LANE5(1020) "ld.shared:b32:x2:a4 v2, [v2]",
	       ILLEGAL_ADDRESS, 5, 1020, SHARED, 8, 0),
	ACCESS("shared offset that wraps", LANE5(-4) "ld.shared:b32:a4 v3, [v2]", ILLEGAL_ADDRESS, 5,
	       0xfffffffc, SHARED, 4, 0),
	ACCESS("atomic beyond shared memory", LANE5(4096) "atom.shared:add:u32 v3, [v2], v0",
	       ILLEGAL_ADDRESS, 5, 4096, SHARED, 4, 1),
	ACCESS("load beyond parameters", "ld.param:b32:a4 v3, [0+64]", ILLEGAL_ADDRESS, 0, 64, PARAM, 4,
	       0),
	{ "generic load from shared memory", "s.movi s4, 0x0100000000000000\n"
	  "ld.generic:b32:a4 v3, [s4+v1<<0]", VGPU_STOP_NONE },
	ACCESS("load beyond local memory", LANE5(256) "ld.local:b32:a4 v3, [v2]", STACK_OVERFLOW, 5, 256, LOCAL, 4, 0),
	ACCESS("store that ends beyond local memory", LANE5(252) "st.local:b32:x2:a4 v2, [v2]", STACK_OVERFLOW, 5,
	       252, LOCAL, 8, 1),
	{ "trap", "@p0 trap 7", VGPU_STOP_TRAP, 5, .code = 7 },
	{ "jump table's end", "mov v2, 0\n@p0 mov v2, 2\nbrx v2, T\na:\nnop\nb:\nnop",
	  VGPU_STOP_BAD_TARGET, 5 },
	{ "call of no function", "mov v2, 1\n@p0 mov v2, 9\ncalli v3, v2", VGPU_STOP_BAD_TARGET, 5 },
	{ "call of a function", "mov v2, 1\ncalli v3, v2", VGPU_STOP_NONE },
	{ "return to nowhere", "mov v2, 3\nret v2", VGPU_STOP_BAD_TARGET, 0 },
	{ "barrier for more threads than a block has", "mov v2, 1056\nbar.sync 1, v2",
	  VGPU_STOP_ILLEGAL_INSTRUCTION, 0 },
	{ "barrier number beyond the last", "mov v2, 16\nbar.sync v2, 0", VGPU_STOP_NONE },
	{ "barrier for no whole warp", "mov v2, 33\nbar.sync 1, v2", VGPU_STOP_ILLEGAL_INSTRUCTION, 0 },
	{ "barrier that nobody reaches", "mov v2, 64\nbar.sync 1, v2", VGPU_STOP_DEADLOCK, 0 },
	{ "time limit", "x:\nbra x", VGPU_STOP_TIMEOUT, 0 },
	{ "killed", "x:\nbra x", VGPU_STOP_KILLED, 0 },
};

static struct rig rig;

/* One warp; what is stored before an access that faults stays, the access itself does nothing. */
static int run_body(const char *body)
{
	const u64 param[8] = { RIG_BASE, RIG_BASE + MEMORY - READ_ONLY };
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = param, .param_size = 64,
	};
	char text[2048];

	snprintf(text, sizeof(text),
		 ".kernel \"k\" func=f vregs=32 param=64 shared=1024 local=256\n.table T a, b\n.func f\n"
		 "s.ld:param:b64:a8 s0, [0]\ns.ld:param:b64:a8 s1, [0+8]\nsreg v0, %%tid.x\n"
		 "shl v1, v0, 2\nsetp.32:eq p0, v0, 5\n.line 42\n%s\n%sexit\n.end\n"
		 ".func g id=1\nret v3\n.end\n", body, strstr(body, "a:\n") ? "" : "a:\nb:\n");
	return rig_run(&rig, text, &g);
}

/* Who stops a launch from outside knows no place in it. */
static bool from_outside(const struct stop *s)
{
	return s->kind == VGPU_STOP_TIMEOUT || s->kind == VGPU_STOP_KILLED;
}

static bool is_access(const struct stop *s)
{
	return s->size;
}

static bool record_ok(const struct stop *s)
{
	const struct engine_fault *f = &rig.fault, nowhere = { .kind = s->kind };
	u64 base = s->space == G ? RIG_BASE : 0;

	if (f->kind != s->kind)
		return false;
	if (s->kind == VGPU_STOP_NONE)
		return true;
	if (from_outside(s))
		return !memcmp(f, &nowhere, sizeof(nowhere));
	if (f->lane != s->lane || f->tid[0] != s->lane || f->warp || f->line != 42 ||
	    f->code != s->code)
		return false;
	return !is_access(s) || (f->address == base + s->at && f->space == s->space &&
				 f->size == s->size && f->write == s->write);
}

static void run_stop(const struct stop *s, const char *set)
{
	int status;

	memset(rig.mem, 0x11, MEMORY);
	rig.stop = from_outside(s) ? s->kind : VGPU_STOP_TIMEOUT;
	status = run_body(s->body);
	rig.stop = VGPU_STOP_TIMEOUT;
	if (tap_result(status == (s->kind ? ENGINE_FAULT : ENGINE_DONE) && record_ok(s), "%s %s", set,
		       s->name))
		return;
	printf("# status %d %s, kind %u, pc %u, line %u, lane %u, address %llx, space %u, size %u,"
	       " write %u, code %u\n", status, rig.msg, rig.fault.kind, rig.fault.pc, rig.fault.line,
	       rig.fault.lane, (unsigned long long)rig.fault.address, rig.fault.space,
	       rig.fault.size, rig.fault.write, rig.fault.code);
}

/* Memory is as it was where one lane of a store or atomic faults. */
static void check_untouched(const char *set)
{
	static const char * const bodies[] = {
		LANE5(32768) "st.global:b32:a4 v0, [s0+v2<<0]",
		LANE5(32768) "mov.w w4, s0\next.u64 w6, v2\nladd w4, w4, w6\n"
		"atom.global:exch:u32 v3, [w4], v0",
		LANE5(22) "st.global:b32:a4 v0, [s0+v2<<0]",
		LANE5(28672) "st.global:b32:a4 v0, [s0+v2<<0]",
	};
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		bool same = true;
		int status;

		memset(rig.mem, 0x11, MEMORY);
		status = run_body(bodies[i]);
		for (k = 0; k < MEMORY; k++)
			same = same && rig.mem[k] == 0x11;
		tap_result(status == ENGINE_FAULT && same, "%s all lanes or none, %u", set, i);
	}
}

/* Atomics over pages that come late act once. */
static void check_pages(const char *set)
{
	u8 absent[MEMORY / 4096];
	bool ok = true;
	int status;
	u32 l;

	memset(rig.mem, 0, MEMORY);
	memset(absent, 1, sizeof(absent));
	rig.absent = absent;
	status = run_body("mov v7, 1\nmov.w w4, s0\next.u64 w8, v0\nlshl w8, w8, 9\nladd w4, w4, w8\n"
			  "atom.global:add:u32 v3, [w4], v7\natom.global:add:u32 v3, [w4], v0\n"
			  "ld.global:b32:a4 v10, [w4]\nst.global:b32:a4 v10, [w4+4]\n");
	rig.absent = NULL;
	for (l = 0; l < 32 && l * 512 < MEMORY - READ_ONLY; l++) {
		u32 val[2];

		memcpy(val, rig.mem + l * 512, 8);
		ok = ok && val[0] == l + 1 && val[1] == l + 1;
	}
	if (!tap_result(status == ENGINE_DONE && ok, "%s pages that come late", set))
		printf("# status %d %s, kind %u, pc %u\n", status, rig.msg, rig.fault.kind,
		       rig.fault.pc);
}

/* A block's preamble asks for the page that is missing, also where its load begins in one that is there. */
static void check_preamble_page(const char *set)
{
	static const char text[] =
		".kernel \"k\" func=f param=8 block=pre\n"
		"pre:\ns.ld:param:b64:a8 s0, [0]\ns.ld:global:b64:a4 s1, [s0+4092]\nexit\n"
		".func f\nmov v1, 0\nmov.w w2, s1\nst.global:b64:a8 w2, [s0+v1<<0]\nexit\n.end\n";
	u64 base = RIG_BASE, want = 0x1122334455667788, got;
	struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = &base, .param_size = 8,
	};
	u8 absent[MEMORY / 4096] = { 0, 1 };
	int status;

	memcpy(rig.mem + 4092, &want, 8);
	rig.absent = absent;
	rig.span = 4096;
	status = rig_run(&rig, text, &g);
	rig.absent = NULL;
	rig.span = 0;
	memcpy(&got, rig.mem, 8);
	if (!tap_result(status == ENGINE_DONE && got == want, "%s a preamble's load across pages", set))
		printf("# status %d %s, kind %u\n", status, rig.msg, rig.fault.kind);
}

/*
 * Memory that somebody unmaps meanwhile: lanes whose translations displace each other look them up
 * again, after all of them were checked. The access faults; it never goes on with what it has not read.
 */
static void check_unmapped(const char *set)
{
	static const char * const bodies[] = {
		LANE5(131072) "ld.global:b32:a4 v3, [s0+v2<<0]",
		LANE5(131072) "st.global:b32:a4 v0, [s0+v2<<0]",
	};
	u8 *small = rig.mem, *large = calloc(1, 262144);
	u32 i, n, k, wrong;

	if (!large)
		abort();
	rig.mem = large;
	rig.size = 262144;
	rig.span = 4096;
	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		rig.lookups = 0;
		wrong = run_body(bodies[i]) != ENGINE_DONE;
		n = rig.lookups;
		for (k = 1; k < n; k++) {
			rig.lookups = 0;
			rig.lasts = k;
			wrong += run_body(bodies[i]) != ENGINE_FAULT ||
				 rig.fault.kind != VGPU_STOP_ILLEGAL_ADDRESS;
		}
		rig.lasts = 0;
		if (!tap_result(n > 3 && !wrong, "%s unmapped between two looks, %u", set, i))
			printf("# %u of %u went on\n", wrong, n);
	}
	rig.mem = small;
	rig.size = MEMORY;
	rig.span = 0;
	free(large);
}

/*
 * From one look at the clock to the next no more is executed than driver.rst says, whatever the code: the bound of
 * FPU sections. Time is what it means: 150 ns for each at worst. The last
 * instruction may be any, and is beyond it.
 */
#define MOST_COUNTED	3072

/* Lanes part by bit @BIT of their number */
#define PART(BIT)	"and v3, v4, " #BIT "\nsetp.32:eq p0, v3, 0\n@p0 bra part" #BIT "\nnop\npart" #BIT ":\n"
#define PARTED		"sreg v4, %laneid\n" PART(1) PART(2) PART(4) PART(8) PART(16)
#define SYNCS_16	"bar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\n" \
			"bar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\nbar.warp -1\n"

static void check_looks(const char *set)
{
	static const struct {
		const char *name, *body;
		u32 times, last;
	} loops[] = {
		{ "cheap", "iadd v2, v2, 1\n", 1, 0 },
		{ "straight, 200", "iadd v2, v2, 1\n", 200, 0 },
		{ "straight, 253", "iadd v2, v2, 1\n", 253, 0 },
		{ "straight, 700", "iadd v2, v2, 1\n", 700, 0 },
		{ "dear", "fsqrt v3, v2\n", 1, 400 },
		{ "cheap and dear", "iadd v2, v2, 1\niadd v2, v2, 1\niadd v2, v2, 1\nfsqrt v3, v2\n", 1, 400 },
		{ "barriers", "iadd v2, v2, 1\nbar.sync 0, 0\n", 1, 0 },
		{ "lanes that wait one by one", PARTED SYNCS_16 SYNCS_16 SYNCS_16, 1, 0 },
		{ "lanes that part at their bases", "bssy s3\nsreg v4, %laneid\ns.base s2, v4, pat0\nbsync s3\n", 60, 0 },
		{ "lanes that end one by one", PARTED "setp.32:eq p1, v4, s0\n@p1 exit\n", 1, 0 },
	};
	const struct rig_grid g = { .grid = { 1, 1, 1 }, .block = { 1024, 1, 1 } };
	char text[16384], body[12288];
	u32 i, n, at;

	rig.until = 0;
	rig.budget = 1 << 20;
	rig.slices = 1000;
	for (i = 0; i < ARRAY_SIZE(loops); i++) {
		for (at = 0, n = 0; n < loops[i].times; n++)
			at += snprintf(body + at, sizeof(body) - at, "%s", loops[i].body);
		snprintf(text, sizeof(text), ".kernel \"k\" func=f vregs=8 sregs=8\n.pattern 0\n.func f\ns.mov s0, 0\n"
			 "s.mov s1, 300\nmov v2, 0\nagain:\n%ss.add s0, s0, 1\nsbr:ltu s0, s1, again\nexit\n.end\n", body);
		rig.most = 0;
		rig_run(&rig, text, &g);
		if (!tap_result(rig.most && rig.most <= MOST_COUNTED + loops[i].last, "%s between looks at the clock: %s",
				set, loops[i].name))
			printf("# %llu at most %s\n", (unsigned long long)rig.most, rig.msg);
		else
			printf("# %llu\n", (unsigned long long)rig.most);
	}
	rig.until = ~0ULL;
	rig.budget = 1000;
	rig.slices = 500;
}

/*
 * Two workers that stop a launch at once, each at a block of its own: whoever has something to report has the same,
 * whole, and somebody has. The gap between the first's stop and its record is short: many rounds, in each of which the
 * first begins a little later.
 */
#define STOP_ROUNDS	50000

struct together {
	struct engine_launch *launch;
	u32 go, done;	/* rounds begun, and ended by the second */
	struct engine_fault seen[2];
};

static void stop_and_look(struct together *t, u32 who)
{
	engine_launch_stop_at(t->launch, NULL, who, VGPU_STOP_TIMEOUT);
	engine_launch_fault(t->launch, &t->seen[who]);
}

static void wait_for(const u32 *count, u32 round)
{
	u32 spins = 0;

	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) != round)
		if (++spins > 1000)
			sched_yield();
}

static void *second(void *arg)
{
	struct together *t = arg;
	u32 round;

	for (round = 1; round <= STOP_ROUNDS; round++) {
		wait_for(&t->go, round);
		stop_and_look(t, 1);
		__atomic_store_n(&t->done, round, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Whether what the two saw is one timeout. */
static bool one_report(const struct engine_fault *seen)
{
	const struct engine_fault *first = &seen[!vgpu_stop_is_news(&seen[0])];
	u32 i;

	for (i = 0; i < 2; i++)
		if (vgpu_stop_is_news(&seen[i]) && memcmp(first, &seen[i], sizeof(*first)))
			return false;
	return vgpu_stop_is_news(first) && vgpu_stop_fault(first) == VGPU_FAULT_TIMEOUT && first->ctaid[0] < 2;
}

static void check_together(void)
{
	struct engine_params p = {
		.code = rig_load(&rig, ".kernel \"k\" func=f\n.func f\nexit\n.end\n"),
		.grid = { 2, 1, 1 }, .block = { 32, 1, 1 },
	};
	struct together t = { 0 };
	u32 round, i, wrong = 0;
	pthread_t thread;

	if (!p.code || pthread_create(&thread, NULL, second, &t))
		abort();
	for (round = 1; round <= STOP_ROUNDS; round++) {
		if (engine_launch_create(&p, &t.launch))
			abort();
		__atomic_store_n(&t.go, round, __ATOMIC_RELEASE);
		for (i = 0; i < round % 64; i++)
			__builtin_ia32_pause();
		stop_and_look(&t, 0);
		wait_for(&t.done, round);
		wrong += !one_report(t.seen);
		engine_launch_destroy(t.launch);
	}
	pthread_join(thread, NULL);
	engine_code_put(p.code);
	if (!tap_result(!wrong, "stopped by two at once"))
		printf("# %u of %u rounds wrong\n", wrong, STOP_ROUNDS);
}

int main(void)
{
	const char * const *set = rig_sets();
	u32 i;

	rig_init(&rig, MEMORY);
	rig.read_only = READ_ONLY;
	rig.slices = 500;
	rig.budget = 1000;
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		for (i = 0; i < ARRAY_SIZE(stops); i++)
			run_stop(&stops[i], *set);
		check_untouched(*set);
		check_pages(*set);
		check_preamble_page(*set);
		check_unmapped(*set);
		check_looks(*set);
		engine_exit();
	}
	if (engine_init(NULL))
		abort();
	check_together();
	engine_exit();
	rig_free(&rig);
	return tap_end();
}
