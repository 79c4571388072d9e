/* SPDX-License-Identifier: MIT */
/* What the compiler has to say: PTX line and reason, into a bounded log. */
#ifndef VGPU_COMPILER_DIAG_H
#define VGPU_COMPILER_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct diag - a log buffer for errors and information
 * @buf: caller's buffer, always NUL-terminated; may be NULL
 * @size: bytes of @buf
 * @len: bytes used, without the NUL
 * @errors: errors reported, logged or not
 * @truncated: the buffer was too small for a message
 * @first: first error message, for one-line summaries
 * @where: name of what is being compiled; prefixes messages; may be NULL
 */
struct diag {
	char *buf;
	size_t size, len;
	unsigned int errors;
	bool truncated;
	char first[256];
	const char *where;
};

void diag_init(struct diag *d, char *buf, size_t size);
/* "ptx line N; error : text" as CUDA's JIT words it; @line 0: no line. */
void diag_error(struct diag *d, unsigned int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void diag_verror(struct diag *d, unsigned int line, const char *fmt, va_list ap);

#endif
