// SPDX-License-Identifier: GPL-2.0
/*
 * The handler set "portable".  Compiled with flags of its own, see Makefile.inc.
 */
#include "exec.h"
#include "vec_portable.h"
#include "interp_sets.h"

const struct eng_isa eng_isa_portable = {
	.name = "portable",
	.full = &full_table,
	.part = &part_table,
	.run = run,
	.usable = eng_cpu_sse2,
	.pairs = ENG_HAVE_PAIRS,
};
