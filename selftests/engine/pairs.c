// SPDX-License-Identifier: MIT
/*
 * Pairs of instructions that one handler executes (pairs.h) do what both do one after the
 * other: every pair, against the same program with a nop between the two, in every set.
 *
 * Whole warps, some lanes, operands in place, loops that jump between the two and run out
 * of fuel there, and loads that fault, whose record must name the instruction itself.
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/exec.h"
#include "rig.h"
#include "tap.h"

#define MEMORY		16384
#define OUT		8192	/* results lie here */

/*
 * Instructions by their handlers' names. $d, $a, $b, $c: V registers; $D, $A: W registers, and
 * [$A] an address of the lane's own; $s, $t, $u: scalars, D and sources. What branches skips an
 * instruction.
 */
static const struct text {
	const char *name, *text;
} texts[] = {
	{ "SHRU_I", "shr.u $d, $a, 4" }, { "AND_I", "and $d, $a, 252645135" },
	{ "OR_I", "or $d, $a, 1103" },
	{ "DP4A_SSI", "dp4a:3 $d, $a, $b, 7" }, { "DP4A_SS", "dp4a:3 $d, $a, $b, $c" },
	{ "I2F_RN", "i2f.s $d, $a" }, { "H2F_RN", "h2f $d, $a" }, { "H2F_HI", "h2f:hi $d, $a" },
	{ "FMUL", "fmul $d, $a, $b" }, { "FMUL_B", "fmul $d, $a, 1077936128" },
	{ "FFMA", "ffma $d, $a, $b, $c" }, { "FADD", "fadd $d, $a, $b" },
	{ "SHFL", "shfl:bfly $d, $a, 4, full, 31, 0" },
	{ "LDG_W32", "ld.global:b32:a4 $d, [$A]" }, { "LDG_W16", "ld.global:u16:a2 $d, [$A]" },
	{ "LDS_SV32", "ld.shared:b32:a4 $d, [0+v1<<2]" },
	{ "LADD", "ladd $D, $A, w40" }, { "LADD_B", "ladd $D, $A, 8" },
	{ "SLD", "s.ld:global:b32:a4 $s, [s2+64]" },
	{ "SADD", "s.add $s, $t, $u" }, { "SADD_32", "s.add:32 $s, $t, $u" },
	{ "SMUL_32", "s.mul:32 $s, $t, $u" }, { "SEXT", "s.ext:s32 $s, $t" },
	{ "SSHL_32", "s.shl:32 $s, $t, 3" },
	{ "SSETP", "s.setp:lt p2, $t, $u" },
	{ "BSSY", "bssy $s" },
	{ "BRA", "@p2 bra skip\niadd v18, v18, 1\nskip:" },
	{ "SBR_LTS", "sbr:lt $t, $u, skip\niadd v18, v18, 1\nskip:" },
};

/**
 * struct pair - one of pairs.h
 * @kind: its first column
 * @uop: its handler
 */
static const struct pair {
	const char *kind, *first, *second;
	u32 uop;
} pairs[] = {
#define EF(KIND, FIRST, SECOND) { #KIND, #FIRST, #SECOND, EF_##KIND##_##FIRST##_##SECOND },
#include "../../driver/engine/pairs.h"
#undef EF
};

/** enum how - around the pair, and in it */
enum how {
	APART = 1,	/* a nop between the two */
	SOME = 2,	/* lanes 20 and up are elsewhere */
	LOOP = 4,	/* jumps between the two, thrice */
	IN_PLACE = 8,	/* the results replace sources */
	NEAR = 16,	/* the second one uses the first one's result, where the kind does not say so */
	FAULT = 32,	/* lane 5's address is outside memory in the second, if that is a load */
	FAULT_FIRST = 64,
};

static struct rig rig;

static const char *text_of(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].name, name))
			return texts[i].text;
	printf("Bail out! no text for %s\n", name);
	exit(1);
}

static bool is_load(const char *name)
{
	return !strncmp(name, "LDG", 3);
}

