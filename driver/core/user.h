/* SPDX-License-Identifier: GPL-2.0 */
/* What a user has in use, see user.c. */
#ifndef _VGPU_CORE_USER_H
#define _VGPU_CORE_USER_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "tally.h"

struct vgpu_sched_user;
struct vgpu_user;

kuid_t vgpu_user_uid(const struct vgpu_user *u);
struct vgpu_sched_user *vgpu_user_sched(struct vgpu_user *u);
bool vgpu_user_pin(struct vgpu_user *u, u64 pages, u64 cap);
void vgpu_user_unpin(struct vgpu_user *u, u64 pages);
u64 vgpu_user_blocks(const struct vgpu_user *u);
bool vgpu_user_hold_block(struct vgpu_user *u, size_t bytes);
void vgpu_user_unhold_block(struct vgpu_user *u, size_t bytes);
bool vgpu_user_hold_code(struct vgpu_user *u, size_t bytes);
void vgpu_user_unhold_code(struct vgpu_user *u, size_t bytes);
bool vgpu_user_keep(struct vgpu_user *u, size_t bytes);
void vgpu_user_unkeep(struct vgpu_user *u, size_t bytes);
void *vgpu_user_zalloc(struct vgpu_user *u, enum vgpu_kind kind, size_t bytes);
void vgpu_user_free(struct vgpu_user *u, enum vgpu_kind kind, const void *p, size_t bytes);
struct vgpu_user *vgpu_user_add_ctx(void);
void vgpu_user_remove_ctx(struct vgpu_user *u);

#endif
