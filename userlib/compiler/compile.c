// SPDX-License-Identifier: MIT
/* Stage 2: one kernel and all it calls, from IR to a code object. */
#include <setjmp.h>
#include <stdlib.h>

#include "alloc.h"
#include "back.h"
#include "launch.h"
#include "lower.h"

#define DEFAULT_LIMIT ((size_t)1 << 30)
#define MAX_FUNCS     4096u
#define MAX_SHARED    (99u << 10)
#define MAX_THREADS   1024u /* of a block */
#define MAX_BLOCK_Z   64u

/* ---- the functions of the object ---- */

u32 unit_func(struct unit *u, const struct ir_module *mod, struct ir_func *f)
{
	u32 k;

	for (k = 0; k < u->nfuncs; k++)
		if (u->funcs[k].func == f)
			return k;
	if (u->nfuncs == MAX_FUNCS) {
		diag_error(u->diag, f->line, "more than %u functions in one kernel", MAX_FUNCS);
		arena_bail(u->arena, ARENA_BAIL_DIAG);
	}
	if (u->nfuncs == u->cap_funcs) {
		u32 cap = u->cap_funcs ? u->cap_funcs * 2 : 8;

		u->funcs = arena_grow(u->arena, u->funcs, u->cap_funcs, cap, sizeof(*u->funcs));
		u->cap_funcs = cap;
	}
	u->funcs[u->nfuncs] = (struct unit_func){ .mod = mod, .func = f };
	return u->nfuncs++;
}

u32 unit_shared(struct unit *u, const struct ir_var *v)
{
	u32 k;

	for (k = 0; k < u->nshared; k++)
		if (u->shared_vars[k].var == v)
			return u->shared_vars[k].offset;
	return u->shared; /* dynamic: behind all static ones */
}

static void add_shared(struct unit *u, const struct ir_var *v)
{
	u32 align = v->align ? v->align : 1, k;

	if (!v->size) { /* dynamic: behind the static ones, as aligned as it asks */
		if (align > u->dynamic_align)
			u->dynamic_align = align;
		return;
	}
	for (k = 0; k < u->nshared; k++)
		if (u->shared_vars[k].var == v)
			return;
	if (u->nshared == u->cap_shared) {
		u32 cap = u->cap_shared ? u->cap_shared * 2 : 8;

		u->shared_vars = arena_grow(u->arena, u->shared_vars, u->cap_shared, cap, sizeof(*u->shared_vars));
		u->cap_shared = cap;
	}
	u->shared = (u->shared + align - 1) & ~(align - 1);
	u->shared_vars[u->nshared++] = (struct shared_var){ v, u->shared };
	if (v->size > MAX_SHARED || u->shared + v->size > MAX_SHARED) {
		diag_error(u->diag, v->line, "static shared memory exceeds %u bytes", MAX_SHARED);
		arena_bail(u->arena, ARENA_BAIL_DIAG);
	}
	u->shared += v->size;
}

/* What cooperative groups take for tiles of several warps: a card keeps it before the program's own. */
const struct ir_var unit_reserved = {
	.name = "reserved shared memory", .space = SP_SHARED, .align = 16, .size = RESERVED_SHARED
};

/* ---- what a body refers to ---- */

/* The function with a body that @f is, and its module: it has one, or the device runtime has; NULL: it is nowhere. */
static struct ir_func *find_body(struct unit *u, const struct ir_module **mod, struct ir_func *f)
{
	if (f->alias)
		f = f->alias;
	if (!f->text) {
		*mod = runtime_module(u->diag);
		f = *mod ? ir_module_func(*mod, f->name) : NULL;
	}
	return f && f->text ? f : NULL;
}

/**
 * struct scan - where a body is being looked at
 * @u: what is found goes there
 * @b: body
 * @i: instruction
 */
struct scan {
	struct unit *u;
	const struct ir_body *b;
	const struct ir_insn *i;
};

/* A link has resolved what it could. A text that stands alone promised nothing. */
static void check_defined(struct scan *s, const struct ir_var *v, struct ir_func *f)
{
	const struct ir_module *mod = s->b->mod;
	const char *part = s->b->func->part->name;

	if (!part || (f && find_body(s->u, &mod, f)) ||
	    (v && (!v->part || v->linkage != LINK_EXTERN || (v->space == SP_SHARED && !v->size))))
		return;
	diag_error(s->u->diag, s->i->line, "Undefined reference to '%s' in '%s'", f ? f->name : v->name, part);
	s->u->failed = VGPUCC_BAD_LINK;
	arena_bail(s->u->arena, ARENA_BAIL_DIAG);
}

static void scan_operand(struct scan *s, const struct ir_operand *o)
{
	const struct ir_var *v = NULL;
	u32 k;

	switch (o->kind) {
	case OPND_VAR:
		v = o->var;
		break;
	case OPND_MEM:
		v = o->mem->var;
		break;
	case OPND_VEC:
		for (k = 0; k < o->nelem; k++)
			scan_operand(s, &o->elem[k]);
		break;
	case OPND_FUNC:
		if (s->i->op != OP_CALL)
			check_defined(s, NULL, o->func);
		break;
	case OPND_SREG:
		if (o->sreg >= SREG_SMEM_BEGIN && o->sreg <= SREG_SMEM_OFFSET_LAST)
			v = &unit_reserved;
		break;
	default:
		break;
	}
	if (!v)
		return;
	check_defined(s, v, NULL);
	if (v->space == SP_SHARED)
		add_shared(s->u, v);
}

