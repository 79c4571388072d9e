/* SPDX-License-Identifier: MIT */
/* The parts of vgpu-ctl trace. */
#ifndef VGPU_CTL_TRACE_H
#define VGPU_CTL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bytes that came and are not yet lines. */
struct trace_buffer {
	size_t used;
	char text[65536];
};

/* trace.c */
bool trace_interrupted(void);
void trace_print(char *text);
void trace_lines(struct trace_buffer *b, void (*fn)(char *line, void *data), void *data);

/* trace_kernel.c: a process that runs, by the kernel's tracing */
int trace_process(const char *pid);

/* trace_symbols.c: the functions of a library, by name and file offset */
int symbols_each(const char *path, void (*fn)(const char *name, unsigned long offset, void *data), void *data);

#endif
