/* SPDX-License-Identifier: MIT */
/* The engine's verifier, apart: its types are not the compiler's. */
#ifndef VGPU_PTXC_JUDGE_H
#define VGPU_PTXC_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * judge() - would the device load this code object
 * @image: the object
 * @len: its bytes
 * @msg: receives the verifier's refusal, one line, or ""
 * @msg_size: bytes at @msg
 *
 * Return: it would.
 */
bool judge(const void *image, size_t len, char *msg, size_t msg_size);

#endif
