// SPDX-License-Identifier: MIT
/*
 * json FILE /POINTER=TEXT...: the file is one JSON document, and what each
 * pointer leads to prints as the text.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct json_object *top, *o;
	int bad = 0;

	top = argc > 1 ? json_object_from_file(argv[1]) : NULL;
	if (!top) {
		printf("no JSON: %s\n", json_util_get_last_err());
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		const char *text = "(nothing)";

		if (!value)
			return 2;
		*value++ = 0;
		if (!json_pointer_get(top, argv[i], &o))
			text = json_object_get_string(o);
		if (strcmp(text, value)) {
			printf("%s is %s, not %s\n", argv[i], text, value);
			bad = 1;
		}
	}
	json_object_put(top);
	return bad;
}