/* The text of instruction @name with registers, by the letters of texts[] */
static void put(char *to, const char *name, const char *kind, bool second, u32 how,
		const char *first)
{
	bool near = how & NEAR && kind[1], place = how & IN_PLACE, wide = !strncmp(first, "LADD", 4);
	const char *t;

	to += strlen(to);
	for (t = text_of(name); *t; t++) {
		if (*t != '$') {
			*to++ = *t;
			continue;
		}
		switch (*++t) {
		case 'd':
			to += sprintf(to, "v%u", second && !place ? 14 : 10);
			break;
		case 'a':
		case 'b':
		case 'c':
			if (second && (*kind == *t - 32 || (near && *t == 'a')))
				to += sprintf(to, "v10");
			else
				to += sprintf(to, "v%u", (place && !second ? 10 : second ? 15 : 11) +
							 *t - 'a');
			break;
		case 'D':
			to += sprintf(to, "w%u", place ? 30 : 32);
			break;
		case 'A':
			to += sprintf(to, "w%u", !second ? (how & FAULT_FIRST ? 36 : 30) :
				      wide ? (place ? 30 : 32) : how & FAULT ? 36 : 34);
			break;
		case 's':
			to += sprintf(to, "s%u", second ? 6 : 5);
			break;
		case 't':
			to += sprintf(to, "s%u", second ? 5 : 3);
			break;
		default:
			to += sprintf(to, "s4");
			break;
		}
	}
	sprintf(to, "\n");
}

static const char row[] =
	".pattern 0,4,8,12,16,20,24,28,32,36,40,44,48,52,56,60,64,68,72,76,80,84,88,92,96,100,104,"
	"108,112,116,120,124\n";

/* Registers with values of memory; v30: addresses of the lanes, v36: one of them wrong */
static void put_prologue(char *to, u32 how, bool wide)
{
	u32 i;

	to += strlen(to);
	to += sprintf(to, ".kernel \"k\" func=f vregs=48 sregs=16 param=16 shared=1024 local=64\n%s"
		      ".func f\ns.ld:param:b64:a8 s1, [0]\ns.ld:param:b64:a8 s2, [0+8]\n"
		      "s.ld:global:b64:a8 s3, [s2+8]\ns.ld:global:b64:a8 s4, [s2+16]\n"
		      "s.movi s5, 1\ns.movi s6, 2\nsreg v1, %%laneid\nshl v2, v1, 2\n",
		      row);
	for (i = 10; i < 20; i++)
		to += sprintf(to, "ld.global:b32:a4 v%u, [s2+pat0 +%u]\n", i, 128 * i);
	to += sprintf(to, "st.shared:b32:a4 v13, [0+pat0]\next.u64 w30, v2\nladd w30, w30, s2\n"
		      "ladd w34, w30, 64\nmov.w w32, w30\nmov.w w40, 256\nmov.w w36, w34\n"
		      "setp.32:eq p0, v1, 5\nsetp.32:ltu p1, v1, 20\nsetp.32:ltu p2, v1, 9\n"
		      "@p0 mov.w w36, 4096\n%s", wide && how & FAULT ? "@p0 mov.w w30, 4096\n" : "");
	if (how & SOME)
		sprintf(to, "bssy s14\n@!p1 bra apart\n");
}

static void put_epilogue(char *to, u32 how)
{
	u32 i;

	to += strlen(to);
	to += sprintf(to, ".line 43\n%s", how & LOOP ? "s.add s10, s10, 1\nsbr:lt s10, s11, between\n" : "");
	if (how & SOME)
		to += sprintf(to, "apart:\nbsync s14\n");
	for (i = 10; i < 20; i++)
		to += sprintf(to, "st.global:b32:a4 v%u, [s1+pat0 +%u]\n", i, 128 * i);
	for (i = 30; i < 34; i++)
		to += sprintf(to, "st.global:b32:a4 v%u, [s1+pat0 +%u]\n", i, 128 * i);
	for (i = 5; i < 7; i++)
		to += sprintf(to, "mov v3, s%u\nst.global:b32:a4 v3, [s1+pat0 +%u]\n", i, 128 * i);
	sprintf(to, "mov v3, 0\n@p2 mov v3, 1\nst.global:b32:a4 v3, [s1+pat0]\nexit\n.end\n");
}

