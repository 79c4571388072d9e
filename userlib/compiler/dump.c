// SPDX-License-Identifier: MIT
/* The dump of a code object, through the disassembler. */
#include "../visa/visa.h"
#include "back.h"

void dump_object(const void *code, size_t len, FILE *out)
{
	if (visa_disassemble(code, len, out))
		fputs("no code object\n", out);
}
