// SPDX-License-Identifier: MIT
/*
 * Two loads by record of one base, which one handler executes (fuse.c, pattern.c), do what both
 * do one after the other: random records of blocks, against the same program with a nop between
 * the two, in every set; where memory ends, at odd addresses, where lanes are missing and where
 * the second is jumped to.
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/exec.h"
#include "rig.h"
#include "tap.h"

#define MEMORY		16384
#define OUT		8192	/* results lie here */
#define TRIALS		600

/** enum how - around the two */
enum how {
	WHOLE,
	SOME,		/* lanes 20 and up are elsewhere */
	LOOP,		/* jumps between the two */
	HOWS,
};

/**
 * struct load - one of the two
 * @base: of lane 0
 * @inner: from lane to lane of a block
 * @imm: the instruction's offset
 * @half: of 16 bits, else 32
 * @align: asked for, bytes
 */
struct load {
	u32 base, inner, align;
	s32 imm;
	bool half;
};

/**
 * struct trial - two loads and how they are executed
 * @at: address that both are from
 * @block: bytes from block to block
 * @log: lanes of a block, log2
 * @torn: one lane of the second is at another place
 */
struct trial {
	struct load load[2];
	u32 at, block, log;
	bool torn;
	enum how how;
};

static struct rig rig;

/* Handlers that load two records, by handler, and how often each was made */
#define TWIN(NAME) { EV_LDG_TWIN_##NAME, #NAME, 0 }
static struct made {
	u32 uop;
	const char *name;
	u32 count;
} made[] = {
	TWIN(WW_D4), TWIN(WH_D4), TWIN(HW_D4), TWIN(HH_D4),
	TWIN(WW_W3), TWIN(WH_W3), TWIN(HW_W3), TWIN(HH_W3),
};

static u32 rnd(void)
{
	return (u32)rand() >> 4;
}

static void choose(struct trial *t)
{
	static const u32 blocks[] = { 18, 36, 34, 8, 4, 16, 20, 2, 12 };
	u32 i, unit = rnd() % 2 ? 4 : 2;

	*t = (struct trial) { .block = blocks[rnd() % ARRAY_SIZE(blocks)], .log = rnd() % 3,
			      .torn = rnd() % 16 == 0, .how = rnd() % HOWS };
	for (i = 0; i < 2; i++) {
		struct load *l = &t->load[i];

		l->half = rnd() % 2;
		l->align = l->half ? 2 : unit;
		l->base = rnd() % 10 * unit;
		l->inner = rnd() % 5 * unit;
		l->imm = ((s32)(rnd() % 20) - 8) * (s32)unit;
		if (rnd() % 3 == 0)
			l->imm = 0;
	}
	/* mostly inside, and with room; at times at the end, or odd */
	t->at = 1024 + rnd() % 1024 * 4;
	if (rnd() % 4 == 0)
		t->at = MEMORY - 64 - rnd() % 700 * 2;
	if (rnd() % 16 == 0)
		t->at += 1 + rnd() % 3;
}

static void put_pattern(char **to, const struct trial *t, u32 i)
{
	const struct load *l = &t->load[i];
	u32 k, at;

	*to += sprintf(*to, ".pattern ");
	for (k = 0; k < ENG_LANES; k++) {
		at = l->base + (k >> t->log) * t->block + (k & ((1U << t->log) - 1)) * l->inner;
		if (i && t->torn && k == 21)
			at += 64;
		*to += sprintf(*to, "%s%u", k ? "," : "", at);
	}
	*to += sprintf(*to, "\n");
}

static void put_load(char **to, const struct trial *t, u32 i, u32 base, u32 into)
{
	const struct load *l = &t->load[i];

	*to += sprintf(*to, "ld.global:%s:a%u v%u, [s%u+pat%u %+d]\n",
		       l->half ? "u16" : "b32", l->align, into + i, base, i, l->imm);
}

/* Two more, where all is well: those that matter are not the program's first. */
static void put_others(char **to, const struct trial *t)
{
	*to += sprintf(*to, "s.add s4, s1, 0\n");
	put_load(to, t, 0, 4, 12);
	put_load(to, t, 1, 4, 12);
}