/* Whom nobody defines, lower_call.c tells: it knows what the device runtime of others has. */
static void scan_call(struct unit *u, const struct ir_module *mod, const struct ir_insn *i)
{
	struct ir_func *f;

	if (i->ops[1].kind != OPND_FUNC) {
		u->indirect = true;
		return;
	}
	f = find_body(u, &mod, i->ops[1].func);
	if (f)
		unit_func(u, mod, f);
}

static void scan_body(struct unit *u, const struct ir_body *b)
{
	struct scan s = { .u = u, .b = b };
	const struct ir_insn *i;
	u32 k, n;

	for (k = 0; k < b->nblocks; k++) {
		for (i = b->blocks[k]->first; i; i = i->next) {
			s.i = i;
			for (n = 0; n < i->nops; n++)
				scan_operand(&s, &i->ops[n]);
			if (i->op == OP_CALL)
				scan_call(u, b->mod, i);
			u->dynamic |= moves_stack(i);
		}
	}
}

/* Whatever a pointer may point to. */
static void add_targets(struct unit *u)
{
	u32 k;

	for (k = 0; k < u->mod->nfuncs; k++) {
		struct ir_func *f = u->mod->funcs[k];

		if (!f->entry && !f->direct && f->text && !f->alias)
			unit_func(u, u->mod, f);
	}
}

struct bodies {
	struct ir_body **b;
	u32 n;
};

static bool parse_all(struct unit *u, struct bodies *bs, size_t limit)
{
	bool all = false;
	u32 k;

	bs->b = arena_array(u->arena, MAX_FUNCS, struct ir_body *);
	for (k = 0; k < u->nfuncs; k++) {
		struct ir_body *b;

		u->diag->where = u->funcs[k].func->part->name;
		b = ir_body_parse(u->funcs[k].mod, u->funcs[k].func, limit, u->diag);
		if (!b)
			return false;
		bs->b[bs->n++] = b;
		if (!ir_body_ssa(b, u->diag))
			return false;
		scan_body(u, b);
		if (u->indirect && !all) {
			add_targets(u);
			all = true;
		}
	}
	u->shared = (u->shared + u->dynamic_align - 1) & ~(u->dynamic_align - 1);
	return true;
}

/* ---- one function ---- */

static struct mfunc *allocate_function(struct unit *u, struct ir_body *b, u32 index)
{
	struct mfunc *f;

	if (u->opt->dump_ir)
		ir_print_body(b, u->opt->dump_ir);
	simplify(b);
	join_loads(b);
	f = lower_function(u, b, index);
	mir_tidy(f);
	mir_dce(f);
	mir_preambles(f);
	if (!mir_allocate(f)) {
		diag_error(u->diag, b->func->line, "'%s' needs more registers than there are", b->func->name);
		arena_bail(&b->arena, ARENA_BAIL_DIAG);
	}
	mir_lower_phis(f);
	mir_modes(f);
	mir_tidy_jumps(f);
	if (f->nphys[MC_V] > u->vregs)
		u->vregs = f->nphys[MC_V];
	if (f->nphys[MC_W] > u->wregs)
		u->wregs = f->nphys[MC_W];
	if (f->nphys[MC_S] > u->sregs)
		u->sregs = f->nphys[MC_S];
	return f;
}

static void write_function(struct unit *u, struct ir_body *b, struct mfunc *f, u32 index)
{
	struct object *o = u->object;
	bool own = b->mod == u->mod && !b->func->entry;

	f->wbase = (u->vregs + 1) & ~1u;
	object_func(o, b->func->name, own ? layout_func_id(b->mod, b->func) : VGPU_NO_PC);
	if (!emit_function(o, f, index)) {
		diag_error(u->diag, b->func->line, "'%s' has too many instructions", b->func->name);
		arena_bail(&b->arena, ARENA_BAIL_DIAG);
	}
	if (!index) {
		o->kernel.local_size = f->frame;
		u->calls = f->has_calls || u->dynamic;
	}
}

static u32 shape_flags(enum vgpucc_shape_class s)
{
	switch (s) {
	case VGPUCC_SHAPE_LINEAR:
		return VGPU_SHAPE_1D | VGPU_SHAPE_FULL;
	case VGPUCC_SHAPE_ROWS:
		return VGPU_SHAPE_X32;
	default:
		return 0;
	}
}

