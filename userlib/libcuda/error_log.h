/* SPDX-License-Identifier: MIT */
/* The log of errors, as the calls that add to it see it (error_log.c). */
#ifndef VGPU_ERROR_LOG_H
#define VGPU_ERROR_LOG_H

#include <stdarg.h>

/* Why something failed; told to callbacks at the end of the call. Any locks may be held. */
void cu_log_add(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
/* In the child of a fork. */
void cu_log_forked(void);

#endif
