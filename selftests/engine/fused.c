// SPDX-License-Identifier: MIT
/*
 * What one handler executes together (fuse.c) does what its instructions do one after the
 * other: each program runs as it is and with a nop before each instruction, in every
 * handler set, and must leave the same memory and the same fault.
 */
#include <stdlib.h>
#include <string.h>
#include "rig.h"
#include "tap.h"

#define WORDS		4096	/* of each of the three arrays */
#define TEXT		4096

/**
 * struct args - the parameters of each program
 * @x, @y, @z: arrays
 * @n: how many elements
 * @a: a number
 */
struct args {
	u64 x, y, z;
	u32 n, a;
};

/**
 * struct program - a test
 * @name: what it shows
 * @text: instructions, a line each
 */
struct program {
	const char *name, *text;
};

#define PLACE \
	"sreg v0, %tid.x\niadd v0, v0, s6\n"
#define IF(BRA) \
	"bssy s7\n" BRA " bra L1\n"
#define FIRST PLACE "setp.32:ge p0, v0, s3\n" IF("@p0")
#define LOADS "ld.global:b32:a4 v1, [s0+v0.s<<2]\nld.global:b32:a4 v2, [s1+v0.s<<2]\n"
#define LAST "st.global:b32:a4 v1, [s2+v0.s<<2]\nL1:\nbsync s7\nexit\n"

static const struct program programs[] = {
	{ "elements of two arrays", FIRST LOADS "imad v1, v1, s4, v2\n" LAST },
	{ "the first load's row is the index",
	  FIRST "mov v3, v0\nld.global:b32:a4 v0, [s0+v0.s<<2]\nand v0, v0, 1023\n"
	  "ld.global:b32:a4 v0, [s0+v0.s<<2]\nld.global:b32:a4 v1, [s1+v0.s<<2]\nand v1, v1, 7\n"
	  "iadd v1, v1, v0\nst.global:b32:a4 v1, [s2+v3.s<<2]\nL1:\nbsync s7\nexit\n" },
	{ "the second load's row is the index",
	  FIRST "mov v3, v0\nld.global:b32:a4 v1, [s0+v0.s<<2]\nld.global:b32:a4 v0, [s1+v0.s<<2]\n"
	  "iadd v1, v1, v0\nst.global:b32:a4 v1, [s2+v3.s<<2]\nL1:\nbsync s7\nexit\n" },
	{ "the second load's row is the index of the store",
	  FIRST "st.global:b32:a4 v0, [s2+v0.s<<2]\nld.global:b32:a4 v1, [s0+v0.s<<2]\n"
	  "ld.global:b32:a4 v0, [s0+v0.s<<2]\nfadd v1, v1, v0\nst.global:b32:a4 v1, [s2+v0.s<<2]\nL1:\nbsync s7\nexit\n" },
	{ "one row of both loads is stored", FIRST "st.global:b32:a4 v0, [s2+v0.s<<2]\nld.global:b32:a4 v1, [s0+v0.s<<2]\n"
	  "ld.global:b32:a4 v1, [s1+v0.s<<2]\nfadd v1, v1, v1\n" LAST },
	{ "both loads have one row", FIRST "ld.global:b32:a4 v1, [s0+v0.s<<2]\n"
	  "ld.global:b32:a4 v1, [s1+v0.s<<2]\n" LAST },
	{ "indices that do not count up", FIRST "xor v0, v0, 5\n" LOADS "iadd v1, v1, v2\n" LAST },
	{ "three loads", FIRST LOADS "ld.global:b32:a4 v3, [s2+v0.s<<2]\nimad v1, v1, v2, v3\n" LAST },
	{ "the index stays besides the sum",
	  "sreg v3, %tid.x\niadd v0, v3, s6\nsetp.32:ge p0, v0, s3\n" IF("@p0") LOADS
	  "imad v1, v1, v3, v2\n" LAST },
	{ "a sum with a number", "sreg v0, %tid.x\niadd v0, v0, 3\n" LOADS "iadd v1, v1, v2\n"
	  "bssy s7\n" LAST },
	{ "a branch by another predicate",
	  PLACE "and v4, v0, 3\nsetp.32:eq p1, v4, 2\nsetp.32:ge p0, v0, s3\n" IF("@p1") LOADS
	  "iadd v1, v1, v2\nmov v0, v0\nsel v1, v1, 77, p0\nand v0, v0, 1023\n" LAST },
	{ "a branch that all take", PLACE "setp.32:geu p0, v0, 0\n" IF("@p0") "trap 3\nL1:\nbsync s7\n"
	  "bssy s7\n" LOADS "and v0, v0, 1023\nst.global:b32:a4 v1, [s2+v0.s<<2]\nbsync s7\nexit\n" },
	{ "ways back into the middle",
	  PLACE "mov v5, 0\nbssy s8\nbra L3\nL2:\nld.global:b32:a4 v1, [s0+v0.s<<2]\n"
	  "L3:\nld.global:b32:a4 v2, [s1+v0.s<<2]\niadd v5, v5, v2\niadd v5, v5, v1\nmov v1, 9\n"
	  "and v4, v5, 1\niadd v6, v6, 1\nsetp.32:lt p0, v6, 3\n@p0 bra L2\n"
	  "setp.32:ge p0, v0, s3\n" IF("@p0") "mov v1, v5\n" LAST },
	{ "lanes that ended before",
	  FIRST "and v4, v0, 7\nsetp.32:eq p1, v4, 3\n@p1 exit\n" LOADS "iadd v1, v1, v2\n" LAST },
	{ "a meeting of which some are missing",
	  PLACE "bssy s7\nand v4, v0, 1\nsetp.32:eq p1, v4, 1\n@p1 bra L2\n" LOADS
	  "iadd v1, v1, v2\nand v0, v0, 1023\nst.global:b32:a4 v1, [s2+v0.s<<2]\nbra L1\n"
	  "L2:\nsetp.32:lt p2, v0, 600\n@p2 bra L1\nexit\nL1:\nbsync s7\nexit\n" },
};

