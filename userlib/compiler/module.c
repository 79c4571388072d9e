// SPDX-License-Identifier: MIT
/* The public face's stage 1: open a module, answer from its index. */
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "fatbin.h"
#include "parse.h"
#include "parse_module.h"

#define MODULE_LIMIT ((size_t)1 << 30)

struct vgpucc_module {
	struct ir_module ir;
	char *text; /* ours, or NULL: borrowed */
	struct ir_func **kernels;
	struct vgpucc_param **params; /* by kernel */
	unsigned int nkernels;
	struct ir_var **globals;
	struct vgpucc_reloc **relocs; /* by global */
	unsigned int *nrelocs;
	unsigned int nglobals;
	u32 *global_index; /* by ir_var id */
	bool far_shared;   /* .shared outside kernels' own bodies */
	uint8_t content[VGPUCC_KEY_SIZE];
};

/* ---- choosing an entry ---- */

struct choice {
	unsigned int cc;
	bool any;
	unsigned int module;
	struct vgpucc_entry best;
	char found[256];
};

static void note_found(struct choice *c, const struct vgpucc_entry *e)
{
	size_t n = strlen(c->found);

	snprintf(c->found + n, sizeof(c->found) - n, "%s%s_%u%s", n ? ", " : "", e->ptx ? "compute" : "sm", e->arch,
		 e->variant == 'a' ? "a" :
		 e->variant == 'f' ? "f" :
				     "");
}

static int choose(const struct vgpucc_entry *e, void *ctx)
{
	struct choice *c = ctx;

	/* in a file of several modules, the first that has anything for us */
	if (c->any && e->module != c->best.module)
		return 1;
	note_found(c, e);
	if (fatbin_rank(e, c->cc) > (c->any ? fatbin_rank(&c->best, c->cc) : 0)) {
		c->best = *e;
		c->any = true;
	}
	return 0;
}

/* ---- tables of the index ---- */

static void index_kernels(struct vgpucc_module *m)
{
	struct arena *a = &m->ir.arena;

	m->kernels = arena_array(a, m->ir.nfuncs, struct ir_func *);
	m->params = arena_array(a, m->ir.nfuncs, struct vgpucc_param *);
	for (u32 k = 0; k < m->ir.nfuncs; k++) {
		struct ir_func *f = m->ir.funcs[k];
		struct vgpucc_param *p;

		if (!f->entry && f->shared_size)
			m->far_shared = true;
		if (!f->entry || !f->text)
			continue;
		p = arena_array(a, f->proto.nparams, struct vgpucc_param);
		for (u32 i = 0; i < f->proto.nparams; i++) {
			p[i].offset = f->proto.params[i]->offset;
			p[i].size = f->proto.params[i]->size;
			p[i].align = f->proto.params[i]->align;
		}
		m->params[m->nkernels] = p;
		m->kernels[m->nkernels++] = f;
	}
}

static void index_relocs(struct vgpucc_module *m, unsigned int g)
{
	const struct ir_reloc *r;
	unsigned int n = 0;

	for (r = m->globals[g]->relocs; r; r = r->next)
		n++;
	m->relocs[g] = arena_array(&m->ir.arena, n, struct vgpucc_reloc);
	m->nrelocs[g] = n;
	n = 0;
	for (r = m->globals[g]->relocs; r; r = r->next) {
		struct vgpucc_reloc *o = &m->relocs[g][n++];

		o->offset = r->offset;
		o->size = r->size;
		o->shift = r->shift;
		o->global = r->var ? m->global_index[r->var->id] : UINT32_MAX;
		o->func = r->func ? r->func->name : NULL;
		o->addend = r->addend;
	}
}

static void index_globals(struct vgpucc_module *m)
{
	struct arena *a = &m->ir.arena;

	m->globals = arena_array(a, m->ir.nvars, struct ir_var *);
	m->relocs = arena_array(a, m->ir.nvars, struct vgpucc_reloc *);
	m->nrelocs = arena_array(a, m->ir.nvars, unsigned int);
	m->global_index = arena_array(a, m->ir.nvars, u32);
	for (u32 k = 0; k < m->ir.nvars; k++) {
		struct ir_var *v = m->ir.vars[k];

		m->global_index[k] = UINT32_MAX;
		if (v->space == SP_SHARED) {
			m->far_shared |= v->linkage != LINK_EXTERN;
			continue;
		}
		if (v->space != SP_GLOBAL && v->space != SP_CONST && v->space != SP_TEX)
			continue;
		m->global_index[k] = m->nglobals;
		m->globals[m->nglobals++] = v;
	}
	for (unsigned int g = 0; g < m->nglobals; g++)
		index_relocs(m, g);
}

/* In a frame of its own, for setjmp's sake. */
static int build_index(struct vgpucc_module *m, struct diag *d)
{
	jmp_buf bail;

	if (setjmp(bail)) {
		m->ir.arena.bail = NULL;
		diag_error(d, 0, "module needs more memory than its limit");
		return VGPUCC_NO_MEMORY;
	}
	m->ir.arena.bail = &bail;
	index_kernels(m);
	index_globals(m);
	m->ir.arena.bail = NULL;
	return VGPUCC_OK;
}

