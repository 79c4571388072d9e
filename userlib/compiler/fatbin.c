// SPDX-License-Identifier: MIT
/*
 * Containers: fatbins, bare, wrapped or in an ELF section; their entries,
 * stored, LZ4 or zstd. Every field is checked against the bytes there are.
 */
#include <elf.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "fatbin.h"

#define WRAPPER_MAGIC  0x466243b1u
#define FATBIN_MAGIC   0xba55ed50u
#define ELF_MAGIC      0x464c457fu
#define WRAPPER_LINKED 2 /* version of a wrapper: nvlink has seen it, and left what it could not link */
#define KIND_PTX       1
#define FLAG_LZ4       0x2000
#define FLAG_ZSTD      0x8000
#define FLAG_ARCH_A    0x100000 /* sm_90a: that architecture only */
#define FLAG_ARCH_F    0x200000 /* sm_120f: its family */
#define MAX_TEXT       (256u << 20)

struct wrapper {
	u32 magic, version;
	const void *data;
	const void *const *parts;
};

struct fatbin_header {
	u32 magic;
	u16 version, header_size;
	u64 size;
};

/* As far as it is read here; header_size bytes long. */
struct entry_header {
	u16 kind, version;
	u32 header_size;
	u64 size;   /* payload with padding */
	u32 stored; /* payload when compressed, else 0 */
	u32 options;
	u16 isa_minor, isa_major;
	u32 arch;
	u32 name_offset, name_size;
	u64 flags, zero;
	u64 unpacked; /* bytes when decompressed */
};

_Static_assert(sizeof(struct fatbin_header) == 16, "as stored");
_Static_assert(sizeof(struct entry_header) == 64, "as stored");

static u32 magic_of(const void *p)
{
	u32 m;

	memcpy(&m, p, sizeof(m));
	return m;
}

/* ---- sizes from headers ---- */

static size_t elf_size(const Elf64_Ehdr *e)
{
	const Elf64_Shdr *sh = (const void *)((const char *)e + e->e_shoff);
	size_t end = e->e_shoff + (size_t)e->e_shnum * e->e_shentsize;

	if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_shentsize != sizeof(*sh))
		return 0;
	for (unsigned int k = 0; k < e->e_shnum; k++)
		if (sh[k].sh_type != SHT_NOBITS && sh[k].sh_offset + sh[k].sh_size > end)
			end = sh[k].sh_offset + sh[k].sh_size;
	return end;
}

/* Byte by byte: text may be shorter than a magic number. */
static bool begins_with(const unsigned char *s, u32 magic)
{
	for (int k = 0; k < 4; k++)
		if (s[k] != (magic >> 8 * k & 0xff))
			return false;
	return true;
}

bool vgpucc_is_container(const void *image)
{
	return begins_with(image, WRAPPER_MAGIC) || begins_with(image, FATBIN_MAGIC) || begins_with(image, ELF_MAGIC);
}

bool vgpucc_is_unlinked(const void *image, size_t len)
{
	const struct wrapper *w = image;
	const struct fatbin_header *h;

	if (len || !begins_with(image, WRAPPER_MAGIC) || w->version != WRAPPER_LINKED || !w->data)
		return false;
	h = w->data;
	return h->magic == FATBIN_MAGIC && !h->size;
}

const void *const *fatbin_parts(const void *wrapper)
{
	return ((const struct wrapper *)wrapper)->parts;
}

size_t vgpucc_image_size(const void *image)
{
	const struct fatbin_header *h = image;
	const unsigned char *s = image;

	if (!image)
		return 0;
	if (begins_with(s, WRAPPER_MAGIC))
		return sizeof(struct wrapper);
	if (begins_with(s, FATBIN_MAGIC))
		return h->header_size + h->size;
	if (begins_with(s, ELF_MAGIC))
		return elf_size(image);
	if (s[0] == (ELF_MAGIC & 0xff))
		return 0;
	for (const unsigned char *p = s; *p && p < s + 4; p++)
		if (*p > 126)
			return 0;
	return strlen(image);
}

/* ---- entries ---- */