/* What is computed of two loads and stored by their index, and what is nearly so */
static const char * const computed[] = {
	"fadd v1, v1, v2", "fadd v1, v2, v1", "fadd v2, v1, v2", "fadd v3, v1, v2", "fadd v1, v1, v1",
	"fsub v1, v1, v2", "fsub v1, v2, v1", "fsub v3, v2, v1", "fmul v1, v1, v2", "fmul v2, v2, v1",
	"ffma v1, v1, s4, v2", "ffma v2, v1, s4, v2", "ffma v1, v2, s4, v1", "ffma v3, v2, s4, v1",
	"ffma v1, v1, 1075838976, v2", "ffma v1, v1, s4, v1", "ffma v1, v2, v1, v2", "fadd v0, v1, v2",
};
static const char * const stored[] = {
	"st.global:b32:a4 %s, [s2+v0.s<<2]", "st.global:b32:a4 %s, [s2+v0.s<<2 +4]",
	"st.global:b32:a4 v2, [s2+v0.s<<2]", "st.global:b32:a4 %s, [s2+v5.s<<2]",
};

/* Products of nibbles and of halves, and what is nearly so; all rows that they may have written count afterwards */
#define LOW(D, MASK)	"and " D ", v1, " MASK "\n"
#define HIGH(D, MASK)	"shr.u " D ", v1, 4\nand " D ", " D ", " MASK "\n"
#define DOT(D, A, B, C)	"dp4a:3 " D ", " A ", " B ", " C "\n"
#define NIBBLE		"252645135"
#define MIX(V)		"imad v1, v1, s4, " V "\n"
static const char * const products[] = {
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "-9") DOT("v6", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v1", NIBBLE) DOT("v2", "v3", "v2", "0") DOT("v1", "v1", "v6", "v2"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v3", "v3", "v2", "5") DOT("v4", "v4", "v6", "v3"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "5") DOT("v3", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "v5") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "v2") DOT("v2", "v4", "v6", "v5"),
	/* a sign stays */
	LOW("v3", "-1") HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", "-252645136") DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", "128") HIGH("v4", "127") DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", "2139062143") HIGH("v4", "2139062143") DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	/* rows that were just written are read elsewhere */
	LOW("v1", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v1", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v3", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v5", "v3", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v4", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v3", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "v3") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "v4") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v4", "v3", "v2", "0") DOT("v5", "v4", "v6", "v4"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v5", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v3", "v4", "v3", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v4", "v4", "v4", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v4", "v2", "0") DOT("v5", "v3", "v6", "v5"),
	/* and are overwritten at the end */
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v3", "v3", "v3", "0") DOT("v5", "v4", "v6", "v3"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v4", "0") DOT("v4", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v3", "v3", "v2", "v3") DOT("v5", "v4", "v6", "v3"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "v4") DOT("v4", "v4", "v6", "v5"),
	LOW("v1", NIBBLE) HIGH("v4", NIBBLE) DOT("v1", "v1", "v2", "0") DOT("v5", "v4", "v6", "v1"),
	"h2f v3, v1\nh2f v4, v3\nfmul v3, v3, v4\n",
	LOW("v3", NIBBLE) "shr.u v4, v2, 4\nand v4, v4, 15\n" DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v5"),
	LOW("v3", NIBBLE) HIGH("v4", NIBBLE) DOT("v5", "v3", "v2", "0") DOT("v5", "v4", "v6", "v6"),
	"h2f v3, v1\nh2f v4, v2\nfmul v5, v3, v4\n", "h2f v3, v1\nh2f v4, v2\nfmul v5, v4, v3\n",
	"h2f v1, v1\nh2f v2, v2\nfmul v1, v1, v2\n", "h2f v1, v1\nh2f v2, v2\nfmul v2, v1, v2\n",
	"h2f v3, v1\nh2f v4, v3\nfmul v5, v3, v4\n", "h2f v3, v1\nh2f v3, v2\nfmul v5, v3, v3\n",
	"h2f v3, v1\nh2f v4, v2\nfmul v5, v3, v3\n", "h2f v3, v1\nh2f:hi v4, v2\nfmul v5, v3, v4\n",
	"h2f v3, v1\nh2f v4, v1\nfmul v3, v3, v4\n",
};

