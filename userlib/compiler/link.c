// SPDX-License-Identifier: MIT
/* The public face of linking: inputs, their PTX, and that in one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "fatbin.h"
#include "parse_module.h"

#define NAMES_LIMIT ((size_t)1 << 30)

/**
 * struct vgpucc_link - a link
 * @cc: compute capability of the device
 * @names: the parts so far, of which nothing but the names counts
 * @parts: their texts, ours
 * @nparts: how many
 * @cap: room at @parts
 * @spoilt: why nothing will come of it, or VGPUCC_OK
 */
struct vgpucc_link {
	unsigned int cc;
	struct ir_module names;
	struct part_text *parts;
	unsigned int nparts, cap;
	int spoilt;
};

struct vgpucc_link *vgpucc_link_new(unsigned int cc)
{
	struct vgpucc_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->cc = cc;
	arena_init(&l->names.arena, NAMES_LIMIT);
	return l;
}

void vgpucc_link_free(struct vgpucc_link *l)
{
	if (!l)
		return;
	arena_free(&l->names.arena);
	for (unsigned int i = 0; i < l->nparts; i++)
		free((char *)l->parts[i].text);
	free(l->parts);
	free(l);
}

char *vgpucc_link_image(const struct vgpucc_link *l, size_t *len)
{
	return l->spoilt ? NULL : parts_join(l->parts, l->nparts, len);
}

/* ---- a text ---- */

/* What is wrong with it alone. */
static int check_text(const struct vgpucc_link *l, const char *text, size_t len, bool bodies, struct diag *d)
{
	struct vgpucc_target target = { .cc = l->cc, .borrow = true };
	struct vgpucc_module *m;
	int ret;

	if (parts_begin(text, len)) {
		diag_error(d, 0, "what was linked is not linked again");
		return VGPUCC_BAD_IMAGE;
	}
	ret = vgpucc_module_open(text, len, &target, d, &m);
	if (ret)
		return ret;
	ret = bodies ? vgpucc_check(m, d) : VGPUCC_OK;
	vgpucc_module_close(m);
	return ret;
}

static bool grow(struct vgpucc_link *l)
{
	unsigned int cap = l->cap ? l->cap * 2 : 8;
	struct part_text *parts;

	if (l->nparts < l->cap)
		return true;
	parts = realloc(l->parts, cap * sizeof(*parts));
	if (!parts)
		return false;
	l->parts = parts;
	l->cap = cap;
	return true;
}

/* A copy of @t, its name behind its text: one allocation. */
static bool keep(struct vgpucc_link *l, const struct part_text *t)
{
	char *copy = grow(l) ? malloc(t->text_len + t->name_len + 1) : NULL;

	if (!copy)
		return false;
	memcpy(copy, t->text, t->text_len);
	memcpy(copy + t->text_len, t->name, t->name_len + 1);
	l->parts[l->nparts++] = (struct part_text){
		.text = copy,
		.text_len = t->text_len,
		.name = copy + t->text_len,
		.name_len = t->name_len,
	};
	return true;
}

/* @bodies: look into its functions */
static int add_text(struct vgpucc_link *l, const struct part_text *t, bool bodies, struct diag *d)
{
	int ret = check_text(l, t->text, t->text_len, bodies, d);

	if (ret)
		return ret;
	l->spoilt = VGPUCC_NO_MEMORY;
	if (keep(l, t) && !ir_module_add(&l->names, &l->parts[l->nparts - 1], d))
		l->spoilt = VGPUCC_OK;
	else if (l->names.bad_link)
		l->spoilt = VGPUCC_BAD_LINK;
	return l->spoilt;
}

/* ---- an image ---- */

/**
 * struct pick - a walk through the entries of an input
 * @link: the link
 * @name: of the input
 * @d: log
 * @best: of the fatbin that is being walked
 * @any: there is one
 * @bodies: look into functions
 * @added: texts of this input
 */
struct pick {
	struct vgpucc_link *link;
	const char *name;
	struct diag *d;
	struct vgpucc_entry best;
	bool any, bodies;
	unsigned int added;
};

static int add_best(struct pick *p)
{
	struct part_text t = { .name = p->name, .name_len = strlen(p->name) };
	char *text;
	int ret;

	if (!p->any)
		return VGPUCC_OK;
	p->any = false;
	p->added++;
	text = vgpucc_entry_text(&p->best, &t.text_len, p->d);
	if (!text)
		return VGPUCC_BAD_IMAGE;
	t.text = text;
	ret = add_text(p->link, &t, p->bodies, p->d);
	free(text);
	return ret;
}

static int pick_entry(const struct vgpucc_entry *e, void *ctx)
{
	struct pick *p = ctx;
	unsigned int rank = fatbin_rank(e, p->link->cc);
	int ret = p->any && e->module != p->best.module ? add_best(p) : VGPUCC_OK;

	if (ret || !rank || (p->any && rank <= fatbin_rank(&p->best, p->link->cc)))
		return ret;
	p->best = *e;
	p->any = true;
	return VGPUCC_OK;
}

/* Status of an input; what it lacks is for the caller to say. */
static int add_image(struct pick *p, const void *image, size_t len)
{
	int ret = p->link->spoilt;

	if (!ret)
		ret = vgpucc_image_entries(image, len, pick_entry, p, p->d);
	if (!ret)
		ret = add_best(p);
	return ret ? ret : p->added ? VGPUCC_OK : VGPUCC_NO_PTX;
}

int vgpucc_link_add(struct vgpucc_link *l, const char *name, const void *image, size_t len, struct diag *d)
{
	struct pick p = { .link = l, .name = name, .d = d, .bodies = true };
	int ret = add_image(&p, image, len);

	if (ret == VGPUCC_NO_PTX)
		diag_error(d, 0, "no PTX for compute capability %u.%u in '%s'", l->cc / 10, l->cc % 10, name);
	return ret;
}

int vgpucc_link_program(struct vgpucc_link *l, const void *image, struct diag *d)
{
	const void *const *parts = fatbin_parts(image);
	int ret = VGPUCC_OK;
	char name[32];

	for (unsigned int i = 0; parts && parts[i] && !ret; i++) {
		struct pick p = { .link = l, .name = name, .d = d };

		snprintf(name, sizeof(name), "object %u", i + 1);
		ret = add_image(&p, parts[i], vgpucc_image_size(parts[i]));
		if (ret == VGPUCC_NO_PTX)
			ret = VGPUCC_OK;
	}
	if (ret || l->nparts)
		return ret;
	diag_error(d, 0, "no PTX for compute capability %u.%u in the objects of the program", l->cc / 10, l->cc % 10);
	return VGPUCC_NO_PTX;
}
