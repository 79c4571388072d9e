// SPDX-License-Identifier: GPL-2.0
/*
 * The handler set "avx512fp16": AVX-512 as server processors have it since 2023, with
 * half-precision arithmetic, VNNI, and gathers that are worth it.  Compiled with flags
 * of its own, see Makefile.inc.
 */
#include "exec.h"

#define ENG_HAVE_FP16	1
#define ENG_HAVE_VNNI	1
#define ENG_HAVE_GATHER	1

#include "vec_avx512.h"
#include "interp_sets.h"

const struct eng_isa eng_isa_avx512fp16 = {
	.name = "avx512fp16",
	.full = &full_table,
	.part = &part_table,
	.run = run,
	.usable = eng_cpu_avx512fp16,
	.pairs = ENG_HAVE_PAIRS,
	.chains = ENG_HAVE_CHAINS,
	.bytes = ENG_HAVE_BYTES,
};
