// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl doctor: walks the chain from the module to the library that a program loads, and
 * says what is missing and what to type; with a PID, whether that process is on the GPU.
 */
#include <errno.h>
#include <stdarg.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "doctor.h"
#include "names.h"
#include "options.h"
#include "output.h"

static struct json_object *report; /* NULL: print as text */
static int bad;

/**
 * doctor_say - one finding
 * @good: nothing to do
 * @what: what was looked at, in a word
 * @fix: what to do about it, or NULL
 * @fmt: what was found
 */
void doctor_say(bool good, const char *what, const char *fix, const char *fmt, ...)
{
	char text[512], shown[NAMES_ROOM(sizeof(text))];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bad += !good;
	if (report) {
		struct json_object *o = json_object_new_object();

		add_string(o, "check", what);
		json_object_object_add(o, "ok", json_object_new_boolean(good));
		add_string(o, "text", text);
		if (fix)
			add_string(o, "fix", fix);
		json_object_array_add(report, o);
		return;
	}
	/* names, paths and environments of programs are in it */
	printf("%-4s %-10s %s\n", good ? "ok" : "BAD", what, names_show(text, sizeof(text), shown));
	if (fix)
		printf("%16s-> %s\n", "", fix);
}

static bool check_module(void)
{
	char version[32] = "";
	FILE *f = fopen("/sys/module/vgpu/version", "r");

	if (f && !fgets(version, sizeof(version), f))
		version[0] = 0;
	if (f)
		fclose(f);
	version[strcspn(version, "\n")] = 0;
	if (!access("/sys/module/vgpu", F_OK)) {
		doctor_say(true, "module", NULL, "vgpu %s is loaded", version);
		return true;
	}
	doctor_say(false, "module", "sudo modprobe vgpu   (or, from the source tree, make load)", "vgpu is not loaded");
	return false;
}

static void check_node(const struct gpu *gpu)
{
	char why[128], fix[160];

	if (gpu->is_open) {
		doctor_say(true, "nodes", NULL, "GPU %u: %s can be opened", gpu->dev.info.index, gpu->dev.info.name);
		if (gpu->status.state & VGPU_STATE_LOST)
			doctor_say(false, "state", "sudo vgpu-ctl reset", "GPU %u has fallen off the bus",
				   gpu->dev.info.index);
		else if (gpu->status.state & VGPU_STATE_HUNG)
			doctor_say(false, "state", "sudo vgpu-ctl clear", "GPU %u hangs, on request",
				   gpu->dev.info.index);
		else if (gpu->status.slow_percent > 100 || gpu->status.alloc_fail_every ||
			 gpu->status.launch_fail_every)
			doctor_say(false, "state", "sudo vgpu-ctl clear", "GPU %u has failures injected",
				   gpu->dev.info.index);
		return;
	}
	node_advice(gpu, why, fix);
	doctor_say(false, "nodes", fix, "GPU %u: %s", gpu_index(gpu), why);
}

/* Our libraries can do without: container tools, monitors and start scripts look for them by name. */
static void check_nvidia_nodes(const struct gpu *gpus, int count)
{
	static const char fix[] = "load the module with nvidia_nodes=on, unless a real driver is there";
	char path[32];

	if (access("/dev/nvidiactl", F_OK)) {
		doctor_say(false, "nodes", fix, "/dev/nvidiactl is not there: some programs look for it");
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/dev/nvidia%u", gpu_index(&gpus[i]));
		if (gpus[i].is_open && access(path, F_OK))
			doctor_say(false, "nodes", "who has removed it? loading the module anew makes it again",
				   "%s is not there: some programs look for it", path);
	}
}

/* What Ollama asks of a device: a driver of 550 and newer, of 570 for old cards. */
static void check_ollama(const struct gpu *gpu)
{
	static const int accepted[] = { 75, 80, 86, 87, 89, 90, 100, 103, 110, 120, 121 };
	const struct vgpu_device_info *i = &gpu->dev.info;
	int cc = i->cc_major * 10 + i->cc_minor, driver = atoi(i->driver_version);
	bool known = false;

	for (unsigned int k = 0; k < sizeof(accepted) / sizeof(*accepted); k++)
		known |= accepted[k] == cc;
	doctor_say(known && driver >= 570, "Ollama", known ? NULL : "load the module with cc=12.0",
		   "GPU %u: compute capability %u.%u and driver %s are %s its CUDA 13 backend accepts", i->index,
		   i->cc_major, i->cc_minor, i->driver_version, known && driver >= 570 ? "what" : "not what");
}

static int check_devices(void)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	int count = gpus_open(gpus, VGPU_MAX_DEVICES), open = 0;

	if (!count)
		doctor_say(false, "devices", "sudo vgpu-ctl add", "there is no device");
	for (int i = 0; i < count; i++) {
		if (gpus[i].is_open)
			vgpu_dev_status(&gpus[i].dev, &gpus[i].status);
		check_node(&gpus[i]);
		open += gpus[i].is_open;
	}
	if (count)
		check_nvidia_nodes(gpus, count);
	for (int i = 0; i < count; i++)
		if (gpus[i].is_open)
			check_ollama(&gpus[i]);
	gpus_close(gpus, count);
	return open;
}

/** cmd_doctor - the command */
int cmd_doctor(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, OPT_JSON, 0, 1, "[PID]",
					 "Say what keeps programs from using a virtual GPU, and what to do about it; "
					 "of a process, whether it is on the GPU.");

	if (o.json)
		report = json_object_new_array();
	if (check_module())
		check_devices();
	doctor_libraries();
	if (o.count)
		doctor_process(o.words[0]);
	if (report)
		json_print_as("checks", report);
	else
		printf(bad ? "%d thing%s to put right\n" : "all is well\n", bad, bad == 1 ? "" : "s");
	return bad ? EXIT_FAILED : 0;
}
