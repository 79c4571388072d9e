/* SPDX-License-Identifier: MIT */
/* The parts of vgpu-ctl doctor. */
#ifndef VGPU_CTL_DOCTOR_H
#define VGPU_CTL_DOCTOR_H

#include <stdbool.h>

void doctor_say(bool good, const char *what, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* doctor_libs.c: which libraries a program would load, and whether they are ours */
bool library_is_ours(const char *path);
void doctor_libraries(void);

/* doctor_pid.c */
void doctor_process(const char *pid);

#endif