static void put(char *to, const struct trial *t, bool apart)
{
	u32 i;

	to += sprintf(to, ".kernel \"k\" func=f vregs=16 sregs=16 param=16\n");
	put_pattern(&to, t, 0);
	put_pattern(&to, t, 1);
	to += sprintf(to, ".func f\ns.ld:param:b64:a8 s1, [0]\ns.ld:param:b64:a8 s3, [0+8]\n"
		      "sreg v1, %%laneid\nmov v10, 7\nmov v11, 8\ns.movi s10, 0\ns.movi s11, 3\n"
		      "setp.32:ltu p1, v1, 20\n");
	put_others(&to, t);
	to += sprintf(to, "%s.line 41\n", t->how == SOME ? "bssy s14\n@!p1 bra apart\n" : "");
	put_load(&to, t, 0, 3, 10);
	to += sprintf(to, "%s%s.line 42\n", apart ? ".line 42\nnop\n" : "",
		      t->how == LOOP ? "between:\n" : "");
	put_load(&to, t, 1, 3, 10);
	to += sprintf(to, ".line 43\n");
	if (t->how == LOOP)
		to += sprintf(to, "s.add s10, s10, 1\ns.add s3, s3, 8\nsbr:lt s10, s11, between\n");
	if (t->how == SOME)
		to += sprintf(to, "apart:\nbsync s14\n");
	for (i = 0; i < 2; i++)
		to += sprintf(to, "st.global:b32:a4 v%u, [s1+v1<<2 +%u]\n", 10 + i, 128 * i);
	sprintf(to, "exit\n.end\n");
}

static void count(const struct engine_code *code)
{
	const struct engine_prog *prog = code->prog;
	u32 i, k;

	for (i = 0; i < prog->count; i++)
		for (k = 0; k < ARRAY_SIZE(made); k++)
			made[k].count += prog->ops[i].h == 2 * made[k].uop;
}

static int run(const struct trial *t, bool apart, u8 *mem)
{
	const u64 param[2] = { RIG_BASE + OUT - 512, RIG_BASE + t->at };
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = param, .param_size = 16,
	};
	static char text[8192];
	struct engine_code *code;
	int status;
	u32 i;

	put(text, t, apart);
	code = rig_load(&rig, text);
	if (!code)
		return -1;
	if (!apart)
		count(code);
	for (i = 0; i < MEMORY / 4; i++)
		((u32 *)rig.mem)[i] = i * 2654435761u;
	memset(&rig.fault, 0, sizeof(rig.fault));
	status = rig_launch(&rig, code, 0, &g);
	memcpy(mem, rig.mem, MEMORY);
	engine_code_put(code);
	return status;
}

static bool same(const struct trial *t)
{
	static u8 got[MEMORY], want[MEMORY];
	struct engine_fault expected;
	int ref = run(t, true, want), status;

	expected = rig.fault;
	status = run(t, false, got);
	if (status == ref && (ref == ENGINE_DONE || ref == ENGINE_FAULT) &&
	    !memcmp(got, want, MEMORY) && rig.fault.kind == expected.kind &&
	    rig.fault.line == expected.line && rig.fault.lane == expected.lane &&
	    rig.fault.address == expected.address && rig.fault.size == expected.size)
		return true;
	printf("# status %d, %d %s; fault %u in line %u, %u in line %u; %u, at %u, blocks %u, %u\n",
	       status, ref, rig.msg, rig.fault.kind, rig.fault.line, expected.kind, expected.line,
	       t->how, t->at, t->block, t->log);
	return false;
}

static void test_set(const char *set)
{
	struct trial t;
	u32 i, k, bad = 0;

	for (k = 0; k < ARRAY_SIZE(made); k++)
		made[k].count = 0;
	srand(11);
	for (i = 0; i < TRIALS; i++) {
		choose(&t);
		rig.large = rnd() % 8;
		rig.budget = t.how == LOOP ? 1 : 1000;
		bad += !same(&t);
	}
	tap_result(!bad, "%s: %u pairs of records as one after the other", set, TRIALS);
	for (k = 0; k < ARRAY_SIZE(made) && eng_isa_now()->pairs; k++)
		tap_result(made[k].count > 5, "%s: %s was among them", set, made[k].name);
}

int main(void)
{
	const char * const *set;

	rig_init(&rig, MEMORY);
	rig.slices = 10000;
	for (set = rig_sets(); *set; set++) {
		if (engine_init(*set))
			abort();
		test_set(*set);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
