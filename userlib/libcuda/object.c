// SPDX-License-Identifier: MIT
/* Allocation of handles: type-stable memory. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "object.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cu_object *free_list[CU_TYPES];

void *cu_object_new(enum cu_type type, size_t size)
{
	struct cu_object *o;

	pthread_mutex_lock(&lock);
	o = free_list[type];
	if (o)
		free_list[type] = o->next_free;
	pthread_mutex_unlock(&lock);
	if (o)
		memset(o, 0, size);
	else
		o = calloc(1, size);
	if (o)
		__atomic_store_n(&o->magic, CU_MAGIC(type), __ATOMIC_RELEASE);
	return o;
}

void cu_object_free(void *object)
{
	struct cu_object *o = object;
	unsigned int type = o->magic & 0xff;

	__atomic_store_n(&o->magic, CU_MAGIC(CU_FREE), __ATOMIC_RELEASE);
	pthread_mutex_lock(&lock);
	o->next_free = free_list[type];
	free_list[type] = o;
	pthread_mutex_unlock(&lock);
}
