// SPDX-License-Identifier: MIT
/*
 * Refusals of the container: header, sections, patterns, lines.
 */
#include <string.h>
#include "verifier.h"

static struct vgpu_code_header *header(unsigned char *image)
{
	return (struct vgpu_code_header *)image;
}

#define SET(NAME, FIELD, VALUE)								\
static size_t NAME(unsigned char *image, size_t size)					\
{											\
	header(image)->FIELD = (VALUE);							\
	return size;									\
}

SET(magic, magic, 0x12345678)
SET(minor, version, VGPU_ISA_VERSION ^ 1)
SET(major, version, VGPU_ISA_VERSION - (1 << 16))
SET(header_size, header_size, sizeof(struct vgpu_code_header) - 4)
SET(total_size, total_size, header(image)->total_size + 8)
SET(flags, flags, 1)
SET(reserved, reserved, 1)
SET(sec_align, sec[VGPU_SEC_INSNS].offset, header(image)->sec[VGPU_SEC_INSNS].offset + 4)
SET(sec_offset, sec[VGPU_SEC_INSNS].offset, 0xfffffff8)
SET(sec_count, sec[VGPU_SEC_INSNS].count, header(image)->sec[VGPU_SEC_INSNS].count + 10000)
SET(sec_huge, sec[VGPU_SEC_STRINGS].count, 0xffffffff)
SET(sec_many, sec[VGPU_SEC_KERNELS].count, VGPU_CODE_MAX_KERNELS + 1)
SET(sec_header, sec[VGPU_SEC_KERNELS].offset, 0)
SET(sec_overlap, sec[VGPU_SEC_FUNCS].offset, header(image)->sec[VGPU_SEC_KERNELS].offset)
SET(no_kernels, sec[VGPU_SEC_KERNELS].count, 0)
SET(no_funcs, sec[VGPU_SEC_FUNCS].count, 0)
SET(no_insns, sec[VGPU_SEC_INSNS].count, 0)
SET(strings_cut, sec[VGPU_SEC_STRINGS].count, header(image)->sec[VGPU_SEC_STRINGS].count - 1)
SET(strings_none, sec[VGPU_SEC_STRINGS].count, 0)

static size_t cut_header(unsigned char *image, size_t size)
{
	(void)image;
	(void)size;
	return sizeof(struct vgpu_code_header) - 1;
}

static size_t cut_tail(unsigned char *image, size_t size)
{
	(void)image;
	return size - 1;
}

/* The size is looked at before any byte. */
static size_t too_large(unsigned char *image, size_t size)
{
	(void)image;
	(void)size;
	return VGPU_CODE_MAX_SIZE + 1;
}

static size_t pattern_far(unsigned char *image, size_t size)
{
	struct vgpu_code_pattern *p =
		(void *)(image + header(image)->sec[VGPU_SEC_PATTERNS].offset);

	p->offset[31] = VGPU_PATTERN_SPAN;
	return size;
}

#define LINES(A, B, C)									\
	".kernel \"k\" func=f\n.func f\n" A "nop\n" B "nop\n" C "exit\n.end\n"

static size_t line_far(unsigned char *image, size_t size)
{
	struct vgpu_code_line *l = (void *)(image + header(image)->sec[VGPU_SEC_LINES].offset);

	l[1].pc = 3;
	return size;
}

static size_t line_back(unsigned char *image, size_t size)
{
	struct vgpu_code_line *l = (void *)(image + header(image)->sec[VGPU_SEC_LINES].offset);

	l[1].pc = l[0].pc;
	return size;
}

const struct vcase verifier_container[] = {
	VALID("the frame of the tests is valid", "nop"),
	PATCH("image smaller than the header", cut_header, "object 0", TOO_SMALL),
	PATCH("image too large", too_large, "object 0", TOO_LARGE),
	PATCH("image without its last byte", cut_tail, "object 0", TOTAL_SIZE),
	PATCH("magic", magic, "object 0", MAGIC),
	{ .name = "version, of another table", .body = "nop", .patch = minor, .where = "object 0",
	  .why = REFUSE_VERSION, .version = VGPU_ISA_VERSION ^ 1 },
	{ .name = "version, with the same table and another meaning", .body = "nop", .patch = major, .where = "object 0",
	  .why = REFUSE_VERSION, .version = VGPU_ISA_VERSION - (1 << 16) },
	PATCH("header size", header_size, "object 0", HEADER_SIZE),
	PATCH("total size", total_size, "object 0", TOTAL_SIZE),
	PATCH("flags", flags, "object 0", HEADER_ZERO),
	PATCH("reserved field", reserved, "object 0", HEADER_ZERO),
	PATCH("section not aligned", sec_align, "section 2", SEC_ALIGN),
	PATCH("section begins outside", sec_offset, "section 2", SEC_BOUNDS),
	PATCH("section ends outside", sec_count, "section 2", SEC_BOUNDS),
	PATCH("strings of 4 GiB", sec_huge, "section 7", SEC_COUNT),
	PATCH("too many kernels", sec_many, "section 0", SEC_COUNT),
	PATCH("section over the header", sec_header, "section 0", SEC_OVERLAP),
	PATCH("two sections at one place", sec_overlap, "section 1", SEC_OVERLAP),
	PATCH("no kernels", no_kernels, "object 0", NO_KERNELS),
	PATCH("no functions", no_funcs, "object 0", NO_FUNCS),
	PATCH("no instructions", no_insns, "object 0", NO_INSNS),
	PATCH("strings cut", strings_cut, "object 0", STRINGS_END),
	PATCH("no strings", strings_none, "object 0", STRINGS_END),
	PATCH("pattern offset", pattern_far, "pattern 0", P_OFFSET),
	{ .name = "line beyond the instructions", .text = LINES(".line 1\n", ".line 2\n", ""),
	  .patch = line_far, .where = "line 1", .why = REFUSE_L_RANGE },
	{ .name = "two lines of one instruction", .text = LINES(".line 1\n", ".line 2\n", ""),
	  .patch = line_back, .where = "line 1", .why = REFUSE_L_ORDER },
	{ .name = "lines in order", .text = LINES(".line 1\n", "", ".line 2\n") },
};
const size_t verifier_container_count = ARRAY_SIZE(verifier_container);
