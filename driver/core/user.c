// SPDX-License-Identifier: GPL-2.0
/*
 * What a user has in use, over all its processes and files, so that one cannot
 * take everything from the others.
 */
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "user.h"
#include "vgpu.h"

#define MAX_CTX_PER_USER	1024

/**
 * struct vgpu_user - a user with at least one context
 * @link: in users
 * @uid: who
 * @contexts: its contexts, those whose memory is still held included; the entry goes
 *	with the last one
 * @pinned: pages of registered host memory
 */
struct vgpu_user {
	struct list_head link;
	kuid_t uid;
	unsigned int contexts;
	atomic64_t pinned;
};

static LIST_HEAD(users);
static DEFINE_MUTEX(users_lock);

static struct vgpu_user *find(kuid_t uid)
{
	struct vgpu_user *u;

	list_for_each_entry(u, &users, link)
		if (uid_eq(u->uid, uid))
			return u;
	u = kzalloc(sizeof(*u), GFP_KERNEL_ACCOUNT);
	if (!u)
		return NULL;
	u->uid = uid;
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
	struct vgpu_user *u;

	mutex_lock(&users_lock);
	u = find(current_uid());
	if (!u)
		u = ERR_PTR(-ENOMEM);
	else if (u->contexts >= MAX_CTX_PER_USER)
		u = ERR_PTR(-EDQUOT);
	else
		u->contexts++;
	mutex_unlock(&users_lock);
	return u;
}

/** vgpu_user_remove_ctx - a context of the user has gone */
void vgpu_user_remove_ctx(struct vgpu_user *u)
{
	mutex_lock(&users_lock);
	if (!--u->contexts) {
		list_del(&u->link);
		kfree(u);
	}
	mutex_unlock(&users_lock);
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