/* Places of threads, ends, and comparisons of them */
static const u32 begins[] = { 0, 7, 0x7ffffff0, 0x7fffffc0, 0x80000000, 0xfffffff5, 0xffffffe0, 0xffffffc1 };
static const u32 ends[] = { 0, 1, 9, 31, 32, 40, 0x7ffffff8, 0x7fffffff, 0x80000000, 0x80000010, 0xfffffff8, 0xffffffff };
static const char * const orders[] = { "lt", "ge", "ltu", "geu" };

/* Comparisons with a single value, and what the branch makes of them */
static const char * const compares[] = {
	"eq", "ne", "lt", "le", "gt", "ge", "ltu", "leu", "gtu", "geu",
};

/**
 * struct shape - of a launch
 * @far: of x, y and z: how many bytes before the end of memory they begin, 0: at their place
 * @odd: so many bytes are added to y's address
 */
struct shape {
	u32 grid, block[3];
	u32 n;
	u32 far[3];
	u32 odd;
};

static const struct shape shapes[] = {
	{ 4, { 256, 1, 1 }, 1024 }, { 4, { 256, 1, 1 }, 700 }, { 3, { 100, 1, 1 }, 250 },
	{ 2, { 40, 3, 1 }, 60 }, { 2, { 64, 2, 2 }, 1000 }, { 4, { 256, 1, 1 }, 0 },
	{ 1, { 1, 1, 1 }, 5 },
	/* faults: of the first array, the second, the store; an odd address */
	{ 4, { 256, 1, 1 }, 1024, { 3000 } }, { 4, { 256, 1, 1 }, 1024, { 0, 2600 } },
	{ 4, { 256, 1, 1 }, 1024, { 0, 0, 3500 } }, { 4, { 256, 1, 1 }, 1024, { 0 }, 2 },
};

/* Memory's words, from which all is made */
static u32 word(u32 i)
{
	return i * 2654435761u >> 7;
}

