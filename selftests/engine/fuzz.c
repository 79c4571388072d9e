// SPDX-License-Identifier: MIT
/*
 * Verifier and engine under libFuzzer: whatever the verifier accepts must run
 * without a fault of the engine itself.
 *
 * The mutator keeps objects whole: it replaces instructions by others that are
 * valid where they stand, tweaks fields, and changes records and tables; now and then it
 * changes any byte, for the verifier.
 */
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/verify.h"
#include "../../userlib/visa/visa.h"
#include "rig.h"
#include "rnd.h"

#define MEMORY		(64 << 10)
#define MAX_LOCAL	(16 << 10)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static struct rig rig;
static u8 absent[MEMORY / 4096];

/* ---- running -------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	rig_init(&rig, MEMORY);
	rig.read_only = 8192;
	rig.budget = 700;
	rig.slices = 8;
	return 0;
}

static u32 checksum(const uint8_t *data, size_t size)
{
	u32 h = 2166136261u;

	while (size--)
		h = (h ^ *data++) * 16777619u;
	return h;
}

/* A shape that the kernel admits, of one to three warps. */
static void choose_block(const struct vgpu_code_kernel *k, u32 block[3], u32 how)
{
	static const u32 sizes[4][3] = { { 32, 1, 1 }, { 50, 1, 1 }, { 64, 1, 1 }, { 8, 4, 3 } };

	if (k->req[0])
		memcpy(block, k->req, sizeof(k->req));
	else
		memcpy(block, sizes[k->shape & VGPU_SHAPE_X32 ? how % 2 * 2 : how % 4],
		       3 * sizeof(*block));
}

static void run_kernel(struct engine_code *code, u32 index, u32 how)
{
	const struct vgpu_code_kernel *k = engine_code_kernel(code, index);
	u64 param[32] = { RIG_BASE, RIG_BASE + 4096, 1000, 7, RIG_BASE + MEMORY - 64, how };
	struct rig_grid g = {
		.grid = { 2, 1, 1 }, .param = param, .param_size = sizeof(param),
		.dynamic_shared = how % 3 * 512, .stack_size = 1024,
	};

	if (k->local_size > MAX_LOCAL || k->param_size > sizeof(param))
		return;
	choose_block(k, g.block, how / 4);
	if (g.block[0] * g.block[1] * g.block[2] > 128)
		return;
	memset(absent, 0, sizeof(absent));
	rig.absent = how % 5 ? NULL : absent;
	if (rig.absent)
		absent[1] = absent[5] = 1;
	rig.span = how % 7 ? 0 : 4096;
	rig.large = !rig.absent && how % 11 < 6;
	rig_launch(&rig, code, index, &g);
}

/* A copy; what is left of an older table counts as today's, or a corpus would end with each new instruction. */
static void *as_of_today(const uint8_t *data, size_t size)
{
	struct vgpu_code_header *h = malloc(size ?: 1);

	if (!h)
		abort();
	memcpy(h, data, size);
	if (size >= sizeof(*h) && h->version >> 16 && h->version >> 16 <= VGPU_ISA_MAJOR)
		h->version = VGPU_ISA_VERSION;
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char * const *sets = rig_sets();
	struct engine_code *code;
	u32 how = checksum(data, size), n = 0, i;
	void *image = as_of_today(data, size);
	char msg[200];

	while (sets[n])
		n++;
	if (engine_init(sets[how % n]))
		abort();
	if (!engine_code_load(image, size, &code, msg, sizeof(msg))) {
		for (i = 0; i < engine_code_kernels(code) && i < 2; i++)
			run_kernel(code, i, how >> 8);
		engine_code_put(code);
	}
	engine_exit();
	free(image);
	return 0;
}

/* ---- objects that are valid ---------------------------------------------------------- */

static const char first_text[] =
	".kernel \"k\" func=f vregs=32 sregs=16 param=48 shared=1024 local=256 flags=stack grid=pre\n"
	".pattern 0, 4, 8, 12, 100, 200, 300, 64\n.pattern 16\n.table T a, b, c\n"
	"pre:\ns.ld:param:b64:a8 s0, [0]\ns.ld:param:b64:a8 s1, [0+8]\ns.movi s2, 0\nexit\n"
	".func f\nsreg v0, %%tid.x\nmov.w w4, s0\nmov v2, 0\nsetp.32:lt p0, v0, 10\nbssy s4\n"
	"a:\n.line 3\n@p0 bra b\n%siadd v2, v2, 1\nb:\nbsync s4\nsetp.32:ltu p1, v2, 20\n%s"
	"c:\n@p1 bra a\ncall v3, g\nbrx v2, T\n.end\n"
	".func g id=1\n%snop\nret v3\n.end\n";

