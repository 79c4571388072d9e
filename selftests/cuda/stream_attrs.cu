// SPDX-License-Identifier: MIT
// Attributes of streams: what one has that was never told, what is kept, refused and copied.
#include "check.h"

static const struct {
	cudaLaunchAttributeID id;
	const char *name;
} kinds[] = {
	{ cudaLaunchAttributeAccessPolicyWindow, "access policy window" },
	{ cudaLaunchAttributeSynchronizationPolicy, "synchronization policy" },
	{ cudaLaunchAttributePriority, "priority" },
	{ cudaLaunchAttributeMemSyncDomainMap, "map of synchronization domains" },
	{ cudaLaunchAttributeMemSyncDomain, "synchronization domain" },
};

// A byte that no attribute has, so that what a call does not write shows.
static cudaLaunchAttributeValue blank()
{
	cudaLaunchAttributeValue v;

	memset(&v, 0xab, sizeof(v));
	return v;
}

static cudaLaunchAttributeValue got(cudaStream_t s, cudaLaunchAttributeID id)
{
	cudaLaunchAttributeValue v = blank();

	CU(cudaStreamGetAttribute(s, id, &v));
	return v;
}

// What is good for each, and another value that is refused, if there is one.
static cudaLaunchAttributeValue good(cudaLaunchAttributeID id)
{
	cudaLaunchAttributeValue v = { 0 };

	switch (id) {
	case cudaLaunchAttributeAccessPolicyWindow:
		v.accessPolicyWindow.hitRatio = 0.5f;
		v.accessPolicyWindow.hitProp = cudaAccessPropertyPersisting;
		v.accessPolicyWindow.missProp = cudaAccessPropertyStreaming;
		break;
	case cudaLaunchAttributeSynchronizationPolicy:
		v.syncPolicy = cudaSyncPolicyBlockingSync;
		break;
	case cudaLaunchAttributePriority:
		v.priority = -3;
		break;
	case cudaLaunchAttributeMemSyncDomainMap:
		v.memSyncDomainMap.default_ = 0;
		v.memSyncDomainMap.remote = 0;
		break;
	default:
		v.memSyncDomain = cudaLaunchMemSyncDomainRemote;
	}
	return v;
}

static bool bad(cudaLaunchAttributeID id, cudaLaunchAttributeValue *v)
{
	*v = good(id);
	switch (id) {
	case cudaLaunchAttributeAccessPolicyWindow:
		v->accessPolicyWindow.missProp = cudaAccessPropertyPersisting;
		return true;
	case cudaLaunchAttributeSynchronizationPolicy:
		v->syncPolicy = (cudaSynchronizationPolicy)5;
		return true;
	case cudaLaunchAttributePriority:
		return false;	// out of range is the nearest
	case cudaLaunchAttributeMemSyncDomainMap:
		v->memSyncDomainMap.default_ = 4;
		return true;
	default:
		v->memSyncDomain = (cudaLaunchMemSyncDomain)2;
		return true;
	}
}

static bool same(cudaLaunchAttributeID id, const cudaLaunchAttributeValue &a, const cudaLaunchAttributeValue &b)
{
	size_t n = id == cudaLaunchAttributeAccessPolicyWindow ? sizeof(a.accessPolicyWindow) - 4 :
		   id == cudaLaunchAttributeMemSyncDomainMap   ? 2 :
								 4;

	return !memcmp(&a, &b, n);
}

static bool refused(cudaStream_t s, cudaLaunchAttributeID id, const cudaLaunchAttributeValue *v)
{
	return cudaStreamSetAttribute(s, id, v) == cudaErrorInvalidValue && cudaGetLastError() == cudaErrorInvalidValue;
}

