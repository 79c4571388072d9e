// SPDX-License-Identifier: MIT
/*
 * Random programs, run before and after SSA construction by a small
 * interpreter: every stored value must be the same. Dominators,
 * post-dominators and loops are compared with their plain definitions.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "ir.h"
#include "tap.h"

#define PROGRAMS	3000
#define MAX_STEPS	20000
#define MAX_TRACE	4096
#define NREGS		14
#define NPREDS		4

static u64 seed;

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

/* ---- a random program ---- */

static void emit_guard(FILE *f)
{
	if (!rnd(4))
		fprintf(f, "@%s%%p%u ", rnd(2) ? "!" : "", rnd(NPREDS));
}

static void emit_insn(FILE *f)
{
	switch (rnd(6)) {
	case 0:
		emit_guard(f);
		fprintf(f, "mov.u32 %%r%u, %u;\n", rnd(NREGS), rnd(10));
		break;
	case 1:
	case 2:
		emit_guard(f);
		fprintf(f, "add.u32 %%r%u, %%r%u, %u;\n", rnd(NREGS), rnd(NREGS), rnd(5));
		break;
	case 3:
		emit_guard(f);
		fprintf(f, "setp.%s.u32 %%p%u, %%r%u, %u;\n", rnd(2) ? "lt" : "eq", rnd(NPREDS),
			rnd(NREGS), rnd(20));
		break;
	case 4:
		emit_guard(f);
		fprintf(f, "mov.b64 {%%r%u, %%r%u}, {%%r%u, %%r%u};\n", rnd(NREGS / 2),
			NREGS / 2 + rnd(NREGS / 2),
			rnd(NREGS), rnd(NREGS));
		break;
	default:
		fprintf(f, "st.global.u32 [%%d0], %%r%u;\n", rnd(NREGS));
	}
}

static char *program(u32 nblocks)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, ".version 8.5\n.target sm_75\n.entry k()\n{\n.reg .b32 %%r<%u>;\n"
		".reg .pred %%p<%u>;\n.reg .b64 %%d0;\n", NREGS, NPREDS);
	for (u32 k = 0; k < nblocks; k++) {
		fprintf(f, "L%u:\n", k);
		for (u32 n = rnd(4); n; n--)
			emit_insn(f);
		switch (rnd(8)) {
		case 0:
			fprintf(f, "bra L%u;\n", rnd(nblocks));
			break;
		case 1:
			fprintf(f, "t%u: .branchtargets L%u, L%u, L%u;\nbrx.idx %%r%u, t%u;\n", k,
				rnd(nblocks), rnd(nblocks), rnd(nblocks), rnd(NREGS), k);
			break;
		case 2:
			if (!rnd(3)) {
				emit_guard(f);
				fprintf(f, "ret;\n");
			}
			break;
		case 3:
			break;
		default:
			fprintf(f, "@%s%%p%u bra L%u;\n", rnd(2) ? "!" : "", rnd(NPREDS),
				rnd(nblocks));
		}
	}
	fprintf(f, "ret;\n}\n");
	fclose(f);
	return text;
}

/* What chance rarely makes. */
static const char *const fixed[] = {
	/* one def, under a guard, in a loop: later rounds keep the first's value */
	".version 8.5\n.target sm_75\n.entry k() { .reg .b32 %r<3>; .reg .pred %p<2>; .reg .b64 %d0;\n"
	"mov.u32 %r0, 0;\nL: setp.eq.u32 %p0, %r0, 1;\n@%p0 mov.u32 %r1, 7;\n"
	"st.global.u32 [%d0], %r1;\nadd.u32 %r0, %r0, 1;\nsetp.lt.u32 %p1, %r0, 5;\n"
	"@%p1 bra L;\nret;\n}\n",
	/* a loop that begins with the body */
	".version 8.5\n.target sm_75\n.entry k() { .reg .b32 %r<3>; .reg .pred %p<2>; .reg .b64 %d0;\n"
	"L: add.u32 %r0, %r0, 1;\nst.global.u32 [%d0], %r0;\nsetp.lt.u32 %p1, %r0, 5;\n"
	"@%p1 bra L;\nret;\n}\n",
	/* two variables that change places around a loop: phis act together */
	".version 8.5\n.target sm_75\n.entry k() { .reg .b32 %r<5>; .reg .pred %p<2>; .reg .b64 %d0;\n"
	"mov.u32 %r1, 1;\nmov.u32 %r2, 2;\nL: mov.b64 {%r1, %r2}, {%r2, %r1};\n"
	"st.global.u32 [%d0], %r1;\nadd.u32 %r0, %r0, 1;\nsetp.lt.u32 %p1, %r0, 5;\n"
	"@%p1 bra L;\nst.global.u32 [%d0], %r2;\nret;\n}\n",
};

