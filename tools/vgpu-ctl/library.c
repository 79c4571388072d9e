// SPDX-License-Identifier: MIT
/* Which file the dynamic linker takes for a library's name. */
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include "library.h"

/** library_path - where the library is that a program of this machine would load, real name and all */
bool library_path(const char *soname, char path[PATH_MAX])
{
	void *lib = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
	struct link_map *map;
	bool found;

	if (!lib)
		return false;
	found = !dlinfo(lib, RTLD_DI_LINKMAP, &map) && realpath(map->l_name, path);
	dlclose(lib);
	return found;
}
