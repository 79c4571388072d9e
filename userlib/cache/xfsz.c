// SPDX-License-Identifier: MIT
/* A program may have a limit for the size of files. Our writing beyond it is an error like others, not the program's end. */
#include <signal.h>
#include <time.h>

#include "internal.h"

void cache_hold_xfsz(struct cache_xfsz *x)
{
	sigset_t pending;

	sigemptyset(&x->set);
	sigaddset(&x->set, SIGXFSZ);
	sigpending(&pending);
	x->pending = sigismember(&pending, SIGXFSZ) == 1;
	pthread_sigmask(SIG_BLOCK, &x->set, &x->old);
}

void cache_release_xfsz(struct cache_xfsz *x)
{
	static const struct timespec at_once;

	/* The signal goes to the thread that writes, so it is there already. */
	if (!x->pending)
		sigtimedwait(&x->set, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &x->old, NULL);
}
