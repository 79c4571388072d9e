// SPDX-License-Identifier: GPL-2.0
/*
 * Code objects: finding the sections of an image, loading, counting, queries.
 */
#include "verify.h"

/**
 * struct section_rule - what a section's elements are
 * @size: bytes an element
 * @max: most elements
 */
struct section_rule {
	u32 size;
	u32 max;
};

static const struct section_rule section_rules[VGPU_SEC_COUNT] = {
	[VGPU_SEC_KERNELS] = { sizeof(struct vgpu_code_kernel), VGPU_CODE_MAX_KERNELS },
	[VGPU_SEC_FUNCS] = { sizeof(struct vgpu_code_func), VGPU_CODE_MAX_FUNCS },
	[VGPU_SEC_INSNS] = { sizeof(struct vgpu_insn), VGPU_CODE_MAX_INSNS },
	[VGPU_SEC_PATTERNS] = { sizeof(struct vgpu_code_pattern), VGPU_CODE_MAX_PATTERNS },
	[VGPU_SEC_TABLES] = { sizeof(struct vgpu_code_table), VGPU_CODE_MAX_TABLE },
	[VGPU_SEC_TARGETS] = { sizeof(u32), VGPU_CODE_MAX_TABLE },
	[VGPU_SEC_LINES] = { sizeof(struct vgpu_code_line), VGPU_CODE_MAX_INSNS },
	[VGPU_SEC_STRINGS] = { 1, VGPU_CODE_MAX_SIZE },
};

static enum engine_refusal check_header(const struct vgpu_code_header *h, size_t size)
{
	if (h->magic != VGPU_CODE_MAGIC)
		return REFUSE_MAGIC;
	if (h->version != VGPU_ISA_VERSION)
		return REFUSE_VERSION;
	if (h->header_size != sizeof(*h))
		return REFUSE_HEADER_SIZE;
	if (h->total_size != size)
		return REFUSE_TOTAL_SIZE;
	return h->flags || h->reserved ? REFUSE_HEADER_ZERO : REFUSE_NOTHING;
}

static u64 section_bytes(const struct vgpu_code_header *h, u32 sec)
{
	return (u64)h->sec[sec].count * section_rules[sec].size;
}

static bool sections_overlap(const struct vgpu_code_header *h, u32 a, u32 b)
{
	return h->sec[a].offset < h->sec[b].offset + section_bytes(h, b) &&
	       h->sec[b].offset < h->sec[a].offset + section_bytes(h, a);
}

static enum engine_refusal check_section(const struct vgpu_code_header *h, u32 sec)
{
	u32 i;

	if (h->sec[sec].offset & 7)
		return REFUSE_SEC_ALIGN;
	if (h->sec[sec].count > section_rules[sec].max)
		return REFUSE_SEC_COUNT;
	if (h->sec[sec].offset + section_bytes(h, sec) > h->total_size)
		return REFUSE_SEC_BOUNDS;
	if (!h->sec[sec].count)
		return REFUSE_NOTHING;
	if (h->sec[sec].offset < sizeof(*h))
		return REFUSE_SEC_OVERLAP;
	for (i = 0; i < sec; i++)
		if (h->sec[i].count && sections_overlap(h, i, sec))
			return REFUSE_SEC_OVERLAP;
	return REFUSE_NOTHING;
}

static void find_sections(struct engine_code *code)
{
	const struct vgpu_code_header *h = code->image;
	const void *at[VGPU_SEC_COUNT];
	u32 i;

	for (i = 0; i < VGPU_SEC_COUNT; i++)
		at[i] = (const char *)code->image + h->sec[i].offset;
	code->kernels = at[VGPU_SEC_KERNELS];
	code->kernel_count = h->sec[VGPU_SEC_KERNELS].count;
	code->funcs = at[VGPU_SEC_FUNCS];
	code->func_count = h->sec[VGPU_SEC_FUNCS].count;
	code->insns = at[VGPU_SEC_INSNS];
	code->insn_count = h->sec[VGPU_SEC_INSNS].count;
	code->patterns = at[VGPU_SEC_PATTERNS];
	code->pattern_count = h->sec[VGPU_SEC_PATTERNS].count;
	code->tables = at[VGPU_SEC_TABLES];
	code->table_count = h->sec[VGPU_SEC_TABLES].count;
	code->targets = at[VGPU_SEC_TARGETS];
	code->target_count = h->sec[VGPU_SEC_TARGETS].count;
	code->lines = at[VGPU_SEC_LINES];
	code->line_count = h->sec[VGPU_SEC_LINES].count;
	code->strings = at[VGPU_SEC_STRINGS];
	code->string_bytes = h->sec[VGPU_SEC_STRINGS].count;
}

/* Who meets this has parts of two installations, and wants to know of which. */
static int refuse_version(struct engine_diag *diag, const struct vgpu_code_header *h)
{
	diag->why = REFUSE_VERSION;
	if (diag->msg && diag->msg_size)
		snprintf(diag->msg, diag->msg_size, "object 0: %s: %u.%u, not %u.%u",
			 engine_refusal_text(REFUSE_VERSION), h->version >> 16, h->version & 0xffff,
			 VGPU_ISA_MAJOR, (u32)VGPU_ISA_MINOR);
	return -EINVAL;
}

/* The object's own copy, so that nobody can change it behind the verifier's back. */
static int copy_image(struct engine_code *code, struct engine_diag *diag)
{
	const struct engine_image *from = code->from;

	if (from->size < sizeof(struct vgpu_code_header))
		return engine_refuse(diag, REFUSE_TOO_SMALL, "object", 0);
	if (from->size > VGPU_CODE_MAX_SIZE)
		return engine_refuse(diag, REFUSE_TOO_LARGE, "object", 0);
	code->image = engine_code_alloc(code, from->size);
	if (!code->image)
		return -ENOMEM;
	if (from->copy)
		return from->copy(from, code->image);
	memcpy(code->image, from->at, from->size);
	return 0;
}

