// SPDX-License-Identifier: GPL-2.0
/*
 * How many lines a user's work may write to the kernel's log: so many each, that none hides
 * another's, and all together not so many that they fill it.
 */
#include <linux/jiffies.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>

#include "loglimit.h"

#define INTERVAL	(5 * HZ)
#define BURST		10	/* of a user */
#define BURST_ALL	100
#define SHARES		64	/* users remembered */

/*
 * Not with the contexts of the user: these end in the fault that is told, and a process
 * that is started anew after each would begin with a whole share.
 */
static struct share {
	bool used;
	kuid_t uid;
	unsigned long last;		/* in jiffies */
	struct ratelimit_state limit;
} shares[SHARES];

static DEFINE_RATELIMIT_STATE(all, INTERVAL, BURST_ALL);
static DEFINE_SPINLOCK(lock);

/* The user's share; a new one's is that of whom nothing has been heard for longest. Under the lock. */
static struct share *share_of(kuid_t uid)
{
	struct share *s, *oldest = shares;

	for (s = shares; s < shares + SHARES && s->used; s++) {
		if (uid_eq(s->uid, uid))
			return s;
		if (time_before(s->last, oldest->last))
			oldest = s;
	}
	if (s == shares + SHARES)
		s = oldest;
	s->used = true;
	s->uid = uid;
	ratelimit_state_init(&s->limit, INTERVAL, BURST);
	return s;
}

/**
 * vgpu_log_allows - whether one more line may be written
 * @uid: the user whose work it tells of; invalid for what is nobody's, which only the limit of all bounds
 *
 * Return: whether it may; the kernel says how many were not.
 */
bool vgpu_log_allows(kuid_t uid)
{
	bool allowed = true;
	struct share *s;

	spin_lock(&lock);
	if (uid_valid(uid)) {
		s = share_of(uid);
		s->last = jiffies;
		allowed = __ratelimit(&s->limit);
	}
	allowed = allowed && __ratelimit(&all);
	spin_unlock(&lock);
	return allowed;
}
