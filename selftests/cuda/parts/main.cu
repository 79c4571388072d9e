// SPDX-License-Identifier: MIT
/*
 * Relocatable device code: as the program itself, which is linked when it is loaded, and as PTX, which it links (PARTS is the
 * folder that has it).
 */
#include "../check.h"
#include "parts.h"
#include <cuda.h>
#include <fstream>
#include <sstream>
#include <string>

/* The driver API without linking it: the runtime knows where it is. */
template <class F> static F driver(const char *name)
{
	void *p = NULL;
	cudaDriverEntryPointQueryResult r;

	CU(cudaGetDriverEntryPointByVersion(name, &p, 12000, cudaEnableDefault, &r));
	return (F)p;
}

#define DRIVER(name)	driver<decltype(&name)>(#name)

/* What thread @i must find the @nth time that the kernel runs. */
static int wanted(int i, int nth)
{
	int mine = N - 1 - i + 5 + nth;

	return (int)((2 * mine + 1000) * 0.5) + i + (i % 4 + 1) * 10 * 3;
}

static void check_results(const int *d, int nth, const char *what)
{
	std::vector<int> v = from_device(d, RESULTS);
	int bad = 0;

	for (int i = 0; i < N; i++)
		bad += v[i] != wanted(i, nth);
	check_result(!bad, what);
	check_result(v[N] == 2 * (nth + 1), "what all texts have is one, what differs in its type is another");
	check_result(v[N + 1] == 4, "a table of functions leads from one to the other");
	check_result(v[N + 2] == 132, "a function is handed over, and is another one than its namesake there");
	check_result(v[N + 3] == 103 - 4000, "a variable of one has functions of both");
}

static void loaded(int *d)
{
	int numbers[4], more[4] = { 1, 1, 1, 1 };

	for (int nth = 0; nth < 2; nth++) {
		RUN(run<<<1, N, N>>>(d));
		check_results(d, nth, nth ? "a program of two objects, once more" : "a program of two objects");
	}
	CU(cudaMemcpyFromSymbol(numbers, table, sizeof(numbers)));
	check_result(numbers[0] == 10 && numbers[3] == 40, "a variable that another object defines");
	CU(cudaMemcpyToSymbol(table, more, sizeof(more)));
	RUN(run<<<1, N, N>>>(d));
	check_result(from_device(d, N)[3] == wanted(3, 2) - 40 * 3 + 3, "it is the one that the kernel reads");
}

static std::string ptx(const char *name)
{
	std::ifstream f(std::string(PARTS "/") + name);
	std::stringstream s;

	s << f.rdbuf();
	return s.str();
}

struct linker {
	CUlinkState state;
	char log[400] = "";
	CUjit_option options[2] = { CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES };
	void *values[2] = { log, (void *)sizeof(log) };

	linker() { DRIVER(cuLinkCreate)(2, options, values, &state); }
	~linker() { DRIVER(cuLinkDestroy)(state); }
	CUresult add(const std::string &text, const char *name)
	{
		return DRIVER(cuLinkAddData)(state, CU_JIT_INPUT_PTX, (void *)text.c_str(), text.size() + 1, name, 0, NULL, NULL);
	}
	CUresult complete(void **image)
	{
		size_t size;

		return DRIVER(cuLinkComplete)(state, image, &size);
	}
};

static void linked(int *d, bool turned)
{
	void *image, *arguments[] = { &d };
	CUfunction f;
	CUmodule m;
	linker l;

	check_result(!l.add(ptx(turned ? "two.ptx" : "one.ptx"), "one") && !l.add(ptx(turned ? "one.ptx" : "two.ptx"), "two") &&
		     !l.complete(&image), turned ? "the other way round" : "two texts are linked");
	check_result(!DRIVER(cuModuleLoadData)(&m, image) && !DRIVER(cuModuleGetFunction)(&f, m, "run"), "and loaded");
	check_result(!DRIVER(cuLaunchKernel)(f, 1, 1, 1, N, 1, 1, N, NULL, arguments, NULL) && !cudaDeviceSynchronize(), "and run");
	check_results(d, 0, "with the same results");
	DRIVER(cuModuleUnload)(m);
}

static void missing()
{
	void *image;
	linker l;

	check_result(!l.add(ptx("one.ptx"), "one") && l.complete(&image), "one text alone is not linked");
	check_result(strstr(l.log, "Undefined reference to '") && strstr(l.log, "' in 'one'"), "and the log has what is missing");
}

static void twice()
{
	linker l;

	check_result(!l.add(ptx("two.ptx"), "two") && l.add(ptx("two.ptx"), "again"), "the same text twice does not fit");
	check_result(strstr(l.log, "Multiple definition of '") && strstr(l.log, "' in 'again', first defined in 'two'"),
		     "and the log has what is there twice");
}

int main()
{
	int *d = device_array<int>(RESULTS);

	loaded(d);
	linked(d, false);
	linked(d, true);
	missing();
	twice();
	return check_end();
}
