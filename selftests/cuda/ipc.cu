// SPDX-License-Identifier: MIT
// Memory and events between processes: a child, started anew, opens what this one made.
#include "check.h"
#include <string>
#include <sys/wait.h>
#include <unistd.h>

__global__ void add(unsigned *p, int n, unsigned what)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		p[i] += what;
}

/* Takes its time, so that whoever does not wait for it sees too little. */
__global__ void slowly(unsigned *p, int n, unsigned what)
{
	for (int k = 0; k < 200; k++)
		__nanosleep(1000000);
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		p[i] += what;
}

static const int N = 1 << 18;

static std::string hex(const void *p, size_t n)
{
	std::string s;
	char two[3];

	for (size_t i = 0; i < n; i++) {
		snprintf(two, sizeof(two), "%02x", ((const unsigned char *)p)[i]);
		s += two;
	}
	return s;
}

static void unhex(const char *s, void *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned v;

		sscanf(s + 2 * i, "%2x", &v);
		((unsigned char *)p)[i] = v;
	}
}

static bool all_are(const unsigned *d, unsigned want)
{
	for (unsigned v : from_device(d, N))
		if (v != want)
			return false;
	return true;
}

/* The child: 0 when it saw what it should, 5 when there is no such memory. */
static int child(char **arg)
{
	cudaIpcMemHandle_t mem;
	cudaIpcEventHandle_t evh[2];
	cudaEvent_t first, second;
	unsigned *p, *again;

	unhex(arg[0], &mem, sizeof(mem));
	unhex(arg[1], &evh[0], sizeof(evh[0]));
	unhex(arg[2], &evh[1], sizeof(evh[1]));
	CU(cudaIpcOpenEventHandle(&first, evh[0]));
	CU(cudaIpcOpenEventHandle(&second, evh[1]));
	if (cudaIpcOpenMemHandle((void **)&p, mem, cudaIpcMemLazyEnablePeerAccess) == cudaErrorInvalidValue)
		return 5;
	CU(cudaIpcOpenMemHandle((void **)&again, mem, cudaIpcMemLazyEnablePeerAccess));
	if (again != p)
		return 2;
	CU(cudaIpcCloseMemHandle(again));
	/* the parent's slow kernel comes before */
	CU(cudaStreamWaitEvent(0, first, 0));
	add<<<(N + 255) / 256, 256>>>(p, N, 100);
	CU(cudaEventRecord(second, 0));
	CU(cudaEventSynchronize(second));
	if (!all_are(p, 111))
		return 3;
	CU(cudaIpcCloseMemHandle(p));
	if (cudaIpcCloseMemHandle(p) != cudaErrorInvalidValue)
		return 4;
	return 0;
}

int main(int argc, char **argv)
{
	cudaIpcMemHandle_t mem;
	cudaIpcEventHandle_t evh[2];
	cudaEvent_t ev[2];
	cudaStream_t s;
	unsigned *p, *q;
	int status = -1;

	if (argc == 4)
		return child(argv + 1);
	CU(cudaStreamCreate(&s));
	p = to_device(std::vector<unsigned>(N, 1));
	for (int i = 0; i < 2; i++) {
		CU(cudaEventCreateWithFlags(&ev[i], cudaEventDisableTiming | cudaEventInterprocess));
		CU(cudaIpcGetEventHandle(&evh[i], ev[i]));
	}
	check_result(cudaEventQuery(ev[0]) == cudaSuccess, "an interprocess event that was not recorded");
	CU(cudaIpcGetMemHandle(&mem, p));
	check_result(cudaIpcOpenMemHandle((void **)&q, mem, cudaIpcMemLazyEnablePeerAccess) != cudaSuccess,
		     "one's own memory is not opened");
	cudaGetLastError();
	slowly<<<1, 256, 0, s>>>(p, N, 10);
	CU(cudaEventRecord(ev[0], s));
	check_result(cudaEventQuery(ev[0]) == cudaErrorNotReady, "recorded, not reached");
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		execl("/proc/self/exe", argv[0], hex(&mem, sizeof(mem)).c_str(), hex(&evh[0], sizeof(evh[0])).c_str(),
		      hex(&evh[1], sizeof(evh[1])).c_str(), NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("# child: %x\n", status);
	check_result(pid > 0 && status == 0, "a child opens memory and events, in order with the parent");
	check_result(cudaEventQuery(ev[1]) == cudaSuccess && !cudaEventSynchronize(ev[1]), "an event that the child recorded");
	check_result(all_are(p, 111), "what the child wrote");
	CU(cudaFree(p));

	/* the same memory does not come back under an old handle */
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", argv[0], hex(&mem, sizeof(mem)).c_str(), hex(&evh[0], sizeof(evh[0])).c_str(),
		      hex(&evh[1], sizeof(evh[1])).c_str(), NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	check_result(WIFEXITED(status) && WEXITSTATUS(status) == 5, "freed memory is not opened");
	for (auto e : ev)
		CU(cudaEventDestroy(e));
	return check_end();
}
