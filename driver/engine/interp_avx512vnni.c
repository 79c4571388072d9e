// SPDX-License-Identifier: GPL-2.0
/*
 * The handler set "avx512vnni": AVX-512 with VNNI and VBMI, as Intel's processors have it since
 * Ice Lake and AMD's since Zen 4.  Gathers are slow there, or leak.  Compiled with flags
 * of its own, see Makefile.inc.
 */
#include "exec.h"

#define ENG_HAVE_VNNI	1

#include "vec_avx512.h"
#include "interp_sets.h"

const struct eng_isa eng_isa_avx512vnni = {
	.name = "avx512vnni",
	.full = &full_table,
	.part = &part_table,
	.run = run,
	.usable = eng_cpu_avx512vnni,
	.pairs = ENG_HAVE_PAIRS,
	.chains = ENG_HAVE_CHAINS,
	.bytes = ENG_HAVE_BYTES,
};
