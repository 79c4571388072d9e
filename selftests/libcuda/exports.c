// SPDX-License-Identifier: MIT
/*
 * The built library against api.def: every symbol is there, what is refused says so, and
 * cuGetProcAddress gives the same for each name and version.  Needs no device.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include "../compiler/tap.h"
#include "../../userlib/libcuda/cuda_abi.h"

struct symbol {
	const char *symbol, *name;
	int version;
	enum { WORK, REFUSE, VARIABLE } state;
};

static const struct symbol symbols[] = {
#define WORKS(symbol, name, version)	{ #symbol, #name, version, WORK },
#define REFUSED(symbol, name, version)	{ #symbol, #name, version, REFUSE },
#define DATA(symbol, size)		{ #symbol, #symbol, 0, VARIABLE },
#include "../../userlib/libcuda/api.def"
};

enum { COUNT = sizeof(symbols) / sizeof(symbols[0]) };

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* The symbol that a program gets which asks for this one's name and version. */
static bool found(CUresult (*get)(const char *, void **, int, cuuint64_t, int *), const struct symbol *s,
		  void *address)
{
	bool per_thread = ends_in(s->symbol, "_ptsz") || ends_in(s->symbol, "_ptds");
	void *p = NULL;
	int status;

	if (!s->version)
		return true;
	return !get(s->name, &p, s->version, per_thread ? CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM : 0, &status) &&
	       p == address;
}

int main(int argc, char **argv)
{
	void *lib = dlopen(argc > 1 ? argv[1] : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	CUresult (*get)(const char *, void **, int, cuuint64_t, int *);
	int missing = 0, wrong = 0, lost = 0, refused = 0;

	if (!lib) {
		printf("Bail out! %s\n", dlerror());
		return 1;
	}
	get = (typeof(get))dlsym(lib, "cuGetProcAddress_v2");
	for (int i = 0; i < COUNT; i++) {
		const struct symbol *s = &symbols[i];
		void *p = dlsym(lib, s->symbol);

		if (!p) {
			note("%s is not exported", s->symbol);
			missing++;
			continue;
		}
		if (s->state == REFUSE) {
			refused++;
			if (((CUresult (*)(void))p)() != CUDA_ERROR_NOT_SUPPORTED) {
				note("%s does not refuse", s->symbol);
				wrong++;
			}
		}
		if (!found(get, s, p)) {
			note("%s is not what %s@%d gives", s->symbol, s->name, s->version);
			lost++;
		}
	}
	ok(COUNT == 707 && !missing, "%d symbols, %d missing", COUNT, missing);
	ok(refused && !wrong, "%d refuse by name, %d do not", refused, wrong);
	ok(!lost, "each is found by its name and version");
	return tap_done();
}
