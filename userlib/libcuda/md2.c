// SPDX-License-Identifier: MIT
/* MD2 (RFC 1319) and HMAC (RFC 2104) over it. */
#include <string.h>
#include "integrity.h"

/* RFC 1319's permutation of the bytes, made from the digits of pi. */
static const uint8_t pi[256] = {
	41,  46,  67,  201, 162, 216, 124, 1,   61,  54,  84,  161, 236, 240, 6,   19,  98,  167, 5,   243, 192, 199,
	115, 140, 152, 147, 43,  217, 188, 76,  130, 202, 30,  155, 87,  60,  253, 212, 224, 22,  103, 66,  111, 24,
	138, 23,  229, 18,  190, 78,  196, 214, 218, 158, 222, 73,  160, 251, 245, 142, 187, 47,  238, 122, 169, 104,
	121, 145, 21,  178, 7,   63,  148, 194, 16,  137, 11,  34,  95,  33,  128, 127, 93,  154, 90,  144, 50,  39,
	53,  62,  204, 231, 191, 247, 151, 3,   255, 25,  48,  179, 72,  165, 181, 209, 215, 94,  146, 42,  172, 86,
	170, 198, 79,  184, 56,  210, 150, 164, 125, 182, 118, 252, 107, 226, 156, 116, 4,   241, 69,  157, 112, 89,
	100, 113, 135, 32,  134, 91,  207, 101, 230, 45,  168, 2,   27,  96,  37,  173, 174, 176, 185, 246, 28,  70,
	97,  105, 52,  64,  126, 15,  85,  71,  163, 35,  221, 81,  175, 58,  195, 92,  249, 206, 186, 197, 234, 38,
	44,  83,  13,  110, 133, 40,  132, 9,   211, 223, 205, 244, 65,  129, 77,  82,  106, 220, 55,  200, 108, 193,
	171, 250, 36,  225, 123, 8,   12,  189, 177, 74,  120, 136, 149, 139, 227, 99,  232, 109, 233, 203, 213, 254,
	59,  0,   29,  57,  242, 239, 183, 14,  102, 88,  208, 228, 166, 119, 114, 248, 235, 117, 75,  10,  49,  68,
	80,  180, 143, 237, 31,  26,  219, 153, 141, 51,  159, 17,  131, 20,
};

struct md2 {
	uint8_t state[16], checksum[16], block[16];
	unsigned int filled;
};

static void mix(struct md2 *m)
{
	uint8_t x[48], last = m->checksum[15];
	unsigned int t = 0;

	for (int i = 0; i < 16; i++) {
		x[i] = m->state[i];
		x[16 + i] = m->block[i];
		x[32 + i] = m->state[i] ^ m->block[i];
		last = m->checksum[i] ^= pi[m->block[i] ^ last];
	}
	for (unsigned int round = 0; round < 18; round++) {
		for (int i = 0; i < 48; i++)
			t = x[i] ^= pi[t];
		t = (t + round) & 255;
	}
	memcpy(m->state, x, 16);
	m->filled = 0;
}

static void feed(struct md2 *m, const uint8_t *data, size_t size)
{
	while (size--) {
		m->block[m->filled++] = *data++;
		if (m->filled == 16)
			mix(m);
	}
}

void cu_md2(uint8_t digest[16], const void *const *pieces, const size_t *sizes, int count)
{
	uint8_t padding[16], checksum[16];
	struct md2 m = { 0 };

	for (int i = 0; i < count; i++)
		feed(&m, pieces[i], sizes[i]);
	memset(padding, 16 - m.filled, sizeof(padding));
	feed(&m, padding, 16 - m.filled);
	memcpy(checksum, m.checksum, sizeof(checksum));
	feed(&m, checksum, sizeof(checksum));
	memcpy(digest, m.state, 16);
}

void cu_hmac_md2(uint8_t digest[16], const uint8_t key[16], const void *message, size_t size)
{
	uint8_t inner[16], outer[16], middle[16];

	for (int i = 0; i < 16; i++) {
		inner[i] = key[i] ^ 0x36;
		outer[i] = key[i] ^ 0x5c;
	}
	cu_md2(middle, (const void *[]){ inner, message }, (const size_t[]){ 16, size }, 2);
	cu_md2(digest, (const void *[]){ outer, middle }, (const size_t[]){ 16, 16 }, 2);
}
