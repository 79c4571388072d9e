// SPDX-License-Identifier: GPL-2.0
/*
 * What a user has in use, over all its processes and files, so that one cannot
 * take everything from the others.
 */
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../mm/mm.h"
#include "../sched/sched.h"
#include "face.h"
#include "params.h"
#include "user.h"
#include "vgpu.h"

#define MAX_CTX_PER_USER	1024

/**
 * struct vgpu_user - a user with at least one context
 * @link: in users
 * @uid: who
 * @contexts: its contexts, those whose memory is still held included
 * @others: who else counts for it: see vgpu_user_get(); the entry goes with the last of all
 * @pinned: pages of registered host memory
 * @blocks: bytes of the memory of its blocks in flight
 * @code: bytes of its code objects and rings
 * @kept: bytes of what the kernel keeps for it beside its memory: see vgpu_user_keep()
 * @sched: the scheduler's part
 */
struct vgpu_user {
	struct list_head link;
	kuid_t uid;
	unsigned int contexts;
	unsigned int others;
	atomic64_t pinned;
	atomic64_t blocks;
	atomic64_t code;
	atomic64_t kept;
	struct vgpu_sched_user sched;
};

static LIST_HEAD(users);
static DEFINE_SPINLOCK(users_lock);

/* Before the lock is taken: a user whose control group has to reclaim for it holds up nobody else. NULL: there is no memory. */
static struct vgpu_user *spare(void)
{
	return vgpu_counted(VGPU_KIND_USER, vgpu_zalloc(sizeof(struct vgpu_user)));
}

/* The calling user; a new one is *@fresh, which is then used up. NULL: it is new, and there is none. Under the lock. */
static struct vgpu_user *find(struct vgpu_user **fresh)
{
	kuid_t uid = current_uid();
	struct vgpu_user *u;

	list_for_each_entry(u, &users, link)
		if (uid_eq(u->uid, uid))
			return u;
	u = *fresh;
	*fresh = NULL;
	if (!u)
		return NULL;
	u->uid = uid;
	vgpu_sched_user_init(&u->sched);
	list_add(&u->link, &users);
	return u;
}

/**
 * vgpu_user_add_ctx - count a context for the calling user
 *
 * Return: the user, to be handed to vgpu_user_remove_ctx(); -EDQUOT, -ENOMEM.
 */
struct vgpu_user *vgpu_user_add_ctx(void)
{
	struct vgpu_user *fresh = spare(), *u;

	spin_lock(&users_lock);
	u = find(&fresh);
	if (!u)
		u = ERR_PTR(-ENOMEM);
	else if (u->contexts >= MAX_CTX_PER_USER)
		u = ERR_PTR(-EDQUOT);
	else
		u->contexts++;
	spin_unlock(&users_lock);
	vgpu_counted_free(VGPU_KIND_USER, fresh);
	return u;
}

static void drop_unused(struct vgpu_user *u)
{
	if (u->contexts || u->others)
		return;
	list_del(&u->link);
	vgpu_counted_free(VGPU_KIND_USER, u);
}

/** vgpu_user_remove_ctx - a context of the user has gone */
void vgpu_user_remove_ctx(struct vgpu_user *u)
{
	spin_lock(&users_lock);
	u->contexts--;
	drop_unused(u);
	spin_unlock(&users_lock);
}

/**
 * vgpu_user_get - what counts for the calling user, and has no context
 * @bytes: of what the kernel keeps for it, as vgpu_user_keep() counts them
 *
 * Return: the user, to be handed to vgpu_user_put(); -EDQUOT, -ENOMEM.
 */
struct vgpu_user *vgpu_user_get(size_t bytes)
{
	struct vgpu_user *fresh = spare(), *u;

	spin_lock(&users_lock);
	u = find(&fresh);
	if (u)
		u->others++;
	spin_unlock(&users_lock);
	vgpu_counted_free(VGPU_KIND_USER, fresh);
	if (!u)
		return ERR_PTR(-ENOMEM);
	if (vgpu_user_keep(u, bytes))
		return u;
	vgpu_user_put(u, 0);
	return ERR_PTR(-EDQUOT);
}
EXPORT_SYMBOL_VGPU(vgpu_user_get);

/** vgpu_user_put - undo vgpu_user_get() */
void vgpu_user_put(struct vgpu_user *u, size_t bytes)
{
	vgpu_user_unkeep(u, bytes);
	spin_lock(&users_lock);
	u->others--;
	drop_unused(u);
	spin_unlock(&users_lock);
}
EXPORT_SYMBOL_VGPU(vgpu_user_put);

/** vgpu_user_uid - who it is */
kuid_t vgpu_user_uid(const struct vgpu_user *u)
{
	return u->uid;
}