/* ---- opening ---- */

static int why_not(const struct ir_module *m, int bail)
{
	if (bail == ARENA_BAIL_NOMEM)
		return VGPUCC_NO_MEMORY;
	if (!m->is_ptx)
		return VGPUCC_BAD_IMAGE;
	if (m->bad_link)
		return VGPUCC_BAD_LINK;
	return m->isa >= PTX_ISA_END ? VGPUCC_NEWER_PTX : VGPUCC_BAD_PTX;
}

static int open_text(struct vgpucc_module *m, const char *text, size_t len, struct diag *d)
{
	int ret;

	arena_init(&m->ir.arena, MODULE_LIMIT);
	ret = ir_module_parse(&m->ir, text, len, d);
	if (ret)
		return why_not(&m->ir, ret);
	vgpucc_content_hash(text, len, m->content);
	return build_index(m, d);
}

/* Bare PTX says itself what it is for, and what is for others is an error of its text: so cards say. */
static int check_target(const struct vgpucc_module *m, unsigned int cc, struct diag *d)
{
	for (u32 k = 0; k < m->ir.nparts; k++) {
		struct vgpucc_entry e = {
			.ptx = true,
			.arch = m->ir.parts[k]->target,
			.variant = m->ir.parts[k]->variant,
		};

		if (fatbin_rank(&e, cc))
			continue;
		diag_error(d, 0, "PTX for sm_%u%.1s does not run on compute capability %u.%u", e.arch, &e.variant,
			   cc / 10, cc % 10);
		return VGPUCC_BAD_PTX;
	}
	return VGPUCC_OK;
}

static int open_choice(struct vgpucc_module *m, const struct choice *c, bool borrow, struct diag *d)
{
	const struct vgpucc_entry *e = &c->best;
	size_t len;
	int ret;

	if (borrow && !strcmp(e->compression, "none")) {
		len = strnlen(e->data, e->stored);
		ret = open_text(m, e->data, len, d);
	} else {
		m->text = vgpucc_entry_text(e, &len, d);
		if (!m->text)
			return VGPUCC_BAD_IMAGE;
		ret = open_text(m, m->text, len, d);
	}
	return ret ? ret : check_target(m, c->cc, d);
}

int vgpucc_module_open(const void *image, size_t len, const struct vgpucc_target *target, struct diag *d,
		       struct vgpucc_module **out)
{
	struct choice c = { .cc = target->cc };
	struct vgpucc_module *m;
	int ret;

