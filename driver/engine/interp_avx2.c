// SPDX-License-Identifier: GPL-2.0
/*
 * The handler set "avx2".  Compiled with flags of its own, see Makefile.inc.
 */
#include "exec.h"
#include "vec_avx2.h"
#include "interp_sets.h"

const struct eng_isa eng_isa_avx2 = {
	.name = "avx2",
	.full = &full_table,
	.part = &part_table,
	.run = run,
	.usable = eng_cpu_avx2,
	.pairs = ENG_HAVE_PAIRS,
};