/* One fatbin of at most @len bytes. *used: bytes it takes. */
static int walk_fatbin(const char *p, size_t len, unsigned int module, entry_fn fn, void *ctx, struct diag *d,
		       size_t *used)
{
	struct fatbin_header h;
	const char *end;
	int ret;

	if (len < sizeof(h))
		goto damaged;
	memcpy(&h, p, sizeof(h));
	if (h.magic != FATBIN_MAGIC || h.header_size < sizeof(h) || h.header_size > len || h.size > len - h.header_size)
		goto damaged;
	end = p + h.header_size + h.size;
	*used = end - p;
	for (p += h.header_size; p < end;) {
		struct vgpucc_entry e = { .module = module };
		struct entry_header eh;

		if ((size_t)(end - p) < sizeof(eh))
			break; /* padding */
		memcpy(&eh, p, sizeof(eh));
		if (eh.header_size < sizeof(eh) || eh.header_size > (size_t)(end - p) ||
		    eh.size > (size_t)(end - p) - eh.header_size)
			goto damaged;
		e.ptx = eh.kind == KIND_PTX;
		e.arch = eh.arch;
		e.variant = eh.flags & FLAG_ARCH_A ? 'a' : eh.flags & FLAG_ARCH_F ? 'f' : 0;
		e.isa = e.ptx ? eh.isa_major * 100 + eh.isa_minor : 0;
		e.data = p + eh.header_size;
		e.stored = eh.size;
		e.size = eh.size;
		e.compression = "none";
		if (eh.flags & (FLAG_LZ4 | FLAG_ZSTD) && eh.unpacked) {
			if (eh.stored && eh.stored <= eh.size)
				e.stored = eh.stored;
			e.size = eh.unpacked;
			e.compression = eh.flags & FLAG_LZ4 ? "lz4" : "zstd";
		}
		ret = fn(&e, ctx);
		if (ret)
			return ret;
		p += eh.header_size + eh.size;
	}
	return VGPUCC_OK;
damaged:
	diag_error(d, 0, "fatbin %u is damaged", module);
	return VGPUCC_BAD_IMAGE;
}

/* Fatbins one after the other, each aligned to 8. */
static int walk_section(const char *p, size_t len, entry_fn fn, void *ctx, struct diag *d)
{
	unsigned int module = 0;
	size_t at = 0, used = 0;
	int ret;

	while (len - at >= sizeof(struct fatbin_header)) {
		if (magic_of(p + at) != FATBIN_MAGIC) {
			at += 8;
			if (at > len)
				break;
			continue;
		}
		ret = walk_fatbin(p + at, len - at, module++, fn, ctx, d, &used);
		if (ret)
			return ret;
		at += (used + 7) & ~(size_t)7;
		if (at > len)
			break;
	}
	return VGPUCC_OK;
}

/* Section by index, if it lies in the file. */
static const Elf64_Shdr *section(const char *p, size_t len, const Elf64_Ehdr *e, unsigned int k)
{
	const Elf64_Shdr *sh;

	if (e->e_shentsize != sizeof(*sh) || e->e_shoff > len || e->e_shoff % 8 || k >= e->e_shnum ||
	    (len - e->e_shoff) / sizeof(*sh) <= k)
		return NULL;
	sh = (const Elf64_Shdr *)(p + e->e_shoff) + k;
	if (sh->sh_type == SHT_NOBITS || sh->sh_offset > len || sh->sh_size > len - sh->sh_offset)
		return NULL;
	return sh;
}

static const Elf64_Shdr *named(const char *p, size_t len, const Elf64_Ehdr *e, const Elf64_Shdr *names,
			       const char *name)
{
	size_t n = strlen(name) + 1;

	for (unsigned int k = 0; k < e->e_shnum; k++) {
		const Elf64_Shdr *sh = section(p, len, e, k);

		if (sh && sh->sh_name <= names->sh_size && names->sh_size - sh->sh_name >= n &&
		    !memcmp(p + names->sh_offset + sh->sh_name, name, n))
			return sh;
	}
	return NULL;
}

/* Programs and libraries have the first, objects of relocatable device code the other. */
static int walk_elf(const char *p, size_t len, entry_fn fn, void *ctx, struct diag *d)
{
	const Elf64_Shdr *names, *sh;
	Elf64_Ehdr e;

	if (len < sizeof(e) || (uintptr_t)p % 8)
		goto damaged;
	memcpy(&e, p, sizeof(e));
	if (e.e_ident[EI_CLASS] != ELFCLASS64)
		goto damaged;
	names = section(p, len, &e, e.e_shstrndx);
	if (!names)
		goto damaged;
	sh = named(p, len, &e, names, ".nv_fatbin");
	if (!sh)
		sh = named(p, len, &e, names, "__nv_relfatbin");
	return sh ? walk_section(p + sh->sh_offset, sh->sh_size, fn, ctx, d) : VGPUCC_OK;
damaged:
	diag_error(d, 0, "ELF file is damaged");
	return VGPUCC_BAD_IMAGE;
}

