// SPDX-License-Identifier: MIT
/*
 * Export tables 42d85a81 and a094798c: where profiling tools hook into the
 * runtime.  The runtime fetches two arrays of switches, one for each of its
 * functions and one for domains, and calls out where a switch is set.  No tool
 * can set one here.
 */
#include "export_table.h"

/* More than any runtime has functions (the newest seen: 522) and domains (13). */
static unsigned int functions[4096];
static unsigned int domains[64];

CU_SLOT(tools_tls, 1)
CU_SLOT(tools_tls, 2)
CU_SLOT(tools_tls, 3)

static const void *const tls_slots[] = { CU_TABLE_SIZE(4), tools_tls_1, tools_tls_2, tools_tls_3 };

const struct cu_table cu_table_tools_tls = {
	{ 0x42, 0xd8, 0x5a, 0x81, 0x23, 0xf6, 0xcb, 0x47, 0x82, 0x98, 0xf6, 0xe7, 0x8a, 0x3a, 0xec, 0xdc },
	"tools_tls", tls_slots,
};

static void tools_hooks_2(void **switches, size_t *count)
{
	*switches = functions;
	*count = sizeof(functions) / sizeof(functions[0]);
}

static void tools_hooks_6(void **switches, size_t *count)
{
	*switches = domains;
	*count = sizeof(domains) / sizeof(domains[0]);
}

CU_SLOT(tools_hooks, 1)
CU_SLOT(tools_hooks, 3)
CU_SLOT(tools_hooks, 4)
CU_SLOT(tools_hooks, 5)

static const void *const hook_slots[] = {
	CU_TABLE_SIZE(7), tools_hooks_1, tools_hooks_2, tools_hooks_3, tools_hooks_4, tools_hooks_5,
	tools_hooks_6,
};

const struct cu_table cu_table_tools_hooks = {
	{ 0xa0, 0x94, 0x79, 0x8c, 0x2e, 0x74, 0x2e, 0x74, 0x93, 0xf2, 0x08, 0x00, 0x20, 0x0c, 0x0a, 0x66 },
	"tools_hooks", hook_slots,
};
