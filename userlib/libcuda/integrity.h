/* SPDX-License-Identifier: MIT */
/* The proof that a runtime asks of a driver. */
#ifndef VGPU_INTEGRITY_H
#define VGPU_INTEGRITY_H

#include <stddef.h>
#include <stdint.h>

/**
 * cu_md2 - the MD2 digest (RFC 1319) of several pieces
 * @digest: 16 bytes
 * @pieces: what to digest, one after the other
 * @sizes: their lengths
 * @count: how many
 */
void cu_md2(uint8_t digest[16], const void *const *pieces, const size_t *sizes, int count);
/* HMAC (RFC 2104) over it, with a key of one block. */
void cu_hmac_md2(uint8_t digest[16], const uint8_t key[16], const void *message, size_t size);

#endif
