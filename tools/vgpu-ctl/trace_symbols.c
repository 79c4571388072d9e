// SPDX-License-Identifier: MIT
/* The driver API functions that a library exports, and where in the file they begin. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>
#include "trace.h"

/* The file offset of an address, by the program headers; 0 when it is in none. */
static unsigned long offset_of(Elf *elf, GElf_Addr address)
{
	size_t n;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, i, &ph) && ph.p_type == PT_LOAD && address >= ph.p_vaddr &&
		    address - ph.p_vaddr < ph.p_filesz)
			return address - ph.p_vaddr + ph.p_offset;
	return 0;
}

static bool is_api(const char *name, const GElf_Sym *sym)
{
	return name && !strncmp(name, "cu", 2) && name[2] >= 'A' && name[2] <= 'Z' &&
	       GELF_ST_TYPE(sym->st_info) == STT_FUNC && sym->st_shndx != SHN_UNDEF;
}

static int each_of(Elf *elf, Elf_Scn *scn, void (*fn)(const char *, unsigned long, void *), void *data)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Shdr sh;
	GElf_Sym sym;
	int found = 0;

	if (!d || !gelf_getshdr(scn, &sh) || !sh.sh_entsize)
		return 0;
	for (size_t i = 0; i < sh.sh_size / sh.sh_entsize; i++) {
		const char *name = gelf_getsym(d, i, &sym) ? elf_strptr(elf, sh.sh_link, sym.st_name) : NULL;
		unsigned long offset = is_api(name, &sym) ? offset_of(elf, sym.st_value) : 0;

		if (!offset)
			continue;
		fn(name, offset, data);
		found++;
	}
	return found;
}

/**
 * symbols_each - the cu functions of a library
 * @path: its file
 * @fn: called for each
 * @data: for it
 *
 * Return: how many, or a negative errno.
 */
int symbols_each(const char *path, void (*fn)(const char *name, unsigned long offset, void *data), void *data)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), found = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	Elf *elf;

	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while (elf && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_DYNSYM)
			found += each_of(elf, scn, fn, data);
	elf_end(elf);
	close(fd);
	return found;
}
