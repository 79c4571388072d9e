// SPDX-License-Identifier: MIT
/*
 * What the interpreter costs: loops of one kind of instruction and the q4xq8 dot
 * product, in nanoseconds of processor time a warp instruction.
 *
 *	engine_bench [SET [NAME]]	SET: avx512fp16, avx512vnni, avx512, avx2, portable or auto
 *	engine_bench rates		lane operations a second of the dot product, by set,
 *					and of the same in scalar C
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../driver/engine/engine.h"
#include "../../userlib/visa/visa.h"

#define BASE   0x7f0000000000ull
#define BYTES  (64u << 20)
#define ROUNDS 4000
#define PAGE   4096
#define PLACES 9   /* of a block on its page */
#define STEP   448 /* from one to the next: all over the page, and aligned as blocks are */

/**
 * struct loop - a measurement
 * @name: what is measured
 * @body: the loop's instructions
 * @insns: how many, with the loop's own three
 */
struct loop {
	const char *name, *body;
	unsigned int insns;
};

#define X4(t)  t t t t
#define X16(t) X4(X4(t))

/* s1: global base, s2: count, s3: an offset that moves on */
static const struct loop loops[] = {
	{ "empty loop", "", 3 },
	{ "iadd", X16(" iadd v2, v3, v4\n"), 19 },
	{ "iadd immediate", X16(" iadd v2, v3, 77\n"), 19 },
	{ "iadd dependent", X16(" iadd v2, v2, v4\n"), 19 },
	{ "ffma", X16(" ffma v2, v3, v4, v2\n"), 19 },
	{ "fadd", X16(" fadd v2, v3, v4\n"), 19 },
	{ "dp4a", X16(" dp4a:3 v2, v3, v4, v2\n"), 19 },
	{ "shift and mask", X4(X4(" shr.u v2, v3, 4\n and v4, v2, 252645135\n")), 35 },
	{ "lop3", X16(" lop3:150 v2, v3, v4, v5\n"), 19 },
	{ "imad", X16(" imad v2, v3, v4, v5\n"), 19 },
	{ "prmt", X16(" prmt v2, v3, v4, v5\n"), 19 },
	{ "f64 fma", X16(" dfma w2, w4, w6, w2\n"), 19 },
	{ "64-bit add", X16(" ladd w2, w4, w6\n"), 19 },
	{ "h2f", X16(" h2f v2, v3\n"), 19 },
	{ "i2f", X16(" i2f.s v2, v3\n"), 19 },
	{ "ex2", X16(" fex2.a v2, v3\n"), 19 },
	{ "hfma2", X16(" hfma2 v2, v3, v4, v2\n"), 19 },
	{ "scalar add", X16(" s.add s5, s6, s7\n"), 19 },
	{ "setp and sel", X4(X4(" setp.32:lt p0, v3, v4\n sel v2, v3, v4, p0\n")), 35 },
	{ "guarded iadd", X16(" @p0 iadd v2, v3, v4\n"), 19 },
	{ "load row", X16(" ld.global:b32:a4 v2, [s1+pat0]\n"), 19 },
	{ "load row by lanes", X16(" ld.global:b32:a4 v2, [s1+v1<<2]\n"), 19 },
	{ "load 64-bit addresses", X16(" ld.global:b32:a4 v2, [w10]\n"), 19 },
	{ "load pattern", X16(" ld.global:b32:a2 v2, [s1+pat1]\n"), 19 },
	{ "load u16 pattern", X16(" ld.global:u16:a2 v2, [s1+pat1]\n"), 19 },
	{ "load vector of 4", X16(" ld.global:b32:x4:a16 v12, [s1+pat2]\n"), 19 },
	{ "load one for all", X16(" ld.global:b32:a4 v2, [s1]\n"), 19 },
	{ "store row", X16(" st.global:b32:a4 v2, [s1+pat0]\n"), 19 },
	{ "scalar load", X16(" s.ld:global:b32:a4 s5, [s1]\n"), 19 },
	{ "first lane's value", X16(" s.first s5, v9\n"), 19 },
	{ "base", X16(" s.base s5, v9, pat0\n"), 19 },
	{ "64-bit base", X16(" s.basew s5, w22, pat0\n"), 19 },
	{ "32 bases", " bssy s8\n s.base s5, v1, pat0\n bsync s8\n", 6 },
	{ "shared load row", X16(" ld.shared:b32:a4 v2, [0+pat0]\n"), 19 },
	{ "shared store row", X16(" st.shared:b32:a4 v2, [0+pat0]\n"), 19 },
	{ "shared gather", X16(" ld.shared:b32:a4 v2, [v9]\n"), 19 },
	{ "spill", X16(" st.local:b32:a4 v2, [0]\n"), 19 },
	{ "shuffle", X16(" shfl:bfly v2, v3, 4, full, 31, 0\n"), 19 },
	{ "barrier", X16(" bar.sync 0, 0\n"), 19 },
	{ "divergent branch",
	  X4(" bssy s8\n @p1 bra a%=\n iadd v2, v2, 1\n bra b%=\na%=:\n"
	     " iadd v2, v2, 2\nb%=:\n bsync s8\n"),
	  31 },
	{ "mma s8", X16(" mma:M16N8K32_I8:as:bs v12, v16, v20, v12\n"), 19 },
	{ "mma f16", X16(" mma:M16N8K16_F16_F32 v12, v16, v20, v12\n"), 19 },
	{ "q4 x q8 dot product",
	  " ld.global:b32:a2 v2, [s1+pat1]\n" /* 8 nibbles */
	  " ld.global:u16:a2 v3, [s1+pat3]\n" /* their scale */
	  " ld.global:b32:a4 v4, [s9+pat4]\n" /* 4 + 4 bytes */
	  " ld.global:b32:a4 v5, [s9+pat4 +16]\n"
	  " ld.global:u16:a2 v6, [s9+pat5]\n"
	  " and v7, v2, 252645135\n shr.u v8, v2, 4\n and v8, v8, 252645135\n"
	  " dp4a:3 v9, v7, v4, 0\n dp4a:3 v9, v8, v5, v9\n"
	  " dp4a:3 v10, v4, v13, 0\n dp4a:3 v10, v5, v13, v10\n"
	  " i2f.s v9, v9\n i2f.s v10, v10\n h2f v3, v3\n h2f v6, v6\n"
	  " fmul v11, v3, v6\n ffma v9, v10, v14, v9\n ffma v12, v11, v9, v12\n"
	  " s.add s9, s9, 0\n",
	  23 },
};

