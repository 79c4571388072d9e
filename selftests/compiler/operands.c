// SPDX-License-Identifier: MIT
/*
 * What an instruction does must not depend on where its operands are: each form of
 * operands.py with constants, scalars and vectors of the same values.
 */
#include "on_engine.h"
#include "slurp.h"

enum { LANES = 32, SETS = 4, VARIANTS = 8, ROWS = SETS * VARIANTS };	/* as in operands.py */

static const struct shape warp = { .grid = 1, .block = { LANES, 1, 1 }, .cls = -1 };
static u64 out, zeros;

/* The values of a form are its parameters, too, behind two pointers. */
static bool run(u32 form)
{
	struct vgpucc_global g;
	char name[32];
	u64 args[64];

	if (vgpucc_global_at(module, form, &g) || g.init_len > sizeof(args) - 16)
		return false;
	args[0] = out;
	args[1] = zeros;
	memcpy(args + 2, g.init, g.init_len);
	memset(at(out), 0, ROWS * LANES * 8);
	snprintf(name, sizeof(name), "form_%u", form);
	return launch(name, &warp, args, 2 + g.init_len / 8) == ENGINE_DONE;
}

/* Every row of a set is as its first, which is of vectors. */
static bool same(u32 form)
{
	const u64 (*row)[LANES] = at(out);
	bool good = true;
	u32 i, lane;

	for (i = 0; i < ROWS; i++) {
		u32 first = i - i % VARIANTS;

		for (lane = 0; lane < LANES && row[i][lane] == row[first][lane]; lane++)
			;
		if (lane < LANES) {
			note("form_%u, set %u, variant %u, lane %u: %llx, of vectors %llx", form, i / VARIANTS,
			     i % VARIANTS, lane, (unsigned long long)row[i][lane],
			     (unsigned long long)row[first][lane]);
			good = false;
		}
	}
	return good;
}

static void run_set(const char *set)
{
	struct vgpucc_info info;
	u32 i, bad = 0;

	vgpucc_module_info(module, &info);
	for (i = 0; i < info.nglobals; i++)
		bad += !run(i) || !same(i);
	ok(!bad && info.nglobals, "%s: %u forms, %u differ", set, info.nglobals, bad);
}

int main(int argc, char **argv)
{
	size_t len;
	char *text = argc > 1 ? slurp(argv[1], &len) : NULL;

	mem = aligned_alloc(4096, BYTES);
	if (!text || !mem || !open_text(text, len))
		return 2;
	out = take(ROWS * LANES * 8);
	zeros = take(LANES * 8);
	with_all_sets(run_set);
	vgpucc_module_close(module);
	free(text);
	free(mem);
	return tap_done();
}