/* ---- the interpreter ---- */

struct machine {
	u64 *reg;		/* by id; undefined values are 0 */
	u32 trace[MAX_TRACE];
	u32 ntrace;
	bool stopped;		/* out of steps */
};

static u64 get(const struct machine *m, const struct ir_operand *o)
{
	u64 v = 0;

	switch (o->kind) {
	case OPND_REG: return m->reg[o->reg->id];
	case OPND_IMM: return o->imm;
	case OPND_VEC:
		for (u32 k = 0; k < o->nelem; k++)
			v |= (u64)(u32)get(m, &o->elem[k]) << (32 * k);
		return v;
	default: return 0;
	}
}

static void set(struct machine *m, const struct ir_operand *o, u64 v, bool ssa, bool live)
{
	if (o->kind == OPND_VEC) {
		for (u32 k = 0; k < o->nelem; k++)
			set(m, &o->elem[k], v >> (32 * k) & 0xffffffff, ssa, live);
		return;
	}
	if (live)
		m->reg[o->reg->id] = v;
	else if (ssa)
		m->reg[o->reg->id] = o->prior ? m->reg[o->prior->id] : 0;
}

static void execute(struct machine *m, const struct ir_insn *i, bool ssa, bool live)
{
	u64 a, b;

	switch (i->op) {
	case OP_MOV:
		set(m, &i->ops[0], get(m, &i->ops[1]), ssa, live);
		break;
	case OP_ADD:
		set(m, &i->ops[0], (u32)(get(m, &i->ops[1]) + get(m, &i->ops[2])), ssa, live);
		break;
	case OP_SETP:
		a = (u32)get(m, &i->ops[2]);
		b = (u32)get(m, &i->ops[3]);
		set(m, &i->ops[0], i->m.cmp == CMP_LT ? a < b : a == b, ssa, live);
		break;
	case OP_ST:
		if (m->ntrace < MAX_TRACE)
			m->trace[m->ntrace++] = get(m, &i->ops[1]);
		break;
	}
}

/* Phis read together, then write together. */
static struct ir_insn *enter(struct machine *m, struct ir_block *blk, struct ir_block *from)
{
	struct ir_insn *i = blk->first;
	u64 value[64];
	u32 edge = 0, n = 0;

	while (edge < blk->npreds && blk->preds[edge] != from)
		edge++;
	for (; i && i->op == OP_PHI; i = i->next)
		value[n++] = get(m, &i->ops[1 + edge]);
	n = 0;
	for (i = blk->first; i && i->op == OP_PHI; i = i->next)
		m->reg[i->ops[0].reg->id] = value[n++];
	return i;
}

static struct ir_block *leave(struct machine *m, struct ir_block *blk, bool live)
{
	const struct ir_insn *i = blk->last;
	u64 idx;

	switch (i->op) {
	case OP_BRA:
		return live ? i->ops[0].block : blk->succs[1];
	case OP_BRX_IDX:
		idx = get(m, &i->ops[0]);
		return blk->succs[idx < 3 ? idx : 0];
	case OP_RET:
		return live ? NULL : blk->succs[0];
	default:
		return blk->succs[0];
	}
}

static void run(const struct ir_body *b, struct machine *m)
{
	struct ir_block *blk = b->blocks[0], *from = NULL;
	u32 steps = 0;

	m->reg = calloc(b->nregs + 1, sizeof(*m->reg));
	m->ntrace = 0;
	m->stopped = false;
	while (blk) {
		bool live = true;

		for (struct ir_insn *i = enter(m, blk, from); i; i = i->next) {
			live = !i->guard || m->reg[i->guard->id] != i->guard_not;
			execute(m, i, b->ssa, live);
		}
		if (++steps > MAX_STEPS) {
			m->stopped = true;
			break;
		}
		from = blk;
		blk = leave(m, blk, live);
	}
	free(m->reg);
}

/* ---- definitions ---- */

