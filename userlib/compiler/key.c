// SPDX-License-Identifier: MIT
/* What a compiled kernel depends on, as one number: its name in the cache on disk. */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compiler.h"
#include "sources.h"
#include "vgpu_isa.h"

/**
 * struct key_parts - everything that is not text
 * @ptx_len: bytes of the module's text
 * @isa: version of the instruction set
 * @cc: compute capability
 * @shape: class of launch shapes
 * @name_len: bytes of the kernel's name
 */
struct key_parts {
	uint64_t ptx_len;
	uint32_t isa, cc, shape, name_len;
};

static void canonical(XXH128_hash_t hash, uint8_t out[VGPUCC_KEY_SIZE])
{
	XXH128_canonical_t c;

	_Static_assert(sizeof(c.digest) == VGPUCC_KEY_SIZE, "128 bits");
	XXH128_canonicalFromHash(&c, hash);
	memcpy(out, c.digest, VGPUCC_KEY_SIZE);
}

void vgpucc_content_hash(const char *text, size_t len, uint8_t out[VGPUCC_KEY_SIZE])
{
	canonical(XXH3_128bits(text, len), out);
}

void vgpucc_key(const struct vgpucc_module *m, const char *name, const struct vgpucc_options *opt,
		uint8_t key[VGPUCC_KEY_SIZE])
{
	struct vgpucc_info info;
	struct key_parts parts;
	XXH3_state_t s;

	vgpucc_module_info(m, &info);
	parts = (struct key_parts){
		.ptx_len = info.ptx_len,
		.isa = VGPU_ISA_VERSION,
		.cc = opt->cc,
		.shape = opt->shape,
		.name_len = strlen(name),
	};
	XXH3_128bits_reset(&s);
	XXH3_128bits_update(&s, VGPUCC_SOURCES, strlen(VGPUCC_SOURCES));
	XXH3_128bits_update(&s, &parts, sizeof(parts));
	XXH3_128bits_update(&s, name, parts.name_len);
	XXH3_128bits_update(&s, info.content, VGPUCC_KEY_SIZE);
	canonical(XXH3_128bits_digest(&s), key);
}