static const char patterns[] =
	".pattern 0,4,8,12,16,20,24,28,32,36,40,44,48,52,56,60,64,68,72,76,80,84,88,92,96,100,104,"
	"108,112,116,120,124\n"
	".pattern 2,10,20,28,38,46,56,64,74,82,92,100,110,118,128,136,146,154,164,172,182,190,200,"
	"208,218,226,236,244,254,262,272,280\n"
	".pattern 0,16,32,48,64,80,96,112,128,144,160,176,192,208,224,240,256,272,288,304,320,336,"
	"352,368,384,400,416,432,448,464,480,496\n"
	".pattern 0,0,18,18,36,36,54,54,72,72,90,90,108,108,126,126,144,144,162,162,180,180,198,198,"
	"216,216,234,234,252,252,270,270\n"
	".pattern 4,12,40,48,76,84,112,120,148,156,184,192,220,228,256,264,292,300,328,336,364,372,"
	"400,408,436,444,472,480,508,516,544,552\n"
	".pattern 0,0,36,36,72,72,108,108,144,144,180,180,216,216,252,252,288,288,324,324,360,360,"
	"396,396,432,432,468,468,504,504,540,540\n";

static int translate(void *as, u64 va, bool write, struct engine_span *span)
{
	(void)write;
	if (va - BASE >= BYTES)
		return -EFAULT;
	*span = (struct engine_span){ .va = BASE, .size = BYTES, .ptr = as, .writable = true };
	return 0;
}

