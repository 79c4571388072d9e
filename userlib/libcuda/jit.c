// SPDX-License-Identifier: MIT
/* JIT options: the logs a caller wants, the time it took; the rest are hints. */
#include <stdio.h>
#include <string.h>
#include "module.h"

CUresult cu_jit_parse(unsigned int count, const int *options, void **values, struct cu_jit *jit)
{
	memset(jit, 0, sizeof(*jit));
	if (count && (!options || !values))
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++) {
		switch (options[i]) {
		case CU_JIT_WALL_TIME:
			jit->wall_time = &values[i];
			break;
		case CU_JIT_INFO_LOG_BUFFER:
			jit->info = values[i];
			break;
		case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
			jit->info_size = (unsigned int)(uintptr_t)values[i];
			jit->info_used = &values[i];
			break;
		case CU_JIT_ERROR_LOG_BUFFER:
			jit->error = values[i];
			break;
		case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
			jit->error_size = (unsigned int)(uintptr_t)values[i];
			jit->error_used = &values[i];
			break;
		default:
			if (options[i] < 0 || options[i] >= CU_JIT_NUM_OPTIONS)
				return CUDA_ERROR_INVALID_VALUE;
		}
	}
	return CUDA_SUCCESS;
}

/* Fill one log and say how much of it was used. */
static void put_log(char *buffer, size_t size, void **used, const char *text)
{
	size_t n = 0;

	if (buffer && size) {
		snprintf(buffer, size, "%s", text);
		n = strlen(buffer);
	}
	if (used)
		*used = (void *)(uintptr_t)n;
}

void cu_jit_done(struct cu_jit *jit, const char *error, const char *info, uint64_t start_ns)
{
	float ms = (cu_trace_now() - start_ns) * 1e-6;

	put_log(jit->error, jit->error_size, jit->error_used, error);
	put_log(jit->info, jit->info_size, jit->info_used, info);
	if (jit->wall_time)
		memcpy(jit->wall_time, &ms, sizeof(ms));
}
