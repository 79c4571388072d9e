// SPDX-License-Identifier: GPL-2.0
/*
 * The handler sets: which this CPU can run, which one is used.
 */
#include "exec.h"

static const struct eng_isa *const sets[] = {	/* best first */
	&eng_isa_avx512fp16, &eng_isa_avx512vnni, &eng_isa_avx512, &eng_isa_avx2, &eng_isa_portable,
};
static const struct eng_isa *chosen = &eng_isa_portable;

int engine_init(const char *isa)
{
	bool any = !isa || !*isa || !strcmp(isa, "auto");
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		if (!any && strcmp(isa, sets[i]->name))
			continue;
		if (sets[i]->usable()) {
			chosen = sets[i];
			return 0;
		}
		if (!any)
			return -ENODEV;
	}
	return -EINVAL;
}

void engine_exit(void)
{
	chosen = &eng_isa_portable;
}

const char *engine_isa(void)
{
	return chosen->name;
}

const struct eng_isa *eng_isa_now(void)
{
	return chosen;
}
