// SPDX-License-Identifier: MIT
/*
 * Strong accesses of several elements are one access a lane, of 16 bytes at most: a thread stores the same number into
 * all elements again and again, another one loads them and counts the lanes in which they differ.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "tap.h"

#define MEMORY	8192
#define COUNTS	4096	/* offset of the loader's counters */
#define ROUNDS	"60000"

/* What is accessed: its suffix, the number in all elements, and V8: whether they differ */
static const struct {
	const char *suffix, *set, *differ;
	u32 log;
} kinds[] = {
	{ "b32:x2:a8", "mov v4, s2\nmov v5, s2\n", "xor v8, v4, v5\n", 3 },
	{ "u16:x4:a8", "mov v4, s2\nmov v5, s2\nmov v6, s2\nmov v7, s2\n",
	  "xor v8, v4, v5\nxor v9, v4, v6\nor v8, v8, v9\nxor v9, v4, v7\nor v8, v8, v9\n", 3 },
	{ "b32:x4:a16", "mov v4, s2\nmov v5, s2\nmov v6, s2\nmov v7, s2\n",
	  "xor v8, v4, v5\nxor v9, v4, v6\nor v8, v8, v9\nxor v9, v4, v7\nor v8, v8, v9\n", 4 },
	{ "b64:x2:a16", "mov.w w4, s2\nmov.w w6, s2\n", "xor v8, v4, v6\n", 4 },
};

/* Where: W10 is the lane's own place, W12 that of the lane as far from the end; V3 its number from there */
static const struct {
	const char *name, *address, *guard;
} places[] = {
	{ "one for all", "[s0]", "" },
	{ "rows", "[w10]", "" },
	{ "rows by an index", "[s0+v0<<%u]", "" },
	{ "any", "[w12]", "" },
	{ "any, some lanes", "[w12]", "@p1 " },
	{ "any by an index", "[s0+v3<<%u]", "" },
	{ "rows by a pattern", "[s0+pat0]", "" },
	{ "a pattern", "[s0+pat1]", "" },
};

static u8 *memory;

static void put_pattern(char **to, u32 bytes, bool back)
{
	u32 l;

	*to += sprintf(*to, ".pattern %u", back ? 31 * bytes : 0);
	for (l = 1; l < 32; l++)
		*to += sprintf(*to, ", %u", (back ? 31 - l : l) * bytes);
	*to += sprintf(*to, "\n");
}

static void write_text(char *to, u32 kind, u32 place, bool load)
{
	u32 log = kinds[kind].log;
	char address[32];

	snprintf(address, sizeof(address), places[place].address, log);
	to += sprintf(to, ".kernel \"k\" func=f vregs=32 sregs=8 param=8\n");
	put_pattern(&to, 1U << log, false);
	put_pattern(&to, 1U << log, true);
	to += sprintf(to, ".func f\ns.ld:param:b64:a8 s0, [0]\ns.mov s1, " ROUNDS "\ns.mov s2, 0\nsreg v0, %%tid.x\n"
		      "mov v3, 31\nisub v3, v3, v0\nmov.w w10, s0\next.u64 w14, v0\nlshl w14, w14, %u\nladd w10, w10, w14\n"
		      "mov.w w12, s0\next.u64 w14, v3\nlshl w14, w14, %u\nladd w12, w12, w14\n"
		      "mov v20, 0\nmov v4, 0\nmov.w w6, 0\nmov v5, 0\nand v16, v0, 5\nsetp.32:ne p1, v16, 0\nagain:\ns.add s2, s2, 1\n",
		      log, log);
	if (load)
		to += sprintf(to, "%sld.global:relaxed:%s %s, %s\n%ssetp.32:ne p0, v8, 0\n@p0 iadd v20, v20, 1\n",
			      places[place].guard, kinds[kind].suffix, kind == 3 ? "w4" : "v4", address,
			      kinds[kind].differ);
	else
		to += sprintf(to, "%s%sst.global:relaxed:%s %s, %s\n", kinds[kind].set, places[place].guard,
			      kinds[kind].suffix, kind == 3 ? "w4" : "v4", address);
	to += sprintf(to, "sbr:ltu s2, s1, again\n%sexit\n.end\n",
		      load ? "s.add s0, s0, 4096\nst.global:b32:a4 v20, [s0+v0<<2]\n" : "");
}

static int run(u32 kind, u32 place, bool load)
{
	static const u64 base = RIG_BASE;
	const struct rig_grid g = { .grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = &base, .param_size = 8 };
	struct rig rig = { 0 };
	char text[4096];
	u8 *own;
	int status;

	rig_init(&rig, MEMORY);
	own = rig.mem;
	rig.mem = memory;
	rig.slices = 1000000;
	rig.budget = 10000;
	write_text(text, kind, place, load);
	status = rig_run(&rig, text, &g);
	if (status != ENGINE_DONE)
		printf("# %s: status %d %s, kind %u, line %u\n", load ? "loads" : "stores", status, rig.msg,
		       rig.fault.kind, rig.fault.line);
	rig.mem = own;
	rig_free(&rig);
	return status;
}

struct storing {
	u32 kind, place;
	int status;
};

static void *stores(void *arg)
{
	struct storing *s = arg;

	s->status = run(s->kind, s->place, false);
	return NULL;
}

static void check(const char *set, u32 kind, u32 place)
{
	struct storing s = { kind, place, -1 };
	u32 l, counts[32], torn = 0;
	pthread_t thread;
	int status;

	memset(memory, 0, MEMORY);
	if (pthread_create(&thread, NULL, stores, &s))
		abort();
	status = run(kind, place, true);
	pthread_join(thread, NULL);
	memcpy(counts, memory + COUNTS, sizeof(counts));
	for (l = 0; l < 32; l++)
		torn += counts[l];
	if (!tap_result(status == ENGINE_DONE && s.status == ENGINE_DONE && !torn, "%s %s, %s", set, kinds[kind].suffix,
			places[place].name))
		printf("# %u loads saw half a store\n", torn);
}

int main(void)
{
	const char * const *set = rig_sets();
	u32 kind, place;

	memory = aligned_alloc(4096, MEMORY);
	if (!memory)
		abort();
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		for (kind = 0; kind < ARRAY_SIZE(kinds); kind++)
			for (place = 0; place < ARRAY_SIZE(places); place++)
				check(*set, kind, place);
		engine_exit();
	}
	free(memory);
	return tap_end();
}
