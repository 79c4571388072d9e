// SPDX-License-Identifier: MIT
/*
 * The library part of vgpu-ctl doctor: which libcuda.so.1 and libnvidia-ml.so.1 the dynamic linker
 * would take here, whether they are ours, and what else of the name is about.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "doctor.h"
#include "library.h"
#include "vgpu-ctl.h"

/* Where the package has the libraries, and where it says so to the linker. */
#define INSTALLED "/usr/lib/vgpu/"
#define CONF      "/etc/ld.so.conf.d/zz-vgpu.conf"

/** library_is_ours - whether a file is a library of this project */
bool library_is_ours(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool ours = false;
	void *p;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size > 0) {
		p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p != MAP_FAILED) {
			ours = memmem(p, st.st_size, VGPU_LIBRARY_MARK, strlen(VGPU_LIBRARY_MARK));
			munmap(p, st.st_size);
		}
	}
	close(fd);
	return ours;
}

/* Other files of the name that the linker's cache holds: they wait behind, or would be shadowed. */
static void mention_others(const char *soname, const char *taken)
{
	char line[PATH_MAX + 64], real[PATH_MAX], *path;
	FILE *f = popen("/sbin/ldconfig -p 2>/dev/null", "re");

	while (f && fgets(line, sizeof(line), f)) {
		path = strstr(line, "=> ");
		if (!path || !strstr(line, soname) || strstr(line, "libc6,x86-64") == NULL)
			continue;
		path += 3;
		path[strcspn(path, "\n")] = 0;
		if (!realpath(path, real) || !strcmp(real, taken))
			continue;
		if (!strncmp(taken, INSTALLED, strlen(INSTALLED)) && !library_is_ours(real))
			doctor_say(false, "library", "have " CONF " name our folder behind that one",
				   "%s is somebody else's, and is hidden by ours", real);
		else
			doctor_say(true, "library", NULL, "%s is there too and is not taken", real);
	}
	if (f)
		pclose(f);
}

static void check(const char *soname)
{
	const char *where = getenv("LD_LIBRARY_PATH");
	char path[PATH_MAX];

	if (!library_path(soname, path)) {
		doctor_say(false, "library", "install libvgpu, or sudo make load in the source tree",
			   "no program would find %s", soname);
		return;
	}
	if (library_is_ours(path))
		doctor_say(true, "library", NULL, "%s is ours: %s", soname, path);
	else if (where && *where)
		doctor_say(false, "library", "unset LD_LIBRARY_PATH, or put our library's folder first",
			   "%s is somebody else's: %s (LD_LIBRARY_PATH is %s)", soname, path, where);
	else
		doctor_say(false, "library",
			   "remove the other driver, or run programs with LD_LIBRARY_PATH=/usr/lib/vgpu",
			   "%s is somebody else's: %s", soname, path);
	mention_others(soname, path);
}

/** doctor_libraries - check both */
void doctor_libraries(void)
{
	check("libcuda.so.1");
	check("libnvidia-ml.so.1");
}
