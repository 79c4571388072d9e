/* SPDX-License-Identifier: MIT */
/* printf with arguments that lie packed in memory, as the device side vprintf leaves them. */
#ifndef VGPU_FORMAT_H
#define VGPU_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Fetches the string at an address of the device, for free(); NULL: there is no memory for it. */
typedef char *cu_format_string(void *data, uint64_t address);

/**
 * cu_format - print what a format and packed arguments say
 * @to: where to
 * @format: the format, NUL terminated
 * @args: packed arguments, each aligned to its size
 * @args_size: their bytes; conversions beyond them print nothing
 * @string: fetches strings
 * @data: handed to @string
 */
void cu_format(FILE *to, const char *format, const uint8_t *args, size_t args_size, cu_format_string *string,
	       void *data);

#endif