static void put_pair(char *text, const struct pair *p, u32 how)
{
	text[0] = '\0';
	put_prologue(text, how, !strncmp(p->first, "LADD", 4));
	if (how & LOOP)
		strcat(text, "s.movi s10, 0\ns.movi s11, 3\n");
	strcat(text, ".line 41\n");
	put(text, p->first, p->kind, false, how, p->first);
	strcat(text, ".line 42\n");
	if (how & APART)
		strcat(text, "nop\n");
	if (how & LOOP)
		strcat(text, "between:\n");
	put(text, p->second, p->kind, true, how, p->first);
	put_epilogue(text, how);
}

/* The element of line 41, the last one before line 42, has the pair's handler. */
static bool is_fused(const struct engine_code *code, const struct pair *p)
{
	const struct eng_op *ops = code->prog->ops;
	u32 i;

	for (i = 0; i + 1 < code->prog->count; i++)
		if (engine_code_line(code, ops[i].pc) == 41 &&
		    engine_code_line(code, ops[i + 1].pc) == 42)
			return ops[i].h == 2 * p->uop;
	return false;
}

/* Runs it; @mem receives what it leaves, @fused whether it had the pair's handler. */
static int run(const struct pair *p, u32 how, u8 *mem, struct engine_fault *fault, bool *fused)
{
	const u64 param[2] = { RIG_BASE + OUT, RIG_BASE };
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = param, .param_size = 16,
	};
	static char text[8192];
	struct engine_code *code;
	int status, i;

	put_pair(text, p, how);
	code = rig_load(&rig, text);
	if (!code)
		return -1;
	srand(7);
	for (i = 0; i < MEMORY; i++)
		rig.mem[i] = i < OUT ? (u8)(rand() >> 8) : 0;
	*fused = is_fused(code, p);
	status = rig_launch(&rig, code, 0, &g);
	memcpy(mem, rig.mem, MEMORY);
	*fault = rig.fault;
	engine_code_put(code);
	return status;
}

static bool same_fault(const struct engine_fault *a, const struct engine_fault *b)
{
	return a->kind == b->kind && a->lane == b->lane && a->line == b->line &&
	       a->address == b->address && a->size == b->size && a->write == b->write;
}

static void check(const struct pair *p, u32 how, const char *set)
{
	static u8 got[MEMORY], want[MEMORY];
	struct engine_fault fault, expected;
	bool fused = false, apart = false, ok;
	int status, ref;

	/* where it loops, fuel is for one round at most */
	rig.budget = how & LOOP ? 1 : 1000;
	ref = run(p, how | APART, want, &expected, &apart);
	status = run(p, how, got, &fault, &fused);
	ok = status == ref && ref == (how & (FAULT | FAULT_FIRST) ? ENGINE_FAULT : ENGINE_DONE) &&
	     fused && !apart && !memcmp(got, want, MEMORY) && same_fault(&fault, &expected);
	if (how & (FAULT | FAULT_FIRST))
		ok = ok && fault.line == (how & FAULT ? 42 : 41) && fault.lane == 5;
	if (!tap_result(ok, "%s %s: %s, %s, %u", set, p->kind, p->first, p->second, how))
		printf("# status %d, %d %s; pair %u, %u; fault %u in line %u, %u in line %u\n", status,
		       ref, rig.msg, fused, apart, fault.kind, fault.line, expected.kind,
		       expected.line);
}

static void check_pair(const struct pair *p, const char *set)
{
	static const u32 ways[] = {
		0, SOME, LOOP, LOOP | SOME, NEAR, IN_PLACE, IN_PLACE | NEAR | SOME,
		IN_PLACE | LOOP | NEAR,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		check(p, ways[i], set);
	if (is_load(p->second))
		check(p, FAULT, set);
	if (is_load(p->first))
		check(p, FAULT_FIRST, set);
}

int main(void)
{
	const char * const *set = rig_sets();
	u32 i;

	rig_init(&rig, MEMORY);
	rig.slices = 10000;
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		for (i = 0; i < ARRAY_SIZE(pairs) && eng_isa_now()->pairs; i++)
			check_pair(&pairs[i], *set);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