	*out = NULL;
	ret = vgpucc_image_entries(image, len, choose, &c, d);
	if (ret > 1)
		return ret;
	if (!c.any) {
		diag_error(d, 0, "no PTX for compute capability %u.%u; found: %s", c.cc / 10, c.cc % 10,
			   c.found[0] ? c.found : "nothing");
		return VGPUCC_NO_PTX;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return VGPUCC_NO_MEMORY;
	ret = open_choice(m, &c, target->borrow, d);
	if (ret) {
		vgpucc_module_close(m);
		return ret;
	}
	*out = m;
	return VGPUCC_OK;
}

void vgpucc_module_close(struct vgpucc_module *m)
{
	if (!m)
		return;
	arena_free(&m->ir.arena);
	free(m->text);
	free(m);
}

const struct ir_module *vgpucc_module_ir(const struct vgpucc_module *m)
{
	return &m->ir;
}

void vgpucc_module_info(const struct vgpucc_module *m, struct vgpucc_info *info)
{
	info->ptx_isa = m->ir.isa;
	info->ptx_target = m->ir.target;
	info->variant = m->ir.target_variant;
	info->nkernels = m->nkernels;
	info->nglobals = m->nglobals;
	info->ptx = m->ir.text;
	info->ptx_len = m->ir.text_len;
	info->content = m->content;
}

/* ---- static shared memory ---- */

/**
 * struct reach - what a kernel's text names, directly and through calls
 * @seen_var: by variable
 * @seen_func: by function
 * @todo: functions whose text has not been read yet
 * @m: the module
 * @ntodo: how many at @todo
 * @size: bytes so far
 */
struct reach {
	const struct ir_module *m;
	u8 *seen_var, *seen_func;
	struct ir_func **todo;
	u32 ntodo;
	u64 size;
};

static void add_size(struct reach *r, u64 size, u64 align)
{
	r->size = ((r->size + align - 1) & ~(align - 1)) + size;
}

static void reach_name(struct reach *r, const struct ir_func *from, const struct token *t)
{
	struct ir_sym *s = symtab_find(from->part->syms, t->p, t->len, false);

	if (!s)
		return;
	if (s->kind == SYM_VAR && s->var->space == SP_SHARED && !r->seen_var[s->var->id]) {
		r->seen_var[s->var->id] = 1;
		if (s->var->linkage != LINK_EXTERN)
			add_size(r, s->var->size, s->var->align);
	} else if (s->kind == SYM_FUNC && !r->seen_func[s->func->id]) {
		r->seen_func[s->func->id] = 1;
		if (s->func->text)
			r->todo[r->ntodo++] = s->func;
	}
}

/*
 * The names in the text decide, not calls as such: a function whose address
 * is taken may be called.
 */
static void reach_all(struct reach *r)
{
	while (r->ntodo) {
		struct ir_func *f = r->todo[--r->ntodo];
		struct lexer lx;
		struct token t;

		if (f->shared_size)
			add_size(r, f->shared_size, 16);
		lex_init(&lx, f->text, f->text_len, 1);
		for (lex_next(&lx, &t); t.kind != TOK_EOF; lex_next(&lx, &t))
			if (t.kind == TOK_IDENT)
				reach_name(r, f, &t);
	}
}

static size_t static_shared(const struct vgpucc_module *m, struct ir_func *f)
{
	struct reach r = { .m = &m->ir };

	if (!m->far_shared)
		return f->shared_size;
	r.seen_var = calloc(m->ir.nvars + 1, 1);
	r.seen_func = calloc(m->ir.nfuncs + 1, 1);
	r.todo = calloc(m->ir.nfuncs + 1, sizeof(*r.todo));
	if (r.seen_var && r.seen_func && r.todo) {
		r.seen_func[f->id] = 1;
		r.todo[r.ntodo++] = f;
		reach_all(&r);
	}
	free(r.seen_var);
	free(r.seen_func);
	free(r.todo);
	return r.size;
}

/* ---- queries ---- */

int vgpucc_kernel_at(const struct vgpucc_module *m, unsigned int index, struct vgpucc_kernel *k)
{
	struct ir_func *f;

	if (index >= m->nkernels)
		return VGPUCC_NOT_FOUND;
	f = m->kernels[index];
	memset(k, 0, sizeof(*k));
	k->name = f->name;
	k->target = f->part->target;
	k->index = index;
	k->params = m->params[index];
	k->nparams = f->proto.nparams;
	k->param_size = f->proto.param_size;
	memcpy(k->maxntid, f->perf.maxntid, sizeof(k->maxntid));
	memcpy(k->reqntid, f->perf.reqntid, sizeof(k->reqntid));
	memcpy(k->reqcluster, f->perf.reqcluster, sizeof(k->reqcluster));
	k->minnctapersm = f->perf.minnctapersm;
	k->maxnreg = f->perf.maxnreg;
	k->static_shared = static_shared(m, f);
	return VGPUCC_OK;
}

int vgpucc_kernel_find(const struct vgpucc_module *m, const char *name, struct vgpucc_kernel *k)
{
	struct ir_func *f = ir_module_func(&m->ir, name);

	if (!f || !f->entry)
		return VGPUCC_NOT_FOUND;
	for (unsigned int i = 0; i < m->nkernels; i++)
		if (m->kernels[i] == f)
			return vgpucc_kernel_at(m, i, k);
	return VGPUCC_NOT_FOUND;
}

int vgpucc_function_id(const struct vgpucc_module *m, const char *name, uint32_t *id)
{
	struct ir_func *f = ir_module_func(&m->ir, name);

	if (!f)
		return VGPUCC_NOT_FOUND;
	if (f->alias)
		f = f->alias;
	*id = f->id + 1;
	return VGPUCC_OK;
}

int vgpucc_global_at(const struct vgpucc_module *m, unsigned int index, struct vgpucc_global *g)
{
	struct ir_var *v;

	if (index >= m->nglobals)
		return VGPUCC_NOT_FOUND;
	v = m->globals[index];
	memset(g, 0, sizeof(*g));
	g->name = v->name;
	g->space = ir_type_class(v->type) == 'X' || v->space == SP_TEX ? VGPUCC_TEXTURE :
		   v->space == SP_CONST                                ? VGPUCC_CONST :
									 VGPUCC_GLOBAL;
	g->size = v->size;
	g->align = v->align;
	g->init = v->init;
	g->init_len = v->init_len;
	g->relocs = m->relocs[index];
	g->nrelocs = m->nrelocs[index];
	g->is_extern = v->linkage == LINK_EXTERN;
	g->managed = v->managed;
	g->index = index;
	return VGPUCC_OK;
}

int vgpucc_global_find(const struct vgpucc_module *m, const char *name, struct vgpucc_global *g)
{
	struct ir_var *v = ir_module_var(&m->ir, name);

	if (!v || m->global_index[v->id] == UINT32_MAX)
		return VGPUCC_NOT_FOUND;
	return vgpucc_global_at(m, m->global_index[v->id], g);
}

enum vgpucc_shape_class vgpucc_shape_class(const unsigned int block[3])
{
	if (block[1] == 1 && block[2] == 1 && block[0] % 32 == 0)
		return VGPUCC_SHAPE_LINEAR;
	if (block[0] % 32 == 0)
		return VGPUCC_SHAPE_ROWS;
	return VGPUCC_SHAPE_GENERAL;
}
