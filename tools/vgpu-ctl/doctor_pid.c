// SPDX-License-Identifier: MIT
/* The process part of vgpu-ctl doctor: is it really on the GPU? */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "vgpu-ctl.h"

/* The libcuda that a process has mapped, as it names it: 0, 1 when it has none, or a negative errno. */
static int mapped_libcuda(const char *pid, char path[PATH_MAX])
{
	char file[64], line[PATH_MAX + 128], *name;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%s/maps", pid);
	f = fopen(file, "re");
	if (!f)
		return -errno;
	path[0] = 0;
	while (!path[0] && fgets(line, sizeof(line), f)) {
		name = strchr(line, '/');
		if (!name || !strstr(name, "/libcuda.so"))
			continue;
		name[strcspn(name, "\n")] = 0;
		snprintf(path, PATH_MAX, "%s", name);
	}
	fclose(f);
	return !path[0];
}

static void check_library(const char *pid)
{
	char path[PATH_MAX], real[PATH_MAX + 64];
	int r = mapped_libcuda(pid, path);

	if (r > 0) {
		doctor_say(false, "process", "is it a program that uses CUDA, and not one linked without it?",
			   "%s has not loaded any libcuda", pid);
		return;
	}
	if (r) {
		doctor_say(false, "process", r == -EACCES ? "run vgpu-ctl with sudo" : NULL,
			   "%s cannot be looked at: %s", pid, strerror(-r));
		return;
	}
	snprintf(real, sizeof(real), "/proc/%s/root%s", pid, path);
	doctor_say(library_is_ours(real), "process", library_is_ours(real) ? NULL : "see the lines about the library",
		   "%s has loaded %s%s", pid, library_is_ours(real) ? "our " : "another's ", path);
}

/* What a process was told about devices. */
static void check_environment(const char *pid)
{
	char file[64], text[65536], *p;
	FILE *f;
	size_t n;

	snprintf(file, sizeof(file), "/proc/%s/environ", pid);
	f = fopen(file, "re");
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	for (p = text; p < text + n; p += strlen(p) + 1) {
		if (!strncmp(p, "CUDA_VISIBLE_DEVICES=", 21))
			doctor_say(p[21] != 0 && strcmp(p + 21, "-1"), "process",
				   p[21] && strcmp(p + 21, "-1") ? NULL : "start it without that variable",
				   "it was started with %s", p);
		else if (!strncmp(p, "VGPU_", 5))
			doctor_say(true, "process", NULL, "it was started with %s", p);
	}
}

static const char *error_words(uint32_t kind)
{
	return kind ? "one of its contexts ended in an error; `vgpu-ctl events' says which" : "no error";
}

static bool check_use(const struct gpu *gpu, unsigned long pid)
{
	bool found = false;

	for (int i = 0; i < gpu->process_count; i++) {
		const struct vgpu_process *p = &gpu->processes[i];

		if (p->pid != pid)
			continue;
		found = true;
		doctor_say(
			!p->last_error, "process", p->last_error ? "vgpu-ctl events" : NULL,
			"%.16s has %u context%s on GPU %u, %llu MiB of its memory, %llu kernels completed, %llu ms of work: %s",
			p->comm, p->contexts, p->contexts == 1 ? "" : "s", gpu->dev.info.index,
			(unsigned long long)p->vram_used >> 20, (unsigned long long)p->launches,
			(unsigned long long)p->busy_ns / 1000000, error_words(p->last_error));
	}
	return found;
}

/**
 * doctor_process - look at a process
 * @pid: its number, as written
 */
void doctor_process(const char *pid)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	char *end, proc[32];
	unsigned long n = strtoul(pid, &end, 10);
	bool found = false;
	int count;

	if (!n || *end) {
		doctor_say(false, "process", NULL, "%s is not the number of a process", pid);
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/%lu", n);
	if (access(proc, F_OK)) {
		doctor_say(false, "process", "pgrep -a NAME finds it", "there is no process %s", pid);
		return;
	}
	check_library(pid);
	check_environment(pid);
	count = gpus_open(gpus, VGPU_MAX_DEVICES);
	for (int i = 0; i < count; i++) {
		if (!gpus[i].is_open)
			continue;
		gpus[i].process_count = vgpu_dev_processes(&gpus[i].dev, &gpus[i].processes);
		found |= check_use(&gpus[i], n);
	}
	gpus_close(gpus, count);
	if (!found)
		doctor_say(false, "process", NULL, "%s is not on any virtual GPU: it has no context", pid);
}
