// SPDX-License-Identifier: MIT
// Several devices: peer access, copies and order between them, managed memory, exported memory.
#include "check.h"
#include "hold.h"
#include <atomic>
#include <cuda.h>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

__global__ void sum(const int *a, const int *b, int *c, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		c[i] = a[i] + b[i];
}

static const int N = 5000;

/* The driver API without linking it: the runtime knows where it is. */
template <class F> static F driver(const char *name)
{
	void *p = NULL;
	cudaDriverEntryPointQueryResult r;

	CU(cudaGetDriverEntryPointByVersion(name, &p, 12000, cudaEnableDefault, &r));
	return (F)p;
}

#define DRIVER(name)	driver<decltype(&name)>(#name)
#define CUD(call)							\
	do {								\
		CUresult e_ = (call);					\
		if (e_) {						\
			printf("Bail out! %s: %d\n", #call, (int)e_);	\
			exit(1);					\
		}							\
	} while (0)

static bool are(const std::vector<int> &v, int want)
{
	for (int x : v)
		if (x != want)
			return false;
	return true;
}

static void CUDART_CB hold(void *gate)
{
	while (!((std::atomic<int> *)gate)->load())
		;
}

static void copies()
{
	std::vector<int> in(N, 7), out(N);
	int *a, *b;

	CU(cudaSetDevice(0));
	a = to_device(in);
	CU(cudaSetDevice(1));
	CU(cudaMalloc(&b, N * sizeof(int)));
	CU(cudaMemcpyPeer(b, 1, a, 0, N * sizeof(int)));
	check_result(are(from_device(b, N), 7), "a copy from device to device");
	CU(cudaMemset(b, 0, N * sizeof(int)));
	CU(cudaDeviceSynchronize());

	/* asynchronous: returns while the stream is held */
	static std::atomic<int> gate(0);
	cudaStream_t s;
	CU(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
	CU(cudaLaunchHostFunc(s, hold, &gate));
	CU(cudaMemcpyPeerAsync(b, 1, a, 0, N * sizeof(int), s));
	check_result(cudaStreamQuery(s) == cudaErrorNotReady, "an asynchronous one does not wait");
	gate = 1;
	CU(cudaStreamSynchronize(s));
	check_result(are(from_device(b, N), 7), "and comes in its turn");

	/* an event of one device, awaited by a stream of the other */
	static std::atomic<int> other(0);
	cudaStream_t t;
	cudaEvent_t ev;
	CU(cudaSetDevice(0));
	CU(cudaStreamCreateWithFlags(&t, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	CU(cudaLaunchHostFunc(t, hold, &other));
	CU(cudaMemsetAsync(a, 1, N * sizeof(int), t));
	CU(cudaEventRecord(ev, t));
	CU(cudaSetDevice(1));
	CU(cudaStreamWaitEvent(s, ev, 0));
	CU(cudaMemcpyPeerAsync(b, 1, a, 0, N * sizeof(int), s));
	check_result(cudaStreamQuery(s) == cudaErrorNotReady, "waiting for another device's event does not wait");
	other = 1;
	CU(cudaStreamSynchronize(s));
	check_result(are(from_device(b, N), 0x01010101), "but keeps the order");
	CU(cudaStreamDestroy(s));
	CU(cudaFree(b));
	CU(cudaSetDevice(0));
	CU(cudaStreamDestroy(t));
	CU(cudaEventDestroy(ev));
	CU(cudaFree(a));
}

/* Writes once the gate is open, or after five seconds. */
__global__ void late(volatile int *gate, int *to, int value, int n)
{
	wait_at(gate);
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		to[i] = value;
}

/* The calls that copy @a, of device 0, to or from @b, of device 1, in the default stream */
static void peer_async(int *to, int to_device, int *from)
{
	CU(cudaMemcpyPeerAsync(to, to_device, from, !to_device, N * sizeof(int), 0));
}

static void peer_sync(int *to, int to_device, int *from)
{
	CU(cudaMemcpyPeer(to, to_device, from, !to_device, N * sizeof(int)));
}

static void plain_sync(int *to, int to_device, int *from)
{
	(void)to_device;
	CU(cudaMemcpy(to, from, N * sizeof(int), cudaMemcpyDefault));
}

static const struct call {
	const char *name;
	void (*copy)(int *to, int to_device, int *from);
} calls[] = {
	{ "cudaMemcpyPeerAsync", peer_async },
	{ "cudaMemcpyPeer", peer_sync },
	{ "cudaMemcpy", plain_sync },
};

static void synchronize_both()
{
	CU(cudaSetDevice(1));
	CU(cudaDeviceSynchronize());
	CU(cudaSetDevice(0));
	CU(cudaDeviceSynchronize());
}

/* A kernel of device 1 that waits for the gate and then writes @value to @b */
static void start_late(volatile int *gate, cudaStream_t stream, int *b, int value)
{
	*gate = 0;
	CU(cudaSetDevice(1));
	late<<<1, 64, 0, stream>>>(gate, b, value, N);
	CU(cudaGetLastError());
}

/* Behind a stream of device 1: whether the copy waits there, and not the host; both ways, whichever device is current */
static bool comes_behind(const struct call *call, volatile int *gate, cudaStream_t stream, int *a, int *b)
{
	bool good = true;

	for (int current = 0; current < 2; current++) {
		start_late(gate, stream, b, 7 + current);
		CU(cudaSetDevice(current));
		call->copy(a, 0, b);
		good &= cudaStreamQuery(0) == cudaErrorNotReady;
		*gate = 1;
		synchronize_both();
		good &= are(from_device(a, N), 7 + current);

		start_late(gate, stream, b, 9);
		CU(cudaSetDevice(current));
		call->copy(b, 1, a);
		good &= cudaStreamQuery(0) == cudaErrorNotReady;
		*gate = 1;
		synchronize_both();
		good &= are(from_device(b, N), 7 + current);
	}
	return good;
}

/* It passes a stream that does not block. */
static bool passes_by(const struct call *call, volatile int *gate, cudaStream_t stream, int *a, int *b)
{
	CU(cudaMemset(a, 0, N * sizeof(int)));
	CU(cudaSetDevice(1));
	CU(cudaMemset(b, 1, N * sizeof(int)));
	synchronize_both();
	start_late(gate, stream, b, 7);
	CU(cudaSetDevice(0));
	call->copy(a, 0, b);
	CU(cudaStreamSynchronize(0));
	bool early = !*gate;
	bool good = are(from_device(a, N), 0x01010101);
	*gate = 1;
	synchronize_both();
	return early && good;
}

/* What device 1 is given after a copy that is held in device 0 waits for it. */
static bool comes_before(const struct call *call, volatile int *gate, cudaStream_t stream, int *a, int *b)
{
	CU(cudaSetDevice(1));
	CU(cudaMemset(b, 2, N * sizeof(int)));
	synchronize_both();
	*gate = 0;
	late<<<1, 64>>>(gate, a, 3, N);
	CU(cudaGetLastError());
	call->copy(a, 0, b);
	CU(cudaSetDevice(1));
	CU(cudaMemsetAsync(b, 4, N * sizeof(int), stream));
	bool waits = cudaStreamQuery(stream) == cudaErrorNotReady;
	*gate = 1;
	synchronize_both();
	return waits && are(from_device(a, N), 0x02020202) && are(from_device(b, N), 0x04040404);
}

static void one_call(const struct call *call, volatile int *gate, int *a, int *b, const cudaStream_t *streams)
{
	bool behind = true, before = true;

	for (int i = 0; i < 2; i++) {
		behind &= comes_behind(call, gate, streams[i], a, b);
		before &= comes_before(call, gate, streams[i], a, b);
	}
	printf("# %s\n", call->name);
	check_result(behind, "a copy waits for both devices' blocking streams, and the host for nothing");
	check_result(before, "what they are given afterwards waits for the copy");
	check_result(passes_by(call, gate, streams[2], a, b), "it does not wait for one that does not block");
}

/* The other side is host memory; device 0 is current, the memory device 1's. */
static void host_side(volatile int *gate, int *b, const cudaStream_t *streams)
{
	bool to = true, from = true, early = true;
	std::vector<int> v(N);
	int *pinned;

	CU(cudaSetDevice(0));
	CU(cudaHostAlloc((void **)&pinned, N * sizeof(int), cudaHostAllocPortable));
	for (int i = 0; i < 3; i++) {
		start_late(gate, streams[i], b, 7);
		CU(cudaSetDevice(0));
		CU(cudaMemcpyAsync(pinned, b, N * sizeof(int), cudaMemcpyDeviceToHost, 0));
		if (i < 2) {
			from &= cudaStreamQuery(0) == cudaErrorNotReady;
		} else {
			CU(cudaMemcpy(v.data(), b, N * sizeof(int), cudaMemcpyDeviceToHost));
			early &= !*gate && are(v, 5);
		}
		*gate = 1;
		synchronize_both();
		from &= pinned[0] == (i < 2 ? 7 : 5) && pinned[N - 1] == pinned[0];

		start_late(gate, streams[i], b, 7);
		CU(cudaSetDevice(0));
		for (int k = 0; k < N; k++)
			pinned[k] = 5;
		CU(cudaMemcpyAsync(b, pinned, N * sizeof(int), cudaMemcpyHostToDevice, 0));
		if (i == 2)
			CU(cudaStreamSynchronize(0));
		early &= i < 2 || !*gate;
		*gate = 1;
		synchronize_both();
		to &= are(from_device(b, N), i < 2 ? 5 : 7);
		CU(cudaMemcpy(b, pinned, N * sizeof(int), cudaMemcpyHostToDevice));
	}
	CU(cudaFreeHost(pinned));
	check_result(from, "a copy to the host waits for the memory's device");
	check_result(to, "and one from the host");
	check_result(early, "not for a stream that does not block");
}

/* Copies between devices in the default stream, as an H200 orders them. */
static void order()
{
	cudaStream_t streams[3] = {};
	volatile int *gate;
	int *a, *b;

	CU(cudaHostAlloc((void **)&gate, sizeof(*gate), cudaHostAllocPortable | cudaHostAllocMapped));
	CU(cudaSetDevice(1));
	b = device_array<int>(N);
	CU(cudaStreamCreate(&streams[1]));
	CU(cudaStreamCreateWithFlags(&streams[2], cudaStreamNonBlocking));
	// A kernel's first launch may wait for all that runs: not when one is held.
	start_late(gate, 0, b, 0);
	*gate = 1;
	CU(cudaSetDevice(0));
	a = device_array<int>(N);
	late<<<1, 64>>>(gate, a, 0, N);
	synchronize_both();
	for (const struct call &call : calls)
		one_call(&call, gate, a, b, streams);
	host_side(gate, b, streams);
	CU(cudaFree(a));
	CU(cudaFreeHost((void *)gate));
	CU(cudaSetDevice(1));
	CU(cudaStreamDestroy(streams[1]));
	CU(cudaStreamDestroy(streams[2]));
	CU(cudaFree(b));
}

static void access()
{
	std::vector<int> in(N, 20);
	int can = 0, same = 1, *a, *later, *b, *c;

	CU(cudaDeviceCanAccessPeer(&can, 1, 0));
	CU(cudaDeviceCanAccessPeer(&same, 1, 1));
	check_result(can == 1 && same == 0, "devices can reach each other");
	CU(cudaSetDevice(0));
	a = to_device(in);
	CU(cudaSetDevice(1));
	b = to_device(std::vector<int>(N, 3));
	c = device_array<int>(N);
	CU(cudaDeviceEnablePeerAccess(0, 0));
	check_result(cudaDeviceEnablePeerAccess(0, 0) == cudaErrorPeerAccessAlreadyEnabled, "enabled once");
	cudaGetLastError();
	RUN(sum<<<(N + 127) / 128, 128>>>(a, b, c, N));
	check_result(are(from_device(c, N), 23), "a kernel reads the other device's memory");
	CU(cudaSetDevice(0));
	later = device_array<int>(N);
	CU(cudaDeviceSynchronize());
	CU(cudaSetDevice(1));
	RUN(sum<<<(N + 127) / 128, 128>>>(a, b, later, N));
	CU(cudaSetDevice(0));
	check_result(are(from_device(later, N), 23), "and writes what was allocated afterwards");
	CU(cudaFree(later));
	CU(cudaFree(a));
	CU(cudaSetDevice(1));
	CU(cudaDeviceDisablePeerAccess(0));
	check_result(cudaDeviceDisablePeerAccess(0) == cudaErrorPeerAccessNotEnabled, "disabled once");
	cudaGetLastError();
	CU(cudaFree(b));
	CU(cudaFree(c));
}

static void managed()
{
	int *m, *c;
	bool good = true;

	CU(cudaSetDevice(0));
	CU(cudaMallocManaged(&m, N * sizeof(int)));
	for (int i = 0; i < N; i++)
		m[i] = i;
	for (int d = 0; d < 2; d++) {
		CU(cudaSetDevice(d));
		c = device_array<int>(N);
		RUN(sum<<<(N + 127) / 128, 128>>>(m, m, c, N));
		std::vector<int> v = from_device(c, N);
		for (int i = 0; i < N; i++)
			good &= v[i] == 2 * i;
		RUN(sum<<<(N + 127) / 128, 128>>>(c, c, c, N));
		CU(cudaFree(c));
	}
	check_result(good, "managed memory on both devices");
	CU(cudaFree(m));
}

static CUmemGenericAllocationHandle import(int fd)
{
	CUmemGenericAllocationHandle h;

	CUD(DRIVER(cuMemImportFromShareableHandle)(&h, (void *)(intptr_t)fd, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	return h;
}

static CUdeviceptr map(CUmemGenericAllocationHandle h, size_t size, int devices)
{
	CUdeviceptr p;

	CUD(DRIVER(cuMemAddressReserve)(&p, size, 0, 0, 0));
	CUD(DRIVER(cuMemMap)(p, size, 0, h, 0));
	for (int d = 0; d < devices; d++) {
		CUmemAccessDesc access = {};

		access.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
		access.location.id = d;
		access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
		CUD(DRIVER(cuMemSetAccess)(p, size, &access, 1));
	}
	return p;
}

static const size_t SIZE = 4 << 20;

/* The child: adds one to what the descriptor's memory holds. */
static int child(int fd)
{
	CU(cudaFree(0));
	int *p = (int *)map(import(fd), SIZE, 1);
	std::vector<int> one(N, 1);
	int *d = to_device(one);

	close(fd);
	if (!are(from_device(p, N), 41))
		return 2;
	RUN(sum<<<(N + 127) / 128, 128>>>(p, d, p, N));
	return 0;
}

static void exported(char *self)
{
	CUmemAllocationProp prop = {};
	CUmemGenericAllocationHandle h;
	int fd = -1, status = -1;

	CU(cudaSetDevice(0));
	CU(cudaFree(0));
	prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	CUD(DRIVER(cuMemCreate)(&h, SIZE, &prop, 0));
	int *p = (int *)map(h, SIZE, 2);
	std::vector<int> v(N, 40), one(N, 1);
	CU(cudaMemcpy(p, v.data(), N * sizeof(int), cudaMemcpyHostToDevice));
	CU(cudaSetDevice(1));
	int *d = to_device(one);
	RUN(sum<<<(N + 127) / 128, 128>>>(p, d, p, N));
	CU(cudaSetDevice(0));
	check_result(are(from_device(p, N), 41), "one mapping, access from two devices");

	CUD(DRIVER(cuMemExportToShareableHandle)(&fd, h, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
	check_result(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC), "a file descriptor for it");
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		fcntl(fd, F_SETFD, 0);
		execl("/proc/self/exe", self, std::to_string(fd).c_str(), NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	check_result(status == 0 && are(from_device(p, N), 42), "another process maps and changes it");
	CUD(DRIVER(cuMemUnmap)((CUdeviceptr)p, SIZE));
	CUD(DRIVER(cuMemAddressFree)((CUdeviceptr)p, SIZE));
	CUD(DRIVER(cuMemRelease)(h));
	h = import(fd);
	close(fd);
	p = (int *)map(h, SIZE, 1);
	check_result(are(from_device(p, N), 42), "the descriptor keeps it");
	CUD(DRIVER(cuMemRelease)(h));
}

/* The child: adds one to an allocation of a pool that it imports. */
static int pool_child(int fd, const char *text)
{
	cudaMemPoolPtrExportData data;
	cudaMemPool_t pool;
	int *p, *d;

	CU(cudaFree(0));
	for (size_t i = 0; i < sizeof(data); i++) {
		unsigned v;

		sscanf(text + 2 * i, "%2x", &v);
		((unsigned char *)&data)[i] = v;
	}
	CU(cudaMemPoolImportFromShareableHandle(&pool, (void *)(intptr_t)fd, cudaMemHandleTypePosixFileDescriptor, 0));
	if (cudaMallocFromPoolAsync((void **)&p, 4096, pool, 0) == cudaSuccess)
		return 2;
	cudaGetLastError();
	CU(cudaMemPoolImportPointer((void **)&p, pool, &data));
	d = to_device(std::vector<int>(N, 1));
	if (!are(from_device(p, N), 5))
		return 3;
	RUN(sum<<<(N + 127) / 128, 128>>>(p, d, p, N));
	CU(cudaFreeAsync(p, 0));
	CU(cudaMemPoolDestroy(pool));
	return 0;
}

static void pools(char *self)
{
	cudaMemPoolProps props = {};
	cudaMemAccessDesc access = {};
	cudaMemPoolPtrExportData data;
	cudaMemPool_t pool;
	std::string text;
	int *p, *q, *d, fd = -1, status = -1;

	CU(cudaSetDevice(0));
	props.allocType = cudaMemAllocationTypePinned;
	props.handleTypes = cudaMemHandleTypePosixFileDescriptor;
	props.location.type = cudaMemLocationTypeDevice;
	CU(cudaMemPoolCreate(&pool, &props));
	CU(cudaMallocFromPoolAsync((void **)&p, N * sizeof(int), pool, 0));
	std::vector<int> v(N, 4), one(N, 1);
	CU(cudaMemcpy(p, v.data(), N * sizeof(int), cudaMemcpyHostToDevice));
	access.location.type = cudaMemLocationTypeDevice;
	access.location.id = 1;
	access.flags = cudaMemAccessFlagsProtReadWrite;
	CU(cudaMemPoolSetAccess(pool, &access, 1));
	CU(cudaMallocFromPoolAsync((void **)&q, N * sizeof(int), pool, 0));
	CU(cudaDeviceSynchronize());
	CU(cudaSetDevice(1));
	d = to_device(one);
	RUN(sum<<<(N + 127) / 128, 128>>>(p, d, p, N));
	RUN(sum<<<(N + 127) / 128, 128>>>(d, d, q, N));
	CU(cudaSetDevice(0));
	check_result(are(from_device(p, N), 5) && are(from_device(q, N), 2), "a pool that two devices have");

	CU(cudaMemPoolExportToShareableHandle(&fd, pool, cudaMemHandleTypePosixFileDescriptor, 0));
	CU(cudaMemPoolExportPointer(&data, p));
	for (size_t i = 0; i < sizeof(data); i++) {
		char two[3];

		snprintf(two, sizeof(two), "%02x", ((unsigned char *)&data)[i]);
		text += two;
	}
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		fcntl(fd, F_SETFD, 0);
		execl("/proc/self/exe", self, std::to_string(fd).c_str(), text.c_str(), NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	check_result(status == 0 && are(from_device(p, N), 6), "an allocation of a pool in another process");
	close(fd);
	CU(cudaFreeAsync(p, 0));
	CU(cudaFreeAsync(q, 0));
	CU(cudaDeviceSynchronize());
	check_result(cudaMemPoolDestroy(pool) == cudaSuccess, "the pool ends");
}

int main(int argc, char **argv)
{
	int devices;

	if (argc == 2)
		return child(atoi(argv[1]));
	if (argc == 3)
		return pool_child(atoi(argv[1]), argv[2]);
	CU(cudaGetDeviceCount(&devices));
	check_result(devices >= 2, "two devices");
	copies();
	order();
	access();
	managed();
	exported(argv[0]);
	pools(argv[0]);
	return check_end();
}
