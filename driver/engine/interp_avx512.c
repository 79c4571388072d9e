// SPDX-License-Identifier: GPL-2.0
/*
 * The handler set "avx512".  Compiled with flags of its own, see Makefile.inc.
 */
#include "exec.h"
#include "vec_avx512.h"
#include "interp_sets.h"

const struct eng_isa eng_isa_avx512 = {
	.name = "avx512",
	.full = &full_table,
	.part = &part_table,
	.run = run,
	.usable = eng_cpu_avx512,
	.pairs = ENG_HAVE_PAIRS,
	.chains = ENG_HAVE_CHAINS,
	.bytes = ENG_HAVE_BYTES,
};
