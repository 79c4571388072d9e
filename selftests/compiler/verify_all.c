// SPDX-License-Identifier: MIT
/*
 * verify_all FILE [SHAPE [ARCH [KERNEL]]]: compiles every kernel that FILE holds for
 * a shape class (0 general, 1 linear, 2 rows) and puts it before the engine's
 * verifier. Prints what failed, grouped by reason.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../driver/engine/engine.h"
#include "../../userlib/compiler/compiler.h"
#include "slurp.h"

#define MAX_REASONS	512

static struct reason { char text[160], kernel[160]; unsigned int n; } reasons[MAX_REASONS];
static unsigned int nreasons;

static void note(const char *text, const char *kernel)
{
	unsigned int k;

	for (k = 0; k < nreasons; k++)
		if (!strncmp(reasons[k].text, text, sizeof(reasons[k].text) - 1))
			break;
	if (k == nreasons) {
		if (nreasons == MAX_REASONS)
			return;
		nreasons++;
		snprintf(reasons[k].text, sizeof(reasons[k].text), "%s", text);
		snprintf(reasons[k].kernel, sizeof(reasons[k].kernel), "%s", kernel);
	}
	reasons[k].n++;
}

/* The message without line numbers, so that like ones fall together. */
static void note_compile(struct diag *d, const char *kernel)
{
	const char *t = strstr(d->first, "error");

	note(t ? t : d->first, kernel);
}

static void note_verify(const char *msg, const char *kernel)
{
	const char *t = msg;

	/* "insn 12 iadd: why" */
	if (!strncmp(msg, "insn ", 5))
		t = strchr(msg + 5, ' ') ? strchr(msg + 5, ' ') + 1 : msg;
	note(t, kernel);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static bool one(struct vgpucc_module *m, const char *name, int shape)
{
	struct vgpucc_options opt = { .shape = shape, .cc = 120 };
	struct engine_code *code;
	char log[2048], msg[200];
	struct diag d;
	void *image;
	size_t len;
	bool ok;

	diag_init(&d, log, sizeof(log));
	if (vgpucc_compile_kernel(m, name, &opt, &d, &image, &len)) {
		note_compile(&d, name);
		return false;
	}
	ok = !engine_code_load(image, len, &code, msg, sizeof(msg));
	if (ok)
		engine_code_put(code);
	else
		note_verify(msg, name);
	free(image);
	return ok;
}

struct all {
	int shape;
	const char *only;
	unsigned int arch, kernels, good;
	double *times;
	unsigned int cap;
};

static void run_module(struct vgpucc_module *m, struct all *a)
{
	struct vgpucc_info info;
	struct vgpucc_kernel k;
	unsigned int i;
	double t;

	vgpucc_module_info(m, &info);
	for (i = 0; i < info.nkernels; i++) {
		vgpucc_kernel_at(m, i, &k);
		if (a->only && strcmp(a->only, k.name))
			continue;
		if (a->kernels == a->cap) {
			a->cap = a->cap ? a->cap * 2 : 1024;
			a->times = realloc(a->times, a->cap * sizeof(double));
		}
		t = now();
		a->good += one(m, k.name, a->shape);
		a->times[a->kernels++] = now() - t;
	}
}

static int visit(const struct vgpucc_entry *e, void *ctx)
{
	const struct vgpucc_target target = { .cc = 120 };
	struct vgpucc_module *m;
	struct all *a = ctx;
	size_t len;
	char *text;

	if (!e->ptx || (a->arch && e->arch != a->arch))
		return 0;
	text = vgpucc_entry_text(e, &len, NULL);
	if (!text)
		return 0;
	if (vgpucc_module_open(text, len, &target, NULL, &m) == VGPUCC_OK) {
		run_module(m, a);
		vgpucc_module_close(m);
	}
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	struct all a = { .shape = argc > 2 ? atoi(argv[2]) : 0 };
	const struct vgpucc_target target = { .cc = 120 };
	struct vgpucc_module *m;
	struct diag d;
	char log[1024];
	unsigned int i;
	size_t len;
	void *image;

	if (argc < 2 || !(image = slurp(argv[1], &len)))
		return 2;
	if (argc > 3)
		a.arch = atoi(argv[3]);
	if (argc > 4)
		a.only = argv[4];
	diag_init(&d, log, sizeof(log));
	if (len > 4 && !memcmp(image, "\177ELF", 4)) {
		vgpucc_image_entries(image, len, visit, &a, &d);
	} else if (vgpucc_module_open(image, len, &target, &d, &m) == VGPUCC_OK) {
		run_module(m, &a);
		vgpucc_module_close(m);
	} else {
		printf("%s\n", log);
		return 1;
	}
	qsort(a.times, a.kernels, sizeof(double), by_value);
	printf("%u kernels, %u compiled and verified, median %.1f ms, max %.1f ms\n", a.kernels,
	       a.good, a.kernels ? a.times[a.kernels / 2] : 0,
	       a.kernels ? a.times[a.kernels - 1] : 0);
	for (i = 0; i < nreasons; i++)
		printf("%6u %s  (%s)\n", reasons[i].n, reasons[i].text, reasons[i].kernel);
	free(a.times);
	free(image);
	return a.good != a.kernels;
}