/* @text with @between before each instruction; the line that a fault names stays the same */
static void spell(char *out, const char *text, const char *between)
{
	u32 line = 0;
	int n = sprintf(out, ".kernel \"k\" func=f vregs=8 sregs=10 param=32 shared=0 local=0 "
			"threads=0 block=B0\nB0:\n s.ld:param:b64:a8 s0, [0]\n"
			" s.ld:param:b64:a8 s1, [0+8]\n s.ld:param:b64:a8 s2, [0+16]\n"
			" s.ld:param:b32:a4 s3, [0+24]\n s.ld:param:b32:a4 s4, [0+28]\n"
			" s.sreg s5, %%ntid.x\n s.sreg s6, %%ctaid.x\n s.mul:32 s6, s6, s5\n exit\n"
			".func f\n");

	while (*text) {
		int len = (int)strcspn(text, "\n");
		bool label = text[len - 1] == ':';

		if (!label)
			n += sprintf(out + n, " .line %u\n%s", ++line, between);
		n += sprintf(out + n, "%.*s\n", len, text);
		text += len + 1;
	}
	strcpy(out + n, ".end\n");
}

/* Runs @text; a copy of memory goes to @after. Returns the status */
static int run(struct rig *r, const char *text, const struct shape *s, u32 *after)
{
	u32 *mem = (u32 *)r->mem, i;
	u64 at[3];
	struct rig_grid g = { .grid = { s->grid, 1, 1 } };
	struct args args = { .n = s->n, .a = 3 };
	int status;

	for (i = 0; i < r->size / 4; i++)
		mem[i] = word(i);
	for (i = 0; i < 3; i++)
		at[i] = RIG_BASE + (s->far[i] ? r->size - s->far[i] : 4ull * WORDS * i);
	args.x = at[0];
	args.y = at[1] + s->odd;
	args.z = at[2];
	memcpy(g.block, s->block, sizeof(g.block));
	g.param = &args;
	g.param_size = sizeof(args);
	memset(&r->fault, 0, sizeof(r->fault));
	if (r->absent)
		memset(r->absent, 1, r->size / 4096);
	status = rig_run(r, text, &g);
	memcpy(after, mem, r->size);
	return status;
}

static bool same_fault(const struct engine_fault *a, const struct engine_fault *b)
{
	return a->kind == b->kind && a->line == b->line && a->address == b->address &&
	       a->lane == b->lane && a->warp == b->warp && a->write == b->write &&
	       a->size == b->size && a->space == b->space &&
	       !memcmp(a->ctaid, b->ctaid, sizeof(a->ctaid)) &&
	       !memcmp(a->tid, b->tid, sizeof(a->tid));
}

/* All shapes; which one differs is said */
static bool same(struct rig *r, const char *text)
{
	static char plain[TEXT], apart[TEXT];
	u32 *one = malloc(r->size), *two = malloc(r->size), i;
	struct engine_fault fault;
	bool ok = one && two;

	spell(plain, text, "");
	spell(apart, text, " nop\n");
	for (i = 0; ok && i < ARRAY_SIZE(shapes); i++) {
		int status = run(r, plain, &shapes[i], one), other;

		fault = r->fault;
		other = run(r, apart, &shapes[i], two);
		ok = status >= 0 && status == other && same_fault(&fault, &r->fault) &&
		     !memcmp(one, two, r->size);
		if (!ok)
			printf("# shape %u: status %d and %d, fault %u at line %u and %u at %u %s\n", i,
			       status, other, fault.kind, fault.line, r->fault.kind,
			       r->fault.line, r->msg);
	}
	free(one);
	free(two);
	return ok;
}

static void test_compares(struct rig *r, const char *set)
{
	char text[TEXT];
	u32 i, no;

	for (no = 0; no < 2; no++)
		for (i = 0; i < ARRAY_SIZE(compares); i++) {
			snprintf(text, sizeof(text), "%sisub v7, v0, 100\nsetp.32:%s p0, v7, s3\n"
				 "bssy s7\n@%sp0 bra L1\n%simad v1, v1, s4, v2\n"
				 "and v0, v0, 1023\n%s", PLACE, compares[i], no ? "!" : "", LOADS,
				 LAST);
			tap_result(same(r, text), "%s: if %s%s", set, no ? "not " : "", compares[i]);
		}
}