static void fill_kernel(struct unit *u)
{
	struct vgpu_code_kernel *k = &u->object->kernel;
	const struct ir_perf *p = &u->kernel->perf;
	u64 threads = (u64)p->maxntid[0] * (p->maxntid[1] ? p->maxntid[1] : 1) * (p->maxntid[2] ? p->maxntid[2] : 1);
	u32 i;

	k->name = object_string(u->object, u->kernel->name);
	k->func = 0;
	k->vregs = ((u->vregs + 1) & ~1u) + 2 * u->wregs;
	k->sregs = u->sregs;
	k->param_size = u->hidden + sizeof(struct vgpucc_hidden);
	k->shared_size = u->shared;
	k->max_threads = threads && threads <= MAX_THREADS ? threads : 0;
	k->shape = shape_flags(u->opt->shape);
	k->flags = u->calls ? VGPU_KERNEL_STACK : 0;
	for (i = 0; i < 3 && p->reqntid[0]; i++)
		k->req[i] = p->reqntid[i] ? p->reqntid[i] : 1;
}

static void free_bodies(struct bodies *bs)
{
	while (bs->n)
		ir_body_free(bs->b[--bs->n]);
}

static int compile_unit(struct unit *u, struct bodies *bs, size_t limit, void **code, size_t *len)
{
	struct mfunc **fs;
	jmp_buf bail;
	u32 k;

	u->arena->bail = &bail;
	switch (setjmp(bail)) {
	case 0:
		break;
	case ARENA_BAIL_NOMEM:
		diag_error(u->diag, u->kernel->line, "'%s' takes more memory or time than admitted", u->kernel->name);
		return VGPUCC_NO_MEMORY;
	default:
		return u->failed ? u->failed : VGPUCC_UNSUPPORTED;
	}
	u->object = arena_new(u->arena, struct object);
	u->object->arena = u->arena;
	u->object->kernel.grid_pre = VGPU_NO_PC;
	u->object->kernel.block_pre = VGPU_NO_PC;
	unit_func(u, u->mod, u->kernel);
	if (!parse_all(u, bs, limit))
		return VGPUCC_BAD_PTX;
	fs = arena_array(u->arena, bs->n, struct mfunc *);
	for (k = 0; k < bs->n; k++) {
		bs->b[k]->arena.bail = &bail;
		u->diag->where = bs->b[k]->func->part->name;
		fs[k] = allocate_function(u, bs->b[k], k);
	}
	if (((u->vregs + 1) & ~1u) + 2 * u->wregs > VGPU_MAX_VREGS) {
		diag_error(u->diag, u->kernel->line, "the functions of '%s' need more registers than there are",
			   u->kernel->name);
		return VGPUCC_UNSUPPORTED;
	}
	for (k = 0; k < bs->n; k++)
		write_function(u, bs->b[k], fs[k], k);
	fill_kernel(u);
	*code = object_write(u->object, len);
	return *code ? VGPUCC_OK : VGPUCC_NO_MEMORY;
}

/* Whether there can be a launch of that block; none given is fine. */
static bool block_possible(const u32 n[3])
{
	if (n[0] > MAX_THREADS || n[1] > MAX_THREADS || n[2] > MAX_BLOCK_Z)
		return false;
	return n[0] * (n[1] ? n[1] : 1) * (n[2] ? n[2] : 1) <= MAX_THREADS;
}

int vgpucc_compile_kernel(const struct vgpucc_module *m, const char *name, const struct vgpucc_options *opt,
			  struct diag *d, void **code, size_t *len)
{
	const struct ir_module *ir = vgpucc_module_ir(m);
	size_t limit = opt->memory_limit ? opt->memory_limit : DEFAULT_LIMIT;
	struct unit u = { .mod = ir, .opt = opt, .diag = d, .dynamic_align = 16 };
	struct bodies bs = { 0 };
	struct arena arena;
	const char *where;
	struct diag none;
	int ret;

	*code = NULL;
	*len = 0;
	if (!d) {
		diag_init(&none, NULL, 0);
		u.diag = &none;
	}
	u.kernel = ir_module_func(ir, name);
	if (!u.kernel || !u.kernel->entry || !u.kernel->text)
		return VGPUCC_NOT_FOUND;
	if (!block_possible(u.kernel->perf.reqntid)) {
		diag_error(u.diag, u.kernel->line, "no launch has the block that '%s' requires (.reqntid)", name);
		return VGPUCC_UNSUPPORTED;
	}
	u.hidden = (u.kernel->proto.param_size + 7) & ~7ull;
	arena_init(&arena, limit);
	u.arena = &arena;
	where = u.diag->where;
	ret = compile_unit(&u, &bs, limit, code, len);
	u.diag->where = where;
	free_bodies(&bs);
	arena_free(&arena);
	if (ret == VGPUCC_OK && opt->dump_isa)
		dump_object(*code, *len, opt->dump_isa);
	return ret;
}

int vgpucc_check(const struct vgpucc_module *m, struct diag *d)
{
	const struct ir_module *ir = vgpucc_module_ir(m);
	u32 k;

	for (k = 0; k < ir->nfuncs; k++) {
		struct ir_body *b;
		bool good;

		if (!ir->funcs[k]->text)
			continue;
		b = ir_body_parse(ir, ir->funcs[k], DEFAULT_LIMIT, d);
		good = b && ir_body_ssa(b, d);
		ir_body_free(b);
		if (!good)
			return VGPUCC_BAD_PTX;
	}
	return VGPUCC_OK;
}
