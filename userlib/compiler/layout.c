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

void ir_module_layout(struct ir_module *m)
{
	u64 at = 0;

	for (u32 k = 0; k < m->nvars; k++) {
		struct ir_var *v = m->vars[k];
		u64 align = v->align ? v->align : 1;

		v->offset = UINT64_MAX;
		if (!in_segment(v))
			continue;
		/* vector accesses of constants may be wider than their elements */
		if (align < 16 && v->size >= 16)
			align = 16;
		v->offset = at = (at + align - 1) & ~(align - 1);
		at += v->size;
	}
	m->segment_size = at;
}

u64 layout_offset(const struct ir_module *m, const struct ir_var *v)
{
	return v->id < m->nvars && m->vars[v->id] == v ? v->offset : UINT64_MAX;
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
	return vgpucc_module_ir(m)->segment_size;
}