static size_t first_object(uint8_t *data, size_t max)
{
	static const char nops[] = "nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\n";
	struct visa_error err;
	char text[2048];
	void *image;
	size_t size;

	snprintf(text, sizeof(text), first_text, nops, nops, nops);
	if (visa_assemble(text, &image, &size, &err)) {
		fprintf(stderr, "line %u: %s\n", err.line, err.text);
		abort();
	}
	if (size > max)
		size = 0;
	memcpy(data, image, size);
	free(image);
	return size;
}

/**
 * struct view - an object being mutated
 * @h: its header
 * @code: its sections, as the verifier's checks of single instructions want them
 */
struct view {
	struct vgpu_code_header *h;
	struct engine_code code;
	struct vgpu_insn *insns;
	struct vgpu_code_kernel *kernels;
};

static bool section_ok(const struct vgpu_code_header *h, size_t size, u32 sec, size_t element)
{
	return h->sec[sec].offset % 8 == 0 && h->sec[sec].offset <= size &&
	       h->sec[sec].count <= (size - h->sec[sec].offset) / element;
}

static bool open_view(struct view *v, uint8_t *data, size_t size)
{
	memset(v, 0, sizeof(*v));
	v->h = (struct vgpu_code_header *)data;
	if (size < sizeof(*v->h) || v->h->magic != VGPU_CODE_MAGIC)
		return false;
	if (!section_ok(v->h, size, VGPU_SEC_INSNS, sizeof(struct vgpu_insn)) ||
	    !section_ok(v->h, size, VGPU_SEC_KERNELS, sizeof(struct vgpu_code_kernel)) ||
	    !section_ok(v->h, size, VGPU_SEC_FUNCS, sizeof(struct vgpu_code_func)))
		return false;
	v->insns = (void *)(data + v->h->sec[VGPU_SEC_INSNS].offset);
	v->kernels = (void *)(data + v->h->sec[VGPU_SEC_KERNELS].offset);
	v->code.funcs = (void *)(data + v->h->sec[VGPU_SEC_FUNCS].offset);
	v->code.func_count = v->h->sec[VGPU_SEC_FUNCS].count;
	v->code.insn_count = v->h->sec[VGPU_SEC_INSNS].count;
	v->code.table_count = v->h->sec[VGPU_SEC_TABLES].count;
	v->code.pattern_count = v->h->sec[VGPU_SEC_PATTERNS].count;
	return v->code.insn_count && v->code.func_count && v->h->sec[VGPU_SEC_KERNELS].count &&
	       v->code.func_count < 64 && v->code.table_count < 64;
}

static u16 random_operand(u8 kind, const struct verify_unit *u)
{
	switch (kind) {
	case OPK__:
		return 0;
	case OPK_W:
		return rnd() % u->vregs & ~1u;
	case OPK_S:
		return rnd() % u->sregs;
	case OPK_P:
		return rnd() % 4;
	case OPK_X:
	case OPK_Y:
	case OPK_T:
		switch (rnd() % 4) {
		case 0:
			return VGPU_SRC_IMM;
		case 1:
			return kind == OPK_T ? rnd() % u->sregs : VGPU_SRC_SCALAR | rnd() % u->sregs;
		default:
			return kind == OPK_T ? rnd() % u->sregs :
			       kind == OPK_X ? rnd() % u->vregs : rnd() % u->vregs & ~1u;
		}
	case OPK_R:
		return rnd() % 6 ? rnd() % u->sregs & ~(rnd() % 2) : VGPU_NONE;
	case OPK_M:
		return rnd() & (rnd() & ~VGPU_MD_RESERVED);
	case OPK_N:
		return rnd() % 3;
	default:
		return rnd() % u->vregs & ~(rnd() % 4);
	}
}

/* Small numbers, addresses within the memory, places in the function, anything. */
static u32 random_imm(const struct verify_unit *u, const struct op_info *op)
{
	switch (op->imm) {
	case OPI_ZERO:
		return 0;
	case OPI_TARGET:
		return u->start + rnd() % (u->end - u->start);
	case OPI_FUNC:
		return rnd() % u->code->func_count;
	case OPI_SREG:
		return rnd() % VGPU_SREG_COUNT;
	case OPI_MMA:
		return rnd() % VGPU_MMA_COUNT | (rnd() % 4 ? 0 : rnd() & 0x07ffff00);
	case OPI_FMODE:
		return rnd() % 8;
	case OPI_SHFL:
		return (rnd() & 0x1f1f1f) | (rnd() % 2 ? VGPU_SHFL_FULL : 0);
	default:
		return rnd() % 3 ? rnd() % 64 : rnd() >> rnd() % 32;
	}
}

