// SPDX-License-Identifier: MIT
/* cuGetExportTable. */
#include <string.h>
#include "export_table.h"

static const struct cu_table *const tables[] = {
	&cu_table_runtime, &cu_table_tools_tls, &cu_table_tools_context, &cu_table_tools_hooks,
	&cu_table_local,   &cu_table_checks,    &cu_table_integrity,
};

/*
 * Asked for and not given: f8cff951 (a log of the runtime's own; it does
 * without) and those of NVIDIA's compilers and profilers.
 */
CUDA_API(cuGetExportTable, CU_ARGS(const void **table, const CUuuid *id), CU_ARGS(table, id))
{
	if (!table || !id)
		return CUDA_ERROR_INVALID_VALUE;
	*table = NULL;
	for (unsigned int i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (memcmp(tables[i]->id, id, sizeof(*id)))
			continue;
		*table = tables[i]->slots;
		cu_trace("export table %s", tables[i]->name);
		return CUDA_SUCCESS;
	}
	cu_trace("export table %02x%02x%02x%02x is not known", id->bytes[0], id->bytes[1], id->bytes[2], id->bytes[3]);
	return CUDA_ERROR_INVALID_VALUE;
}