static void test_kind(cudaLaunchAttributeID id, const char *name)
{
	cudaLaunchAttributeValue v = good(id), w;
	cudaStream_t s, t;
	char what[128];

	CU(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, -1));
	CU(cudaStreamCreate(&t));
	CU(cudaStreamSetAttribute(s, id, &v));
	snprintf(what, sizeof(what), "%s: kept", name);
	check_result(same(id, got(s, id), v), what);
	CU(cudaStreamCopyAttributes(t, s));
	snprintf(what, sizeof(what), "%s: copied", name);
	check_result(same(id, got(t, id), v), what);
	if (bad(id, &w)) {
		snprintf(what, sizeof(what), "%s: a bad value is refused and changes nothing", name);
		check_result(refused(s, id, &w) && same(id, got(s, id), v), what);
	}
	w = got(s, id);
	snprintf(what, sizeof(what), "%s: no more of the union is written", name);
	check_result(w.pad[32] == (char)0xab && (id == cudaLaunchAttributeAccessPolicyWindow || w.pad[4] == (char)0xab), what);
	CU(cudaStreamDestroy(s));
	CU(cudaStreamDestroy(t));
}

static void test_fresh()
{
	cudaStream_t s;
	cudaLaunchAttributeValue v;
	int p = 9;

	CU(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, -2));
	check_result(got(s, cudaLaunchAttributePriority).priority == -2, "a stream has the priority it was made with");
	check_result((int)got(s, cudaLaunchAttributeSynchronizationPolicy).syncPolicy == -1, "and no synchronization policy of its own");
	v = got(s, cudaLaunchAttributeMemSyncDomainMap);
	check_result(v.memSyncDomainMap.default_ == 0 && v.memSyncDomainMap.remote == 1, "and each domain is itself");
	for (int asked : { -100, 5 }) {
		v.priority = asked;
		CU(cudaStreamSetAttribute(s, cudaLaunchAttributePriority, &v));
		CU(cudaStreamGetPriority(s, &p));
		check_result(p == (asked < 0 ? -5 : 0), "a priority out of range becomes the nearest");
	}
	v.priority = -4;
	CU(cudaStreamSetAttribute(0, cudaLaunchAttributePriority, &v));
	CU(cudaStreamGetPriority(0, &p));
	check_result(p == -4, "the default stream can be given one");
	v = { 0 };
	check_result(refused(s, cudaLaunchAttributeCooperative, &v), "what is a launch's alone is refused");
	check_result(cudaStreamGetAttribute(s, cudaLaunchAttributeCooperative, &v) == cudaErrorInvalidValue, "and is not had");
	cudaGetLastError();
	CU(cudaStreamDestroy(s));
}

__global__ void next(unsigned *x)
{
	*x = *x * 1664525 + 1013904223;
}

// Order stays when the priority changes under work that is not done: with the stream itself, and for who follows it.
static void test_order(cudaStream_t s, const char *what)
{
	unsigned *x = device_array<unsigned>(1), want = 0, have;

	CU(cudaMemset(x, 0, sizeof(*x)));
	CU(cudaDeviceSynchronize());
	for (int i = 0; i < 300; i++) {
		cudaLaunchAttributeValue v = { 0 };

		v.priority = -(i % 6);
		CU(cudaStreamSetAttribute(s, cudaLaunchAttributePriority, &v));
		next<<<1, 1, 0, s>>>(x);
		if (i % 7 == 0)
			next<<<1, 1, 0, cudaStreamLegacy>>>(x);
		if (i % 50 == 0)
			CU(cudaStreamSynchronize(s));
	}
	for (int i = 0; i < 300; i++)
		for (int k = i % 7 ? 1 : 2; k; k--)
			want = want * 1664525 + 1013904223;
	CU(cudaMemcpy(&have, x, sizeof(have), cudaMemcpyDefault));
	check_result(have == want, what);
	CU(cudaFree(x));
}

int main()
{
	cudaStream_t s;

	test_fresh();
	for (auto k : kinds)
		test_kind(k.id, k.name);
	CU(cudaStreamCreate(&s));
	test_order(s, "order stays when a stream's priority changes");
	test_order(cudaStreamPerThread, "so it does in a thread's default stream");
	test_order(cudaStreamLegacy, "and in the legacy one");
	CU(cudaStreamDestroy(s));
	return check_end();
}
