// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl add and remove: devices that come and go, through configfs (vgpu_configfs.ko).
 * The directories that add makes are called gpuN.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "options.h"
#include "output.h"

#define CONFIGFS  "/sys/kernel/config"
#define ROOT      CONFIGFS "/vgpu"
#define MAX_NAMES 64
#define MAX_GPUS  16 /* of the module */

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int read_number(const char *dir, const char *name)
{
	char path[300], text[32] = "";
	int fd, n = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		n = atoi(text);
	if (fd >= 0)
		close(fd);
	return n;
}

static void modprobe(const char *module)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/sbin/modprobe", "modprobe", "-q", module, NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Have configfs mounted and our folder in it. */
static int prepare(void)
{
	if (access("/sys/module/vgpu", F_OK))
		return no_device();
	if (geteuid())
		return fail(EXIT_FAILED, "adding and removing devices needs root: try sudo");
	if (access(ROOT, F_OK)) {
		modprobe("vgpu_configfs");
		if (access(ROOT, F_OK))
			mount("configfs", CONFIGFS, "configfs", 0, NULL);
	}
	if (!access(ROOT, F_OK))
		return 0;
	return fail(EXIT_FAILED, "%s is not there: is vgpu_configfs loaded? try `sudo modprobe vgpu_configfs`", ROOT);
}

static int set_up(const char *dir, const char *model, const struct options *o)
{
	char text[32];
	int r = model ? write_file(dir, "model", model) : 0;

	snprintf(text, sizeof(text), "%lu", o->memory);
	if (!r)
		r = write_file(dir, "memory_mib", text);
	snprintf(text, sizeof(text), "%ld", o->index);
	if (!r)
		r = write_file(dir, "index", text);
	return r ? r : write_file(dir, "enabled", "1");
}

static const char *why(int r)
{
	switch (-r) {
	case EEXIST:
		return "there is a GPU with that number";
	case ENOSPC:
		return "there are as many GPUs as there can be";
	case EBUSY:
		return "it is in use; --force pulls it out all the same";
	case ENODEV:
		return "there is no such GPU";
	case EINVAL:
		return "a device cannot have so much memory";
	}
	return strerror(-r);
}

static void say_added(const char *dir, bool json)
{
	int index = read_number(dir, "index");
	struct json_object *top;

	if (!json) {
		printf("added GPU %d\n", index);
		return;
	}
	top = json_object_new_object();
	add_number(top, "index", index);
	add_string(top, "configfs", dir);
	json_print(top);
}

/** cmd_add - the command */
int cmd_add(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_MEMORY | OPT_INDEX, 0, 1, "[MODEL]",
					 "Add a virtual GPU (with the module's own model if none is named).");
	const char *model = o.count ? o.words[0] : NULL;
	char dir[128];
	int r;

	if (o.index >= MAX_GPUS)
		return fail(EXIT_USAGE, "the number of a GPU is 0 to %d", MAX_GPUS - 1);
	if (model && !model_exists(model))
		return fail(EXIT_FAILED, "there is no model %s; `vgpu-ctl model list' shows all", model);
	r = prepare();
	if (r)
		return r;
	for (int i = 0; i < MAX_NAMES; i++) {
		snprintf(dir, sizeof(dir), ROOT "/gpu%d", i);
		r = mkdir(dir, 0755) ? -errno : 0;
		if (r != -EEXIST)
			break;
	}
	if (!r) {
		r = set_up(dir, model, &o);
		if (r)
			rmdir(dir);
	}
	if (r)
		return fail(EXIT_FAILED, "cannot add a GPU: %s", why(r));
	say_added(dir, o.json);
	return 0;
}

/* The directory of an enabled device, or false. */
static bool find_dir(unsigned int index, char dir[300])
{
	DIR *d = opendir(ROOT);
	struct dirent *e;
	bool found = false;

	while (!found && d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || e->d_type != DT_DIR)
			continue;
		snprintf(dir, 300, ROOT "/%s", e->d_name);
		found = read_number(dir, "enabled") == 1 && read_number(dir, "index") == (int)index;
	}
	if (d)
		closedir(d);
	return found;
}

static int unplug(unsigned int index, bool force)
{
	char dir[300], text[32];
	int r = 0;

	if (find_dir(index, dir)) {
		if (!force)
			r = write_file(dir, "enabled", "0");
		if (!r)
			r = rmdir(dir) ? -errno : 0;
		return r;
	}
	snprintf(text, sizeof(text), "%u%s", index, force ? " force" : "");
	return write_file(ROOT, "unplug", text);
}

/** cmd_remove - the command */
int cmd_remove(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_FORCE, 1, 1, "GPU",
					 "Remove a virtual GPU: its number, UUID or PCI address.");
	unsigned int index;
	int count, r = prepare();

	if (r)
		return r;
	r = gpus_get(gpus, &count, o.words[0], false);
	if (r)
		return r;
	index = gpu_index(&gpus[0]);
	gpus_close(gpus, count); /* or we would be who uses it */
	r = unplug(index, o.force);
	if (r)
		return fail(EXIT_FAILED, "cannot remove GPU %u: %s", index, why(r));
	if (o.json) {
		struct json_object *top = json_object_new_object();

		add_number(top, "index", index);
		json_print(top);
	} else {
		printf("removed GPU %u\n", index);
	}
	return 0;
}
