#!/bin/bash
# SPDX-License-Identifier: MIT
# An entry's name: a kernel that was compiled for another version of the instruction set, or by another compiler,
# is not found.
cd "$(dirname "$0")" || exit 1
. ../lib/tap.sh
top=$(cd ../.. && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/main.c" <<'C'
#include <stdio.h>
#include "compiler.h"

void vgpucc_module_info(const struct vgpucc_module *m, struct vgpucc_info *info)
{
	*info = (struct vgpucc_info){ .ptx_len = m ? 1 : 2 };
}

int main(void)
{
	struct vgpucc_options opt = { .cc = 120 };
	unsigned char key[VGPUCC_KEY_SIZE];

	vgpucc_key(NULL, "kernel", &opt, key);
	for (int i = 0; i < VGPUCC_KEY_SIZE; i++)
		printf("%02x", key[i]);
	return 0;
}
C

# key SOURCES [SED]: that of one kernel, by a compiler of that hash, with this done to vgpu_isa.h
key()
{
	cp "$top"/uapi/vgpu_isa*.h "$tmp"
	sed -i "${2:-}" "$tmp/vgpu_isa.h"
	echo "#define VGPUCC_SOURCES \"$1\"" >"$tmp/sources.h"
	${CC:-cc} -std=gnu11 -I"$tmp" -I"$top/userlib/compiler" -o "$tmp/key" "$tmp/main.c" "$top/userlib/compiler/key.c" &&
		"$tmp/key"
}

plan 4
one=$(key a)
check "the same twice" test ${#one} = 32 -a "$(key a)" = "$one"
other=$(key a 's/^\(#define VGPU_ISA_MAJOR\t*\).*/\199/')
check "another major version" test ${#other} = 32 -a "$other" != "$one"
other=$(key a 's/^\tVGPU_ISA_MINOR = (0/& + 1/')
check "another minor version" test ${#other} = 32 -a "$other" != "$one"
other=$(key b)
check "another compiler" test ${#other} = 32 -a "$other" != "$one"
finish