/* Is @to reached from @from when @without is taken away? */
static bool reaches(const struct ir_body *b, struct ir_block *from, struct ir_block *to,
		    struct ir_block *without)
{
	struct ir_block *stack[256];
	bool seen[256] = { false };
	u32 n = 0;

	if (from == without)
		return false;
	stack[n++] = from;
	seen[from->id] = true;
	while (n) {
		struct ir_block *blk = stack[--n];

		if (blk == to || (!to && !blk->nsuccs))
			return true;
		for (u32 k = 0; k < blk->nsuccs; k++) {
			struct ir_block *s = blk->succs[k];

			if (s != without && !seen[s->id]) {
				seen[s->id] = true;
				stack[n++] = s;
			}
		}
	}
	(void)b;
	return false;
}

static bool post_dominated_by(const struct ir_block *blk, const struct ir_block *by)
{
	for (const struct ir_block *x = blk; x; x = x->ipdom)
		if (x == by)
			return true;
	return false;
}

/* Natural loop of @h: blocks that reach a latch of it without passing @h. */
static bool in_loop(const struct ir_body *b, struct ir_block *h, struct ir_block *x)
{
	if (!ir_dominates(h, x))
		return false;
	for (u32 k = 0; k < h->npreds; k++) {
		struct ir_block *latch = h->preds[k];

		if (ir_dominates(h, latch) && (x == h || reaches(b, x, latch, h)))
			return true;
	}
	return false;
}

static bool loop_says(const struct ir_block *h, const struct ir_block *x)
{
	for (const struct ir_block *l = x->loop; l; l = l->loop_parent)
		if (l == h)
			return true;
	return false;
}

static const char *check_graph(const struct ir_body *b)
{
	for (u32 i = 0; i < b->nblocks; i++) {
		for (u32 j = 0; j < b->nblocks; j++) {
			struct ir_block *x = b->blocks[i], *y = b->blocks[j];
			bool dom = x == y || !reaches(b, b->blocks[0], y, x);

			if (dom != ir_dominates(x, y))
				return "dominators";
			if (reaches(b, y, NULL, NULL) &&
			    (x == y || !reaches(b, y, NULL, x)) != post_dominated_by(y, x))
				return "post-dominators";
			if (in_loop(b, x, y) != loop_says(x, y))
				return "loops";
		}
	}
	return NULL;
}

/* ---- one program ---- */

static char log_buf[4096];

static const char *try_program(const char *text)
{
	static struct machine before, after;
	struct vgpucc_target target = { .cc = 120, .borrow = true };
	struct vgpucc_module *m;
	const char *bad = NULL;
	struct ir_body *b;
	struct diag d;

	diag_init(&d, log_buf, sizeof(log_buf));
	if (vgpucc_module_open(text, strlen(text), &target, &d, &m))
		return "module";
	b = ir_body_parse(vgpucc_module_ir(m), ir_module_func(vgpucc_module_ir(m), "k"),
			  1 << 26, &d);
	if (!b) {
		vgpucc_module_close(m);
		return "parse";
	}
	run(b, &before);
	if (!ir_body_ssa(b, &d))
		bad = "SSA";
	if (!bad)
		bad = check_graph(b);
	if (!bad) {
		run(b, &after);
		if (before.ntrace != after.ntrace || before.stopped != after.stopped ||
		    memcmp(before.trace, after.trace, before.ntrace * sizeof(u32)))
			bad = "values";
	}
	ir_body_free(b);
	vgpucc_module_close(m);
	return bad;
}

int main(int argc, char **argv)
{
	u64 start = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned int done = 0;

	for (size_t k = 0; k < sizeof(fixed) / sizeof(fixed[0]); k++) {
		const char *bad = try_program(fixed[k]);

		if (!ok(!bad, "fixed program %zu", k))
			note("%s: %s", bad, log_buf);
	}
	for (u64 k = start; k < start + PROGRAMS; k++) {
		const char *bad;
		char *text;

		seed = k * 0x9e3779b97f4a7c15ull;
		text = program(1 + rnd(24));
		bad = try_program(text);
		if (bad) {
			ok(false, "program %llu: %s", (unsigned long long)k, bad);
			note("%s", log_buf);
			fputs(text, stderr);
			free(text);
			return tap_done();
		}
		done++;
		free(text);
	}
	ok(done == PROGRAMS, "%u random programs: same values before and after SSA", done);
	return tap_done();
}