static const struct engine_mem_ops ops = { .translate = translate };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* "%=" in a body becomes a number of its own for each copy of a block */
static void add_body(char *out, const char *body)
{
	unsigned int copy = 0;
	char *o = out + strlen(out);

	for (; *body; body++) {
		if (body[0] == '%' && body[1] == '=') {
			o += sprintf(o, "%u", copy / 4);
			copy++;
			body++;
		} else {
			*o++ = *body;
		}
	}
	*o = '\0';
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "engine_bench: %s: %s\n", what, why);
	exit(1);
}

static struct engine_code *build(const struct loop *l)
{
	static char text[1 << 16];
	struct engine_code *code = NULL;
	struct visa_error err;
	char msg[200];
	void *image;
	size_t size;

	strcpy(text, ".kernel \"k\" func=f vregs=32 sregs=16 param=16 shared=4096 local=64\n");
	strcat(text, patterns);
	strcat(text, ".func f\n s.ld:param:b64:a8 s1, [0]\n s.ld:param:b64:a8 s2, [0+8]\n"
		     " s.movi s3, 0\n s.add s9, s1, 65536\n sreg v1, %laneid\n mov v0, 0\n"
		     " mov v3, 1065353216\n mov v4, 1065353216\n mov v5, 5\n mov v2, 0\n mov v12, 0\n"
		     " mov v13, 16843009\n mov v14, -1056964608\n mov v9, 0\n"
		     " mov.w w4, 0\n mov.w w6, 0\n mov.w w2, 0\n mov.w w10, s1\n"
		     " setp.32:lt p0, v1, 40\n setp.32:lt p1, v1, 16\n mov v9, v1\n shl v9, v9, 2\n"
		     " ext.u64 w22, v9\n ladd w22, w22, s1\n"
		     " mov v3, 1065353216\n mov v4, 1065353216\n"
		     "loop:\n");
	add_body(text, l->body);
	strcat(text, " s.add s3, s3, 1\n nop\n sbr:lt s3, s2, loop\n exit\n.end\n");
	if (visa_assemble(text, &image, &size, &err)) {
		snprintf(msg, sizeof(msg), "line %u: %s", err.line, err.text);
		die(l->name, msg);
	}
	if (engine_code_load(image, size, &code, msg, sizeof(msg)))
		die(l->name, msg);
	free(image);
	return code;
}