static int parse(struct engine_code *code, struct engine_diag *diag)
{
	enum engine_refusal why;
	int ret = copy_image(code, diag);
	u32 i;

	if (ret)
		return ret;
	why = check_header(code->image, code->from->size);
	if (why == REFUSE_VERSION)
		return refuse_version(diag, code->image);
	if (why)
		return engine_refuse(diag, why, "object", 0);
	for (i = 0; i < VGPU_SEC_COUNT; i++) {
		why = check_section(code->image, i);
		if (why)
			return engine_refuse(diag, why, "section", i);
	}
	find_sections(code);
	if (!code->kernel_count)
		why = REFUSE_NO_KERNELS;
	else if (!code->func_count)
		why = REFUSE_NO_FUNCS;
	else if (!code->insn_count)
		why = REFUSE_NO_INSNS;
	else if (!code->string_bytes || code->strings[code->string_bytes - 1])
		why = REFUSE_STRINGS_END;
	return why ? engine_refuse(diag, why, "object", 0) : 0;
}

static bool charge(const struct engine_image *from, s64 bytes)
{
	return !from->charge || from->charge(from, bytes);
}

void *engine_code_alloc(struct engine_code *code, size_t bytes)
{
	void *p;

	if (!charge(code->from, bytes)) {
		code->over = true;
		return NULL;
	}
	p = engine_alloc_snug(bytes);
	if (p)
		code->bytes += bytes;
	else
		charge(code->from, -(s64)bytes);
	return p;
}

void engine_code_free(struct engine_code *code, const void *p, size_t bytes)
{
	if (!p)
		return;
	engine_free(p);
	code->bytes -= bytes;
	charge(code->from, -(s64)bytes);
}

static void destroy(struct engine_code *code)
{
	engine_decode_free(code);
	engine_free(code->ids);
	engine_free(code->fmode);
	engine_free(code->image);
	engine_free(code);
	engine_count(CODE, -1);
}

/* The object alone: nothing of the image is looked at yet. */
static int make(const struct engine_image *from, struct engine_code **out)
{
	struct engine_code *code;

	if (!charge(from, sizeof(*code)))
		return -EDQUOT;
	code = engine_alloc(sizeof(*code));
	if (!code) {
		charge(from, -(s64)sizeof(*code));
		return -ENOMEM;
	}
	engine_count(CODE, 1);
	refcount_set(&code->refs, 1);
	code->bytes = sizeof(*code);
	code->from = from;
	*out = code;
	return 0;
}

static int load(struct engine_code *code, struct engine_diag *diag)
{
	int ret = parse(code, diag);

	if (ret)
		return ret;
	code->fmode = engine_code_alloc(code, code->insn_count);
	code->ids = engine_code_alloc(code, code->func_count * sizeof(*code->ids));
	if (!code->fmode || !code->ids)
		return -ENOMEM;
	ret = engine_verify(code, diag);
	return ret ? ret : engine_decode(code);
}

/* Of an object that is not to be: what was charged for it, once it has gone. */
static int give_up(struct engine_code *code, int why)
{
	const struct engine_image *from = code->from;
	s64 bytes = code->bytes;

	if (why == -ENOMEM && code->over)
		why = -EDQUOT;
	destroy(code);
	charge(from, -bytes);
	return why;
}

int engine_code_load_image(const struct engine_image *image, struct engine_code **out,
			   char *msg, size_t msg_size)
{
	struct engine_diag diag = { .msg = msg, .msg_size = msg_size };
	struct engine_code *code;
	int ret;

	*out = NULL;
	if (msg && msg_size)
		msg[0] = '\0';
	ret = make(image, &code);
	if (ret)
		return ret;
	ret = load(code, &diag);
	if (ret)
		return give_up(code, ret);
	code->from = NULL;
	*out = code;
	return 0;
}

void engine_code_get(struct engine_code *code)
{
	refcount_inc(&code->refs);
}

void engine_code_put(struct engine_code *code)
{
	if (code && refcount_dec_and_test(&code->refs))
		destroy(code);
}

unsigned int engine_code_kernels(const struct engine_code *code)
{
	return code->kernel_count;
}

const struct vgpu_code_kernel *engine_code_kernel(const struct engine_code *code,
						  unsigned int index)
{
	return index < code->kernel_count ? &code->kernels[index] : NULL;
}

const char *engine_code_kernel_name(const struct engine_code *code, unsigned int index)
{
	return index < code->kernel_count ? code->strings + code->kernels[index].name : NULL;
}

u32 engine_code_line(const struct engine_code *code, u32 pc)
{
	u32 lo = 0, hi = code->line_count;

	/* the last line that begins at or before pc */
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (code->lines[mid].pc <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? code->lines[lo - 1].line : 0;
}

u32 engine_code_func(const struct engine_code *code, u32 pc)
{
	u32 lo = 0, hi = code->func_count;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (code->funcs[mid].start <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || pc - code->funcs[lo - 1].start >= code->funcs[lo - 1].count)
		return VGPU_NO_PC;
	return lo - 1;
}

u32 engine_code_find_id(const struct engine_code *code, u32 id)
{
	u32 lo = 0, hi = code->id_count;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (code->ids[mid].id == id)
			return code->ids[mid].func;
		if (code->ids[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return VGPU_NO_PC;
}
