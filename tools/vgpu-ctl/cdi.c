// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl cdi: a Container Device Interface specification (version 0.6.0 of
 * cncf-tags/container-device-interface), so that `docker run --device nvidia.com/gpu=0', podman
 * and Kubernetes give containers what they need: nodes and our libraries.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "library.h"
#include "options.h"
#include "output.h"

#define LIBDIR_THERE "/usr/lib/x86_64-linux-gnu"

static void add_item(struct json_object *list, const char *key, const char *value)
{
	struct json_object *o = json_object_new_object();

	add_string(o, key, value);
	json_object_array_add(list, o);
}

static void add_node(struct json_object *list, const char *path)
{
	if (!access(path, F_OK))
		add_item(list, "path", path);
}

static bool add_mount(struct json_object *list, const char *soname)
{
	static const char *const options[] = { "ro", "nosuid", "nodev", "bind" };
	struct json_object *o, *opt;
	char host[PATH_MAX], there[128];

	if (!library_path(soname, host)) {
		fail(EXIT_FAILED, "%s is not where programs find it: install libvgpu", soname);
		return false;
	}
	snprintf(there, sizeof(there), LIBDIR_THERE "/%s", soname);
	o = json_object_new_object();
	opt = json_object_new_array();
	add_string(o, "hostPath", host);
	add_string(o, "containerPath", there);
	for (int i = 0; i < 4; i++)
		json_object_array_add(opt, json_object_new_string(options[i]));
	json_object_object_add(o, "options", opt);
	json_object_array_add(list, o);
	return true;
}

static struct json_object *device(const char *name, const struct gpu *gpus, int count)
{
	struct json_object *o = json_object_new_object(), *edits = json_object_new_object();
	struct json_object *nodes = json_object_new_array();
	char path[64];

	for (int i = 0; i < count; i++) {
		if (!gpus[i].is_open)
			continue;
		snprintf(path, sizeof(path), "/dev/nvidia%u", gpus[i].dev.info.index);
		add_node(nodes, path);
		snprintf(path, sizeof(path), "/dev/vgpu%u", gpus[i].dev.info.index);
		add_node(nodes, path);
		if (!vgpu_dev_render_node(&gpus[i].dev, path, sizeof(path)))
			add_node(nodes, path);
	}
	add_string(o, "name", name);
	json_object_object_add(edits, "deviceNodes", nodes);
	json_object_object_add(o, "containerEdits", edits);
	return o;
}

static struct json_object *common_edits(bool *complete)
{
	struct json_object *o = json_object_new_object(), *nodes = json_object_new_array();
	struct json_object *mounts = json_object_new_array(), *env = json_object_new_array();

	add_node(nodes, "/dev/nvidiactl");
	add_node(nodes, "/dev/nvidia-uvm");
	add_node(nodes, "/dev/nvidia-uvm-tools");
	*complete = add_mount(mounts, "libcuda.so.1") && add_mount(mounts, "libnvidia-ml.so.1");
	/* As NVIDIA's own specifications say it: the older hook has nothing to add. */
	json_object_array_add(env, json_object_new_string("NVIDIA_VISIBLE_DEVICES=void"));
	json_object_object_add(o, "env", env);
	json_object_object_add(o, "deviceNodes", nodes);
	json_object_object_add(o, "mounts", mounts);
	return o;
}

static int put(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t done = write(fd, text, n);

		if (done < 0)
			return -errno;
		text += done;
		n -= done;
	}
	return 0;
}

/* A file is there as a whole or not at all: whoever reads the folder never sees half of one. */
static int replace(const char *path, const char *text)
{
	char temp[PATH_MAX + 8];
	int fd, r;

	snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = put(fd, text);
	if (!r && (fchmod(fd, 0644) || fsync(fd)))
		r = -errno;
	close(fd);
	if (!r && rename(temp, path))
		r = -errno;
	if (r)
		unlink(temp);
	return r;
}

/* What is no file, such as /dev/stdout, is written to as it is. */
static int write_to(const char *path, const char *text)
{
	char real[PATH_MAX];
	struct stat st;
	int fd, r;

	if (stat(path, &st))
		return replace(path, text);
	if (S_ISREG(st.st_mode))
		return realpath(path, real) ? replace(real, text) : -errno;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = put(fd, text);
	close(fd);
	return r;
}

static int write_out(struct json_object *top, const char *path)
{
	int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, r;
	const char *text = json_object_to_json_string_ext(top, flags);

	if (!path) {
		puts(text);
		return EXIT_DONE;
	}
	r = write_to(path, text);
	return r ? fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(-r)) : EXIT_DONE;
}

/** cmd_cdi - the command */
int cmd_cdi(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	struct options o = options_parse(argc, argv, OPT_OUTPUT | OPT_JSON, 0, 0, NULL,
					 "Write a CDI specification for containers, to /etc/cdi/vgpu.json for one.");
	int count, status = gpus_get(gpus, &count, NULL, true);
	struct json_object *top, *list, *edits;
	bool complete;
	char name[48];

	if (status)
		return status;
	top = json_object_new_object();
	list = json_object_new_array();
	add_string(top, "cdiVersion", "0.6.0");
	add_string(top, "kind", "nvidia.com/gpu");
	for (int i = 0; i < count; i++) {
		if (!gpus[i].is_open)
			continue;
		snprintf(name, sizeof(name), "%u", gpus[i].dev.info.index);
		json_object_array_add(list, device(name, &gpus[i], 1));
		uuid_print(gpus[i].dev.info.uuid, name);
		json_object_array_add(list, device(name, &gpus[i], 1));
	}
	json_object_array_add(list, device("all", gpus, count));
	json_object_object_add(top, "devices", list);
	edits = common_edits(&complete);
	json_object_object_add(top, "containerEdits", edits);
	status = complete ? write_out(top, o.output) : EXIT_FAILED;
	json_object_put(top);
	gpus_close(gpus, count);
	return status;
}
