// SPDX-License-Identifier: MIT
/*
 * Eight threads compile the kernels of one open module at once, under TSan:
 * the same code from each, and no data race.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "slurp.h"
#include "tap.h"

#define THREADS	8
#define MAX_KERNELS 64

static struct vgpucc_module *module;
static unsigned int nkernels;

struct result {
	void *code[MAX_KERNELS];
	size_t len[MAX_KERNELS];
	int status[MAX_KERNELS];
};

static void *compile_all(void *arg)
{
	struct result *r = arg;

	for (unsigned int i = 0; i < nkernels; i++) {
		struct vgpucc_options opt = { .cc = 120, .shape = VGPUCC_SHAPE_LINEAR };
		struct vgpucc_kernel k;
		struct diag d;

		vgpucc_kernel_at(module, i, &k);
		diag_init(&d, NULL, 0);
		r->status[i] = vgpucc_compile_kernel(module, k.name, &opt, &d, &r->code[i],
						     &r->len[i]);
	}
	return NULL;
}

static bool same(const struct result *a, const struct result *b)
{
	for (unsigned int i = 0; i < nkernels; i++)
		if (a->status[i] != b->status[i] ||
		    (!a->status[i] && (a->len[i] != b->len[i] ||
				       memcmp(a->code[i], b->code[i], a->len[i]))))
			return false;
	return true;
}

static int open_file(const char *path)
{
	struct vgpucc_target target = { .cc = 120 };
	struct vgpucc_info info;
	size_t len;
	char *text = slurp(path, &len);
	struct diag d;

	if (!text) {
		perror(path);
		return 1;
	}
	diag_init(&d, NULL, 0);
	if (vgpucc_module_open(text, 0, &target, &d, &module))
		return 1;
	vgpucc_module_info(module, &info);
	nkernels = info.nkernels < MAX_KERNELS ? info.nkernels : MAX_KERNELS;
	return 0;
}

int main(int argc, char **argv)
{
	static struct result results[THREADS];
	pthread_t thread[THREADS];
	unsigned int good = 0;

	if (argc != 2 || open_file(argv[1]))
		return 2;
	for (int t = 0; t < THREADS; t++)
		if (pthread_create(&thread[t], NULL, compile_all, &results[t]))
			return 2;
	for (int t = 0; t < THREADS; t++)
		pthread_join(thread[t], NULL);
	for (unsigned int i = 0; i < nkernels; i++)
		good += !results[0].status[i];
	ok(good > 0, "%u of %u kernels compile", good, nkernels);
	for (int t = 1; t < THREADS; t++)
		ok(same(&results[0], &results[t]), "thread %d makes the same code", t);
	for (int t = 0; t < THREADS; t++)
		for (unsigned int i = 0; i < nkernels; i++)
			free(results[t].code[i]);
	vgpucc_module_close(module);
	return tap_done();
}
