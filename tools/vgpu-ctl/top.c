// SPDX-License-Identifier: MIT
/* vgpu-ctl top: the devices and their processes, live: on a terminal, or as JSON, a line each second. */
#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "names.h"
#include "options.h"
#include "output.h"

#define MIB(bytes) ((unsigned long long)(bytes) >> 20)
#define PERIOD_MS  1000
#define BAR        24

enum { GOOD = 1, BAD = 2 };

/* A process and its worker time at the last look. */
struct seen {
	unsigned int gpu;
	uint32_t pid;
	uint64_t busy_ns;
};

static struct seen seen[1024];
static int seen_count;

static uint64_t busy_before(unsigned int gpu, uint32_t pid, uint64_t now)
{
	for (int i = 0; i < seen_count; i++)
		if (seen[i].gpu == gpu && seen[i].pid == pid)
			return seen[i].busy_ns;
	return now;
}

static void bar(const char *label, uint64_t part, uint64_t whole)
{
	unsigned int full = whole ? part * BAR / whole : 0;

	if (full > BAR)
		full = BAR;
	printw("  %-4s[", label);
	attron(COLOR_PAIR(GOOD));
	for (unsigned int i = 0; i < BAR; i++)
		addch(i < full ? '|' : ' ');
	attroff(COLOR_PAIR(GOOD));
	printw("]");
}

/* The share of all workers' time since the last look, in tenths of a percent. */
static unsigned int worker_share(const struct gpu *gpu, const struct vgpu_process *p, uint64_t elapsed)
{
	uint64_t gained = p->busy_ns - busy_before(gpu->dev.info.index, p->pid, p->busy_ns);

	return elapsed ? gained * 1000 / elapsed / gpu->dev.info.workers : 0;
}

static void show_sensors(const struct gpu *gpu)
{
	struct vgpu_sensors s = { .size = sizeof(s) };

	if (ioctl(gpu->dev.fd, VGPU_IOCTL_SENSORS, &s))
		return;
	printw("  %d C  %u W  %u MHz", s.temperature_mdeg / 1000, s.power_mw / 1000, s.clock_khz / 1000);
}

static void show_gpu(const struct gpu *gpu)
{
	const struct vgpu_device_status *st = &gpu->status;
	const char *state = gpu_state(gpu);

	if (!gpu->is_open) {
		printw("GPU %u: its node cannot be opened\n", gpu_index(gpu));
		return;
	}
	attron(A_BOLD);
	printw("GPU %u: %s", gpu->dev.info.index, gpu->dev.info.name);
	attroff(A_BOLD);
	if (strcmp(state, "ok")) {
		attron(COLOR_PAIR(BAD) | A_BOLD);
		printw("  %s", state);
		attroff(COLOR_PAIR(BAD) | A_BOLD);
	}
	show_sensors(gpu);
	printw("\n");
	bar("util", gpu->util, 1000);
	printw(" %3u.%u %%", gpu->util / 10, gpu->util % 10);
	bar("mem", st->vram_used, st->vram_total);
	printw(" %llu of %llu MiB\n", MIB(st->vram_used), MIB(st->vram_total));
}

static void show_processes(const struct gpu *gpu, uint64_t elapsed)
{
	for (int i = 0; i < gpu->process_count && gpu->is_open; i++) {
		const struct vgpu_process *p = &gpu->processes[i];
		unsigned int share = worker_share(gpu, p, elapsed);
		char name[NAMES_ROOM(sizeof(p->comm))];

		printw("%3u %8u  %-16s %4u.%u %%  %8llu MiB  %12llu\n", gpu->dev.info.index, p->pid,
		       names_show(p->comm, sizeof(p->comm), name), share / 10, share % 10, MIB(p->vram_used),
		       (unsigned long long)p->launches);
	}
}

static void remember(const struct gpu *gpus, int count)
{
	seen_count = 0;
	for (int i = 0; i < count; i++)
		for (int k = 0; gpus[i].is_open && k < gpus[i].process_count && seen_count < 1024; k++)
			seen[seen_count++] = (struct seen){ gpus[i].dev.info.index, gpus[i].processes[k].pid,
							    gpus[i].processes[k].busy_ns };
}

