// SPDX-License-Identifier: MIT
/* The code objects before the engine's verifier. */
#include "../../driver/engine/engine.h"
#include "judge.h"

bool judge(const void *image, size_t len, char *msg, size_t msg_size)
{
	struct engine_code *code = NULL;

	if (engine_code_load(image, len, &code, msg, msg_size))
		return false;
	engine_code_put(code);
	return true;
}
