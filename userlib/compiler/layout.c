// SPDX-License-Identifier: MIT
/*
 * The module's segment: every global and constant variable at an offset that
 * depends on nothing but the module, so that kernels compiled apart agree.
 */
#include "launch.h"
#include "unit.h"

static bool in_segment(const struct ir_var *v)
{
	return (v->space == SP_GLOBAL || v->space == SP_CONST) && v->linkage != LINK_EXTERN &&
	       ir_type_class(v->type) != 'X';
}

/* Offset of @stop, or with NULL the size of all. */
static u64 walk(const struct ir_module *m, const struct ir_var *stop)
{
	u64 at = 0;
	u32 k;

	for (k = 0; k < m->nvars; k++) {
		const struct ir_var *v = m->vars[k];
		u64 align = v->align ? v->align : 1;

		if (!in_segment(v))
			continue;
		/* vector accesses of constants may be wider than their elements */
		if (align < 16 && v->size >= 16)
			align = 16;
		at = (at + align - 1) & ~(align - 1);
		if (v == stop)
			return at;
		at += v->size;
	}
	return stop ? UINT64_MAX : at;
}

u64 layout_offset(const struct ir_module *m, const struct ir_var *v)
{
	return walk(m, v);
}

u64 layout_size(const struct ir_module *m)
{
	return walk(m, NULL);
}

u64 layout_func_id(const struct ir_module *m, const struct ir_func *f)
{
	(void)m;
	return (f->alias ? f->alias : f)->id + 1;
}

uint64_t vgpucc_global_offset(const struct vgpucc_module *m, unsigned int index)
{
	const struct ir_module *ir = vgpucc_module_ir(m);
	struct vgpucc_global g;

	if (vgpucc_global_at(m, index, &g) != VGPUCC_OK)
		return UINT64_MAX;
	return layout_offset(ir, ir_module_var(ir, g.name));
}

uint64_t vgpucc_segment_size(const struct vgpucc_module *m)
{
	return layout_size(vgpucc_module_ir(m));
}