/* An instruction that is valid in @u, whatever it does. */
static bool random_insn(const struct verify_unit *u, struct vgpu_insn *in)
{
	const struct op_info *op;
	int tries;

	for (tries = 0; tries < 400; tries++) {
		if (tries % 40 == 0)
			in->op = rnd() % VGPU_OP_COUNT;
		op = &op_table[in->op];
		in->guard = rnd() % 4 ? 0 : VGPU_GUARD | rnd() % 4 | (rnd() & VGPU_GUARD_NOT);
		in->mod = rnd() % 4 ? rnd() % 8 : rnd();
		in->d = random_operand(op->kind[OPF_D], u);
		in->a = random_operand(op->kind[OPF_A], u);
		in->b = random_operand(op->kind[OPF_B], u);
		in->c = random_operand(op->kind[OPF_C], u);
		in->imm = random_imm(u, op);
		if (op->imm == OPI_SRC && in->a != VGPU_SRC_IMM && in->b != VGPU_SRC_IMM &&
		    in->c != VGPU_SRC_IMM)
			in->imm = 0;
		if (!verify_insn(u, in))
			return true;
	}
	return false;
}

/* The unit of verification that holds @pc; a preamble has no vectors. */
static struct verify_unit unit_of(const struct view *v, u32 pc, u8 *callable, u32 *table_func)
{
	struct verify_unit u = {
		.code = &v->code, .start = 0, .end = v->code.insn_count, .vregs = 2, .sregs = 1,
		.func = engine_code_func(&v->code, pc), .callable = callable,
		.table_func = table_func,
	};
	u32 i;

	if (v->kernels[0].vregs >= 8 && v->kernels[0].vregs <= VGPU_MAX_VREGS)
		u.vregs = v->kernels[0].vregs;
	if (v->kernels[0].sregs && v->kernels[0].sregs <= VGPU_MAX_SREGS)
		u.sregs = v->kernels[0].sregs;
	for (i = 0; i < 64; i++) {
		callable[i] = i != v->kernels[0].func;
		table_func[i] = 0;
	}
	if (u.func != VGPU_NO_PC) {
		u.start = v->code.funcs[u.func].start;
		u.end = u.start + v->code.funcs[u.func].count;
	}
	return u;
}

static void mutate_insn(struct view *v)
{
	u32 pc = rnd() % v->code.insn_count, table_func[64];
	struct vgpu_insn *in = &v->insns[pc], old;
	u8 callable[64];
	struct verify_unit u = unit_of(v, pc, callable, table_func);

	old = *in;
	switch (rnd() % 8) {
	case 0:
		in->imm = random_imm(&u, in->op < VGPU_OP_COUNT ? &op_table[in->op] : op_table);
		break;
	case 1:
		LLVMFuzzerMutate((u8 *)in, sizeof(*in), sizeof(*in));
		return;
	case 2:
		*in = v->insns[rnd() % v->code.insn_count];
		break;
	default:
		if (!random_insn(&u, in))
			*in = old;
		return;
	}
	if (verify_insn(&u, in))
		*in = old;
}

static void mutate_kernel(struct view *v)
{
	struct vgpu_code_kernel *k = &v->kernels[rnd() % v->h->sec[VGPU_SEC_KERNELS].count];

	switch (rnd() % 6) {
	case 0:
		k->shared_size = rnd() % 4096;
		break;
	case 1:
		k->local_size = rnd() % 64 * 16;
		break;
	case 2:
		k->shape = rnd() % 8;
		break;
	case 3:
		k->vregs = 2 + rnd() % 64 * 2;
		break;
	case 4:
		k->sregs = 1 + rnd() % VGPU_MAX_SREGS;
		break;
	default:
		k->req[0] = rnd() % 64;
		k->req[1] = k->req[0] ? 1 : 0;
		k->req[2] = k->req[1];
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct view v;
	u32 n;

	rnd_state = seed | 1;
	if (!open_view(&v, data, size))
		return first_object(data, max);
	switch (rnd() % 32) {
	case 0:
		return LLVMFuzzerMutate(data, size, max);
	case 1:
		mutate_kernel(&v);
		return size;
	default:
		for (n = 1 + rnd() % 4; n; n--)
			mutate_insn(&v);
		return size;
	}
}