/** vgpu_user_sched - the scheduler's part of it */
struct vgpu_sched_user *vgpu_user_sched(struct vgpu_user *u)
{
	return &u->sched;
}

/**
 * vgpu_user_pin - count pages of registered memory for a user
 * @u: the user
 * @pages: how many more
 * @cap: most that there may be
 *
 * Return: whether they fit.
 */
bool vgpu_user_pin(struct vgpu_user *u, u64 pages, u64 cap)
{
	return vgpu_charge(&u->pinned, pages, cap);
}

/** vgpu_user_unpin - undo vgpu_user_pin() */
void vgpu_user_unpin(struct vgpu_user *u, u64 pages)
{
	atomic64_sub(pages, &u->pinned);
}

/**
 * vgpu_user_hold_block - count memory of a block in flight for a user
 * @u: the user
 * @bytes: how many more
 *
 * Return: whether they fit below block_user_mib.
 */
bool vgpu_user_hold_block(struct vgpu_user *u, size_t bytes)
{
	return vgpu_charge(&u->blocks, bytes, (u64)vgpu_params.block_user_mib << 20);
}

/** vgpu_user_blocks - bytes that a user's blocks in flight have now */
u64 vgpu_user_blocks(const struct vgpu_user *u)
{
	return atomic64_read(&u->blocks);
}

/** vgpu_user_unhold_block - undo vgpu_user_hold_block() */
void vgpu_user_unhold_block(struct vgpu_user *u, size_t bytes)
{
	atomic64_sub(bytes, &u->blocks);
}

/**
 * vgpu_user_hold_code - count memory of code objects and rings for a user
 * @u: the user
 * @bytes: how many more
 *
 * Return: whether they fit below code_user_mib.
 */
bool vgpu_user_hold_code(struct vgpu_user *u, size_t bytes)
{
	static DEFINE_RATELIMIT_STATE(rs, 60 * HZ, 1);

	if (vgpu_charge(&u->code, bytes, (u64)vgpu_params.code_user_mib << 20))
		return true;
	if (__ratelimit(&rs))
		pr_warn(VGPU_NAME ": user %u has %lu MiB of code objects and rings, and may have no more: see code_user_mib\n",
			from_kuid(&init_user_ns, u->uid), vgpu_params.code_user_mib);
	return false;
}

/** vgpu_user_unhold_code - undo vgpu_user_hold_code() */
void vgpu_user_unhold_code(struct vgpu_user *u, size_t bytes)
{
	atomic64_sub(bytes, &u->code);
}

/**
 * vgpu_user_keep - count what the kernel keeps for a user
 * @u: the user
 * @bytes: how many more
 *
 * For what can be had in great numbers and is charged to no device: tables of address spaces, mappings, objects,
 * callbacks.
 *
 * Return: whether they fit below tables_user_mib.
 */
bool vgpu_user_keep(struct vgpu_user *u, size_t bytes)
{
	static DEFINE_RATELIMIT_STATE(rs, 60 * HZ, 1);

	if (vgpu_charge(&u->kept, bytes, (u64)vgpu_params.tables_user_mib << 20))
		return true;
	if (__ratelimit(&rs))
		pr_warn(VGPU_NAME ": user %u has %lu MiB of tables, mappings, objects and callbacks, and may have no more: see tables_user_mib\n",
			from_kuid(&init_user_ns, u->uid), vgpu_params.tables_user_mib);
	return false;
}

/** vgpu_user_unkeep - undo vgpu_user_keep() */
void vgpu_user_unkeep(struct vgpu_user *u, size_t bytes)
{
	atomic64_sub(bytes, &u->kept);
}

/**
 * vgpu_user_zalloc - zeroed memory that is counted for a user
 * @u: the user
 * @kind: what it is
 * @bytes: how many, a page at most
 *
 * Return: it, for vgpu_user_free(); -EDQUOT, -ENOMEM.
 */
void *vgpu_user_zalloc(struct vgpu_user *u, enum vgpu_kind kind, size_t bytes)
{
	void *p;

	if (!vgpu_user_keep(u, bytes))
		return ERR_PTR(-EDQUOT);
	p = vgpu_counted(kind, vgpu_zalloc(bytes));
	if (p)
		return p;
	vgpu_user_unkeep(u, bytes);
	return ERR_PTR(-ENOMEM);
}

/** vgpu_user_free - free memory of vgpu_user_zalloc() */
void vgpu_user_free(struct vgpu_user *u, enum vgpu_kind kind, const void *p, size_t bytes)
{
	vgpu_counted_free(kind, p);
	vgpu_user_unkeep(u, bytes);
}
