/* SPDX-License-Identifier: GPL-2.0 */
/* How many lines a user's work may write to the kernel's log, see loglimit.c. */
#ifndef _VGPU_CORE_LOGLIMIT_H
#define _VGPU_CORE_LOGLIMIT_H

#include <linux/types.h>
#include <linux/uidgid.h>

bool vgpu_log_allows(kuid_t uid);

#endif
