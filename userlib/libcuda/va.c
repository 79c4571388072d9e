// SPDX-License-Identifier: MIT
/*
 * GPU addresses of the process.  Every context has an address space of its
 * own, but CUDA promises one: the library hands addresses out for all of them.
 */
#include <stdlib.h>
#include <string.h>
#include "memory.h"

struct range {
	uint64_t start, end;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* What is free, in rising order, no two adjacent. */
static struct range *ranges;
static size_t count, room;

static bool grow(void)
{
	size_t more = room ? 2 * room : 64;
	struct range *r = realloc(ranges, more * sizeof(*r));

	if (!r)
		return false;
	ranges = r;
	room = more;
	return true;
}

static bool insert_at(size_t i, uint64_t start, uint64_t end)
{
	if (count == room && !grow())
		return false;
	memmove(&ranges[i + 1], &ranges[i], (count - i) * sizeof(*ranges));
	ranges[i] = (struct range){ start, end };
	count++;
	return true;
}

static void remove_at(size_t i)
{
	count--;
	memmove(&ranges[i], &ranges[i + 1], (count - i) * sizeof(*ranges));
}

static bool first_use(void)
{
	const struct vgpu_device_info *info = &cu_device_at(0)->dev.info;

	return ranges || insert_at(0, info->va_start, info->va_end);
}

/* Cut [start, end) out of range i, which holds it. */
static bool take(size_t i, uint64_t start, uint64_t end)
{
	struct range r = ranges[i];

	if (r.end > end && r.start < start && !insert_at(i + 1, end, r.end))
		return false;
	if (r.start < start)
		ranges[i].end = start;
	else if (r.end > end)
		ranges[i].start = end;
	else
		remove_at(i);
	return true;
}

/**
 * cu_va_reserve - a range of GPU addresses that nothing else gets
 * @size: bytes, whole pages
 * @align: a power of two
 * @wish: an address to begin at if it is free, or 0
 *
 * Return: the address, 0 when there is none.
 */
uint64_t cu_va_reserve(size_t size, size_t align, uint64_t wish)
{
	uint64_t found = 0;

	pthread_mutex_lock(&lock);
	if (!first_use())
		goto out;
	for (size_t i = 0; wish && !(wish & (align - 1)) && i < count && !found; i++)
		if (ranges[i].start <= wish && wish < ranges[i].end && ranges[i].end - wish >= size &&
		    take(i, wish, wish + size))
			found = wish;
	for (size_t i = 0; i < count && !found; i++) {
		uint64_t start = (ranges[i].start + align - 1) & ~(uint64_t)(align - 1);

		if (start >= ranges[i].start && start < ranges[i].end && ranges[i].end - start >= size) {
			if (!take(i, start, start + size))
				break;
			found = start;
		}
	}
out:
	pthread_mutex_unlock(&lock);
	return found;
}

/** cu_va_release - give a range, or a part of one, back */
void cu_va_release(uint64_t va, size_t size)
{
	uint64_t end = va + size;
	size_t i = 0;

	pthread_mutex_lock(&lock);
	while (i < count && ranges[i].start < va)
		i++;
	if (i && ranges[i - 1].end == va) {
		ranges[i - 1].end = end;
		if (i < count && ranges[i].start == end) {
			ranges[i - 1].end = ranges[i].end;
			remove_at(i);
		}
	} else if (i < count && ranges[i].start == end) {
		ranges[i].start = va;
	} else {
		insert_at(i, va, end); /* without memory the addresses are lost, nothing else */
	}
	pthread_mutex_unlock(&lock);
}