/* Nanoseconds a round with the block at @cta, the best of some. */
static double measure_at(const struct loop *l, struct engine_launch *launch, void *cta)
{
	enum engine_status status;
	struct engine_fault fault;
	double best = 1e30, t;
	int i;

	for (i = 0; i < 4; i++) {
		memset(cta, 0, engine_cta_bytes(launch));
		t = now();
		engine_cta_begin(launch, 0, 0, cta);
		while (status = engine_run(cta, 1000000), status == ENGINE_SLICE || status == ENGINE_YIELD)
			;
		t = now() - t;
		if (status != ENGINE_DONE) {
			engine_launch_fault(launch, &fault);
			snprintf(cta, 64, "stopped by %u at %u", fault.kind, fault.pc);
			die(l->name, cta);
		}
		best = t < best ? t : best;
	}
	return best / ROUNDS;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Nanoseconds a round.  Where on its page the block lies, with the registers, decides which loads
 * wait for stores at the same place of another page: chance, and up to 60 % of a row.  So each
 * loop is measured at some places, and the middle one is the figure.
 */
static double measure(const struct loop *l, u8 *mem)
{
	struct engine_code *code = build(l);
	u64 param[2] = { BASE, ROUNDS };
	struct engine_params p = {
		.code = code,
		.grid = { 1, 1, 1 },
		.block = { 32, 1, 1 },
		.param = param,
		.param_size = sizeof(param),
		.sm_count = 1,
		.mem = &ops,
		.as = mem,
	};
	struct engine_launch *launch;
	double at[PLACES];
	char *page;
	int i;

	if (engine_launch_create(&p, &launch))
		die(l->name, "launch refused");
	page = aligned_alloc(PAGE, (engine_cta_bytes(launch) + 2 * PAGE - 1) & ~(size_t)(PAGE - 1));
	if (!page)
		die(l->name, "no memory");
	for (i = 0; i < PLACES; i++)
		at[i] = measure_at(l, launch, page + i * STEP);
	qsort(at, PLACES, sizeof(at[0]), by_size);
	free(page);
	engine_launch_destroy(launch);
	engine_code_put(code);
	return at[PLACES / 2];
}

/* ---- the dot product by lanes, as a C compiler makes it without vectors ---------- */

struct lane {
	u32 q;
	u16 d, e;
	s8 y[8];
	s32 sum, pad;
	float acc;
};

static s32 dp4a(u32 a, const s8 *b, s32 c)
{
	int i;

	for (i = 0; i < 4; i++)
		c += (s8)(a >> 8 * i) * b[i];
	return c;
}

static float half_to_float(u16 h)
{
	union {
		u32 u;
		float f;
	} v = { .u = (u32)(h & 0x7fff) << 13 };

	v.f *= 0x1p112f;
	v.u |= (u32)(h & 0x8000) << 16;
	return v.f;
}

__attribute__((__noinline__, optimize("no-tree-vectorize", "no-tree-slp-vectorize"))) static void scalar_round(
	struct lane *l)
{
	int i;

	for (i = 0; i < 32; i++, l++) {
		u32 lo = l->q & 0x0f0f0f0f, hi = l->q >> 4 & 0x0f0f0f0f;
		s32 dot = dp4a(hi, l->y + 4, dp4a(lo, l->y, 0));
		s32 sum = dp4a(0x01010101, l->y + 4, dp4a(0x01010101, l->y, 0));
		float scale = half_to_float(l->d) * half_to_float(l->e);

		l->acc += scale * ((float)sum * -8.0f + (float)dot);
	}
}

static double measure_scalar(void)
{
	static struct lane lanes[32];
	double best = 1e30, t;
	int i, k;

	for (i = 0; i < 9; i++) {
		t = now();
		for (k = 0; k < ROUNDS; k++) {
			scalar_round(lanes);
			__asm__ volatile("" : : "r"(lanes) : "memory");
		}
		t = now() - t;
		best = t < best ? t : best;
	}
	return best / ROUNDS;
}

#define DOT_OPS 22 /* of the dot product's loop, as scalar C has them too */

static void rates(u8 *mem)
{
	static const char *const sets[] = { "avx512fp16", "avx512vnni", "avx512", "avx2", "portable" };
	const struct loop *dot = &loops[sizeof(loops) / sizeof(loops[0]) - 1];
	double ns;
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (engine_init(sets[i]))
			continue;
		ns = measure(dot, mem);
		printf("lane_gops_%s %.3f G/s\n", sets[i], 32 * DOT_OPS / ns);
		printf("dot_ns_%s %.3f ns a warp operation\n", sets[i], ns / DOT_OPS);
		engine_exit();
	}
	printf("lane_gops_scalar %.3f G/s\n", 32 * DOT_OPS / measure_scalar());
}

int main(int argc, char **argv)
{
	u8 *mem = aligned_alloc(1 << 21, BYTES);
	size_t i;

	if (mem)
		memset(mem, 0, BYTES);
	if (mem && argc > 1 && !strcmp(argv[1], "rates")) {
		rates(mem);
		free(mem);
		return 0;
	}
	if (!mem || engine_init(argc > 1 ? argv[1] : "auto"))
		die(argc > 1 ? argv[1] : "auto", "not here");
	printf("handlers: %s\n", engine_isa());
	for (i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
		if (argc < 3 || strstr(loops[i].name, argv[2])) {
			double ns = measure(&loops[i], mem);

			printf("%-24s %7.2f ns an instruction, %8.1f ns a round\n", loops[i].name, ns / loops[i].insns,
			       ns);
		}
	free(mem);
	return 0;
}
