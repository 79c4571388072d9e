// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl cache warm: every kernel that a device would find in a library, compiled for every
 * class of block shapes and put into the cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../userlib/compiler/compiler.h"
#include "output.h"
#include "vgpu-ctl.h"
#include "warm.h"

enum { MAX_THREADS = 256, DEFAULT_CC = 120 };

/**
 * struct work - a library's modules, and what became of their kernels
 * @cache: where the code goes
 * @opt: what to compile
 * @cc: for this device
 * @best: by module, what the device would take
 * @rank: of that, 0: nothing
 * @count: modules
 * @next: first that no thread has taken
 * @compiled: kernels, for a shape each
 * @there: found in the cache
 * @failed: not compiled
 * @unstored: errno of a failure to store
 * @why: what the first failure was; read when all threads have ended
 */
struct work {
	struct vgpu_cache *cache;
	const struct warm_options *opt;
	unsigned int cc;
	struct vgpucc_entry *best;
	unsigned int *rank;
	unsigned int count;
	atomic_uint next, compiled, there, failed;
	atomic_int unstored;
	char why[512];
};

static int choose(const struct vgpucc_entry *e, void *ctx)
{
	struct work *w = ctx;
	unsigned int rank = vgpucc_entry_rank(e, w->cc);

	if (e->module >= w->count) {
		unsigned int n = 2 * e->module + 16;
		struct vgpucc_entry *best = reallocarray(w->best, n, sizeof(*best));
		unsigned int *ranks;

		if (!best)
			return VGPUCC_NO_MEMORY;
		w->best = best;
		ranks = reallocarray(w->rank, n, sizeof(*ranks));
		if (!ranks)
			return VGPUCC_NO_MEMORY;
		memset(ranks + w->count, 0, (n - w->count) * sizeof(*ranks));
		w->rank = ranks;
		w->count = n;
	}
	if (rank > w->rank[e->module]) {
		w->rank[e->module] = rank;
		w->best[e->module] = *e;
	}
	return 0;
}

/* Count a failure; what the first one was is told at the end. */
static void note_failure(struct work *w, const char *what, const struct diag *d)
{
	if (!w->failed++)
		snprintf(w->why, sizeof(w->why), "%s%s%s", what, *what ? ": " : "",
			 d->first[0] ? d->first : "out of memory");
}

static void do_kernel(struct work *w, const struct vgpucc_module *m, const char *name, enum vgpucc_shape_class shape)
{
	struct vgpucc_options opt = { .shape = shape, .cc = w->cc };
	uint8_t key[VGPUCC_KEY_SIZE];
	struct diag d;
	void *code = NULL;
	size_t size;
	int err;

	diag_init(&d, NULL, 0);
	vgpucc_key(m, name, &opt, key);
	if (vgpu_cache_get(w->cache, key, &code, &size)) {
		w->there++;
	} else if (vgpucc_compile_kernel(m, name, &opt, &d, &code, &size)) {
		note_failure(w, name, &d);
	} else {
		w->compiled++;
		err = vgpu_cache_put(w->cache, key, code, size);
		if (err)
			w->unstored = err;
	}
	free(code);
}

static void do_module(struct work *w, const struct vgpucc_entry *e)
{
	struct vgpucc_target target = { .cc = w->cc, .borrow = true };
	struct vgpucc_module *m;
	struct vgpucc_info info;
	struct vgpucc_kernel k;
	struct diag d;
	size_t len;
	char *text;

	diag_init(&d, NULL, 0);
	text = vgpucc_entry_text(e, &len, &d);
	if (!text || vgpucc_module_open(text, len, &target, &d, &m)) {
		note_failure(w, "", &d);
		free(text);
		return;
	}
	vgpucc_module_info(m, &info);
	for (unsigned int i = 0; i < info.nkernels; i++) {
		vgpucc_kernel_at(m, i, &k);
		if (w->opt->kernel && !strstr(k.name, w->opt->kernel))
			continue;
		for (int s = VGPUCC_SHAPE_GENERAL; s <= VGPUCC_SHAPE_ROWS; s++)
			do_kernel(w, m, k.name, s);
	}
	vgpucc_module_close(m);
	free(text);
}

static void *worker(void *arg)
{
	struct work *w = arg;
	unsigned int i;

	while ((i = w->next++) < w->count)
		if (w->rank[i])
			do_module(w, &w->best[i]);
	return NULL;
}

static void run_workers(struct work *w, int n)
{
	pthread_t threads[MAX_THREADS];
	int started = 0;

	while (started < n - 1 && !pthread_create(&threads[started], NULL, worker, w))
		started++;
	worker(w);
	while (started)
		pthread_join(threads[--started], NULL);
}

static int thread_count(const struct warm_options *opt)
{
	long n = opt->threads ? opt->threads : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n < MAX_THREADS ? n : MAX_THREADS;
}

static void told(const struct work *w, const char *file, double seconds)
{
	struct json_object *o;

	if (!w->opt->json) {
		printf("%s: %u compiled, %u were there, %u failed, %.1f s\n", file, w->compiled, w->there, w->failed,
		       seconds);
		return;
	}
	o = json_object_new_object();
	add_string(o, "file", file);
	add_number(o, "compiled", w->compiled);
	add_number(o, "there", w->there);
	add_number(o, "failed", w->failed);
	json_object_object_add(o, "seconds", json_object_new_double(seconds));
	json_print(o);
}

static int warm_image(struct work *w, const char *file, const void *image, size_t size)
{
	struct timespec a, b;
	struct diag d;
	int ret;

	diag_init(&d, NULL, 0);
	ret = vgpucc_image_entries(image, size, choose, w, &d);
	if (ret)
		return fail(EXIT_FAILED, "%s: %s", file, d.first[0] ? d.first : "out of memory");
	clock_gettime(CLOCK_MONOTONIC, &a);
	run_workers(w, thread_count(w->opt));
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (w->unstored)
		fail(EXIT_FAILED, "%s: %s", vgpu_cache_folder(w->cache), strerror(-w->unstored));
	if (w->failed)
		fail(EXIT_FAILED, "%s: %s", file, w->why);
	else if (!w->compiled && !w->there)
		fail(EXIT_FAILED, "%s: there is no%s kernel in it that this compute capability would take", file,
		     w->opt->kernel ? " such" : "");
	told(w, file, b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9);
	return w->failed || w->unstored || !(w->compiled + w->there) ? EXIT_FAILED : EXIT_DONE;
}

int cache_warm(struct vgpu_cache *c, const char *file, const struct warm_options *opt)
{
	struct work w = { .cache = c, .opt = opt, .cc = opt->cc ? opt->cc : DEFAULT_CC };
	int fd = open(file, O_RDONLY | O_CLOEXEC), status = EXIT_FAILED;
	void *image = MAP_FAILED;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail(EXIT_FAILED, "%s: %s", file, strerror(errno));
	else if (!S_ISREG(st.st_mode) || !st.st_size)
		fail(EXIT_FAILED, "%s %s", file, S_ISREG(st.st_mode) ? "is empty" : "is no file");
	else if ((image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		fail(EXIT_FAILED, "%s: %s", file, strerror(errno));
	if (image != MAP_FAILED) {
		status = warm_image(&w, file, image, st.st_size);
		munmap(image, st.st_size);
	}
	if (fd >= 0)
		close(fd);
	free(w.best);
	free(w.rank);
	return status;
}
