/* SPDX-License-Identifier: MIT */
/* printf with arguments that lie packed in memory, as the device side vprintf leaves them. */
#ifndef VGPU_FORMAT_H
#define VGPU_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/**
 * cu_format - format a line
 * @to: where to
 * @size: room there; longer text is cut
 * @format: the format, NUL terminated
 * @args: packed arguments, each aligned to its size
 * @args_size: their bytes; conversions beyond them print nothing
 * @string: fetches the string at an address of the device
 * @data: handed to @string
 *
 * Return: bytes at @to; a NUL among them is one that was printed, and one more follows.
 */
size_t cu_format(char *to, size_t size, const char *format, const uint8_t *args, size_t args_size,
		 void (*string)(void *data, uint64_t address, char *to, size_t size), void *data);

#endif