static void screen(const struct gpu *gpus, int count, uint64_t elapsed)
{
	erase();
	for (int i = 0; i < count; i++)
		show_gpu(&gpus[i]);
	attron(A_REVERSE);
	printw("GPU      PID  NAME             WORKERS      MEMORY       KERNELS\n");
	attroff(A_REVERSE);
	for (int i = 0; i < count; i++)
		show_processes(&gpus[i], elapsed);
	mvprintw(LINES - 1, 0, "q quits");
	refresh();
}

static void free_lists(struct gpu *gpus, int count)
{
	for (int i = 0; i < count; i++) {
		free(gpus[i].processes);
		gpus[i].processes = NULL;
		gpus[i].process_count = 0;
	}
}

/* The time of this look, by a device that could be asked; 0 where none could. */
static uint64_t look_time(const struct gpu *gpus, int count)
{
	for (int i = 0; i < count; i++)
		if (gpus[i].is_open)
			return gpus[i].status.now_ns;
	return 0;
}

static struct json_object *json_device(const struct gpu *gpu, uint64_t elapsed)
{
	struct json_object *o = json_object_new_object(), *list = json_processes(gpu, false);
	struct vgpu_sensors s = { .size = sizeof(s) };

	add_number(o, "gpu", gpu->dev.info.index);
	add_string(o, "name", gpu->dev.info.name);
	add_string(o, "state", gpu_state(gpu));
	add_permille(o, "utilization_percent", gpu->util);
	add_number(o, "memory_total", gpu->status.vram_total);
	add_number(o, "memory_used", gpu->status.vram_used);
	if (!ioctl(gpu->dev.fd, VGPU_IOCTL_SENSORS, &s)) {
		add_number(o, "temperature_c", s.temperature_mdeg / 1000);
		add_number(o, "power_mw", s.power_mw);
		add_number(o, "clock_mhz", s.clock_khz / 1000);
	}
	for (size_t i = 0; elapsed && i < json_object_array_length(list); i++)
		add_permille(json_object_array_get_idx(list, i), "workers_percent",
			     worker_share(gpu, &gpu->processes[i], elapsed));
	json_object_object_add(o, "processes", list);
	return o;
}

/* Shares are of the time since the last line: the first has none. */
static void line(const struct gpu *gpus, int count, uint64_t elapsed)
{
	struct json_object *top = json_object_new_object(), *list = json_object_new_array();

	for (int i = 0; i < count; i++)
		if (gpus[i].is_open)
			json_object_array_add(list, json_device(&gpus[i], elapsed));
	json_object_object_add(top, "devices", list);
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(top);
}

static void start_screen(void)
{
	setlocale(LC_ALL, "");
	initscr();
	cbreak();
	noecho();
	curs_set(0);
	start_color();
	use_default_colors();
	init_pair(GOOD, COLOR_GREEN, -1);
	init_pair(BAD, COLOR_RED, -1);
	timeout(PERIOD_MS);
}

/* Waits for the next look; false: there is to be none. */
static bool again(bool json)
{
	if (!json)
		return getch() != 'q';
	usleep(PERIOD_MS * 1000);
	return !ferror(stdout);
}

/** cmd_top - the command */
int cmd_top(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	struct options o = options_parse(argc, argv, OPT_GPU | OPT_JSON, 0, 0, NULL,
					 "Watch the virtual GPUs and the processes that use them; q quits. "
					 "With --json, an object a line until interrupted.");
	uint64_t before = 0;
	int count, status;

	status = gpus_get(gpus, &count, o.gpu, true);
	if (!status && !o.json && !isatty(STDOUT_FILENO))
		status = fail(EXIT_FAILED, "top needs a terminal, or --json; `vgpu-ctl status' prints once");
	if (status)
		return status;
	if (!o.json)
		start_screen();
	do {
		uint64_t now;

		gpus_measure(gpus, count);
		now = look_time(gpus, count);
		(o.json ? line : screen)(gpus, count, before ? now - before : 0);
		before = now;
		remember(gpus, count);
		free_lists(gpus, count);
	} while (again(o.json));
	if (!o.json)
		endwin();
	gpus_close(gpus, count);
	return 0;
}
