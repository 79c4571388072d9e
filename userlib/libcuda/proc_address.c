// SPDX-License-Identifier: MIT
/*
 * cuGetProcAddress: from a name, an API version and the caller's default-stream
 * rule to the symbol of that form.
 */
#include <stdlib.h>
#include <string.h>
#include "proc_address.h"

/* No prototype here: the table only takes addresses. */
#define WORKS(symbol, name, version) extern CUresult symbol(void);
#define REFUSED                      WORKS
#define DATA(symbol, size)
#include "api.def"
#undef WORKS
#undef REFUSED

struct entry {
	const char *symbol, *name;
	int version;
	void *address;
};

#define WORKS(symbol, name, version) { #symbol, #name, version, (void *)symbol },
#define REFUSED                      WORKS
static const struct entry entries[] = {
#include "api.def"
};

enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };

/* Per-thread forms end in _ptsz (asynchronous) or _ptds (synchronous). */
static bool is_per_thread(const char *symbol)
{
	size_t n = strlen(symbol);

	return n > 5 && (!strcmp(symbol + n - 5, "_ptsz") || !strcmp(symbol + n - 5, "_ptds"));
}

/* Entries in order of name, plain forms before per-thread ones, then by version. */
static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a;
	const struct entry *y = *(const struct entry *const *)b;
	int c = strcmp(x->name, y->name);

	if (!c)
		c = is_per_thread(x->symbol) - is_per_thread(y->symbol);
	return c ? c : x->version - y->version;
}

static const struct entry *sorted[ENTRIES];

__attribute__((constructor)) static void sort_entries(void)
{
	for (int i = 0; i < ENTRIES; i++)
		sorted[i] = &entries[i];
	qsort(sorted, ENTRIES, sizeof(sorted[0]), entry_cmp);
}

/* The first entry of that name, or NULL. */
static const struct entry **find_name(const char *name)
{
	int low = 0, high = ENTRIES;

	while (low < high) {
		int mid = (low + high) / 2;

		if (strcmp(sorted[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < ENTRIES && !strcmp(sorted[low]->name, name) ? &sorted[low] : NULL;
}

/* The newest form not newer than version; *known says if there is any form. */
static const struct entry *find_form(const char *name, int version, bool per_thread, bool *known)
{
	const struct entry **e = find_name(name), *best = NULL;

	*known = false;
	for (; e && e < sorted + ENTRIES && !strcmp((*e)->name, name); e++) {
		if (!(*e)->version || is_per_thread((*e)->symbol) != per_thread)
			continue;
		*known = true;
		if ((*e)->version <= version)
			best = *e;
	}
	return best;
}

static CUresult look_up(const char *name, void **address, int version, cuuint64_t flags, int *status)
{
	const struct entry *e = NULL;
	bool known = false, known_plain = false;

	*address = NULL;
	if (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)
		e = find_form(name, version, true, &known);
	if (!known) {
		e = find_form(name, version, false, &known_plain);
		known = known_plain;
	}
	if (e)
		*address = e->address;
	if (status)
		*status = e     ? CU_GET_PROC_ADDRESS_SUCCESS :
			  known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT :
				  CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
	if (!e)
		cu_trace("%s@%d/%llx is not known", name, version, (unsigned long long)flags);
	return e ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cu_get_proc_address(const char *name, void **address, int version, cuuint64_t flags, int *status)
{
	if (!name || !address || (flags & ~3ull) || version < 0)
		return CUDA_ERROR_INVALID_VALUE;
	return look_up(name, address, version, flags, status);
}