/* A wrapper's pointer is followed: it was made by the program's own loader. What comes from a file has none. */
static int walk_wrapper(const void *image, entry_fn fn, void *ctx, struct diag *d)
{
	const struct wrapper *w = image;
	size_t len, used;

	if (!w->data || magic_of(w->data) != FATBIN_MAGIC) {
		diag_error(d, 0, "fatbin wrapper points at no fatbin");
		return VGPUCC_BAD_IMAGE;
	}
	len = vgpucc_image_size(w->data);
	return walk_fatbin(w->data, len, 0, fn, ctx, d, &used);
}

static bool starts_as_text(const char *p, size_t len)
{
	for (size_t k = 0; k < len && k < 16; k++)
		if ((p[k] < ' ' && !strchr("\t\r\n\f\v", p[k])) || p[k] > 126)
			return false;
	return len > 0;
}

static int walk_text(const char *p, size_t len, entry_fn fn, void *ctx)
{
	struct vgpucc_entry e = {
		.ptx = true,
		.compression = "none",
		.data = p,
		.stored = len,
		.size = len,
	};

	return fn(&e, ctx);
}

int vgpucc_image_entries(const void *image, size_t len, entry_fn fn, void *ctx, struct diag *d)
{
	const char *p = image;
	bool in_memory = !len;
	size_t used;

	if (in_memory)
		len = vgpucc_image_size(image);
	if (len >= 4 && magic_of(p) == FATBIN_MAGIC)
		return walk_fatbin(p, len, 0, fn, ctx, d, &used);
	if (in_memory && len >= sizeof(struct wrapper) && magic_of(p) == WRAPPER_MAGIC)
		return walk_wrapper(image, fn, ctx, d);
	if (len >= 4 && magic_of(p) == ELF_MAGIC)
		return walk_elf(p, len, fn, ctx, d);
	if (starts_as_text(p, len))
		return walk_text(p, len, fn, ctx);
	diag_error(d, 0, "image is neither fatbin, ELF nor PTX");
	return VGPUCC_BAD_IMAGE;
}

/* ---- text of an entry ---- */

static bool unpack(const struct vgpucc_entry *e, char *out)
{
	size_t n;
	int m;

	if (!strcmp(e->compression, "zstd")) {
		n = ZSTD_decompress(out, e->size, e->data, e->stored);
		return !ZSTD_isError(n) && n == e->size;
	}
	if (!strcmp(e->compression, "lz4")) {
		if (e->stored > LZ4_MAX_INPUT_SIZE)
			return false;
		m = LZ4_decompress_safe(e->data, out, e->stored, e->size);
		return m >= 0 && (size_t)m == e->size;
	}
	memcpy(out, e->data, e->size);
	return true;
}

char *vgpucc_entry_text(const struct vgpucc_entry *e, size_t *len, struct diag *d)
{
	char *out;

	if (e->size > MAX_TEXT) {
		diag_error(d, 0, "PTX of %zu bytes is too large", e->size);
		return NULL;
	}
	out = malloc(e->size + 1);
	if (!out) {
		diag_error(d, 0, "out of memory for %zu bytes of PTX", e->size);
		return NULL;
	}
	if (!unpack(e, out)) {
		diag_error(d, 0, "%s data of the fatbin entry for sm_%u is damaged", e->compression, e->arch);
		free(out);
		return NULL;
	}
	out[e->size] = 0;
	*len = strlen(out); /* stored text is padded with zeros */
	return out;
}

static bool admits(const struct vgpucc_entry *e, unsigned int cc)
{
	if (!e->ptx)
		return false;
	switch (e->variant) {
	case 'a':
		return e->arch == cc;
	case 'f':
		return e->arch / 10 == cc / 10 && e->arch <= cc;
	default:
		return e->arch <= cc;
	}
}

/*
 * More specific is higher: 120a over 120f over 120.  Last comes what NVIDIA's driver would refuse:
 * plain PTX of a later member of the same family (PTX ISA, ".target": from 10.0 on; compute_121 on
 * 12.0, of which cuRAND has nothing else), the nearest first.
 */
unsigned int fatbin_rank(const struct vgpucc_entry *e, unsigned int cc)
{
	if (admits(e, cc))
		return 16 + e->arch * 4 + (e->variant == 'a' ? 2 : e->variant == 'f' ? 1 : 0);
	if (e->ptx && !e->variant && cc >= 100 && e->arch / 10 == cc / 10)
		return 10 - e->arch % 10;
	return 0;
}

unsigned int vgpucc_entry_rank(const struct vgpucc_entry *e, unsigned int cc)
{
	return fatbin_rank(e, cc);
}
