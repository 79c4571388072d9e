/* SPDX-License-Identifier: MIT */
/*
 * Export tables: function tables by UUID, through which NVIDIA's runtimes call
 * into the driver beside its public interface.  What is known of them is known
 * from outside: which slots are called, with what, and what is expected.
 */
#ifndef VGPU_EXPORT_TABLE_H
#define VGPU_EXPORT_TABLE_H

#include "api.h"

/**
 * struct cu_table - an export table
 * @id: its UUID, bytes in memory order
 * @name: what we call it
 * @slots: what the caller gets
 */
struct cu_table {
	unsigned char id[16];
	const char *name;
	const void *const *slots;
};

extern const struct cu_table cu_table_runtime;
extern const struct cu_table cu_table_tools_tls;
extern const struct cu_table cu_table_tools_context;
extern const struct cu_table cu_table_tools_hooks;
extern const struct cu_table cu_table_local;
extern const struct cu_table cu_table_checks;
extern const struct cu_table cu_table_integrity;

/* First slot of most tables: their size in bytes. */
#define CU_TABLE_SIZE(slots) ((const void *)((slots) * sizeof(void *)))

/* A slot that nobody was seen to call: refused by table and number. */
#define CU_SLOT(table, number)                                             \
	static CUresult table##_##number(void)                             \
	{                                                                  \
		return cu_refuse("export table " #table " slot " #number); \
	}

#endif