/* "fadd v1, ...": v1 */
static void test_computed(struct rig *r, const char *set, const char *how)
{
	char text[TEXT], last[100];
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(computed); i++)
		for (k = 0; k < (*how ? 1 : ARRAY_SIZE(stored)); k++) {
			char d[3] = { 'v', computed[i][strcspn(computed[i], " ") + 2] };

			snprintf(last, sizeof(last), stored[k], d);
			/* a store before, for the translation that the handler wants at hand */
			snprintf(text, sizeof(text), "%sxor v5, v0, 5\nst.global:b32:a4 v5, [s2+v0.s<<2]\n"
				 "%s%s\n%s\nand v0, v0, 1023\n%s", FIRST, LOADS, computed[i], last, LAST);
			tap_result(same(r, text), "%s%s: %s; %s", set, how, computed[i], last);
		}
}

static void test_products(struct rig *r, const char *set)
{
	char text[TEXT];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(products); i++) {
		snprintf(text, sizeof(text), "%s" LOADS "xor v6, v2, 1431655765\nmov v3, 3\nmov v4, 4\nmov v5, -5\n%s"
			 MIX("v2") MIX("v3") MIX("v4") MIX("v5") MIX("v6") "%s", FIRST, products[i], LAST);
		tap_result(same(r, text), "%s: product %u", set, i);
	}
}

static void test_ends(struct rig *r, const char *set)
{
	char text[TEXT];
	u32 i, k, o, bad = 0;

	for (i = 0; i < ARRAY_SIZE(begins); i++)
		for (k = 0; k < ARRAY_SIZE(ends); k++)
			for (o = 0; o < ARRAY_SIZE(orders); o++) {
				snprintf(text, sizeof(text), "sreg v3, %%tid.x\niadd v0, v3, %d\nsetp.32:%s p0, v0, %d\n"
					 "bssy s7\n@%sp0 bra L1\nmov v4, 5\nst.global:b32:a4 v0, [s2+v3.s<<2]\nL1:\n"
					 "bsync s7\nmov v6, 0\nsel v6, v4, v6, p0\nst.global:b32:a4 v6, [s1+v3.s<<2]\nexit\n",
					 (int)begins[i], orders[o], (int)ends[k], i & 1 ? "!" : "");
				if (!same(r, text)) {
					printf("# from %#x %s %#x\n", begins[i], orders[o], ends[k]);
					bad++;
				}
			}
	tap_result(!bad, "%s: ends before, behind and between lanes", set);
}

int main(void)
{
	const char * const *set;
	static u8 absent[3 * WORDS * 4 / 4096];
	struct rig rig;
	u32 i, how;

	rig_init(&rig, 3 * WORDS * 4);
	rig.slices = 100000;
	for (set = rig_sets(); *set; set++) {
		engine_init(*set);
		rig.budget = 100000;
		rig.large = true;
		test_compares(&rig, *set);
		test_ends(&rig, *set);
		test_products(&rig, *set);
		test_computed(&rig, *set, "");
		for (how = 0; how < 3; how++) {
			rig.large = how != 1;
			rig.budget = how == 2 ? 12 : 100000;
			if (how)
				test_computed(&rig, *set, how == 1 ? ", small pieces" : ", small slices");
			for (i = 0; i < ARRAY_SIZE(programs); i++)
				tap_result(same(&rig, programs[i].text), "%s%s: %s", *set,
					   how == 1 ? ", small pieces" : how == 2 ? ", small slices" : "",
					   programs[i].name);
		}
		rig.large = true;
		rig.budget = 100000;
		rig.absent = absent;
		tap_result(same(&rig, programs[0].text), "%s: pages that come late", *set);
		rig.absent = NULL;
	}
	rig_free(&rig);
	return tap_end();
}
