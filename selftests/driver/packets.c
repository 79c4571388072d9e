// SPDX-License-Identifier: MIT
/*
 * Packets that break a rule. All that a refused packet touches is there and would do, so that
 * nothing but the rule it breaks can be what ends its context; and the fault says which.
 */
#include <stddef.h>

#include "../lib/harness.h"

#include "gpu.h"

#define BYTES	(64 * KIB)

/* One packet, and room for the parameters of a launch. */
union packet {
	struct vgpu_pkt_header hdr;
	struct vgpu_pkt_copy copy;
	struct vgpu_pkt_fill fill;
	struct vgpu_pkt_fence fence;
	struct vgpu_pkt_timestamp stamp;
	struct vgpu_pkt_wait_value wait;
	struct launch launch;
	uint32_t words[4 * VGPU_SLOT_BYTES / 4];
};

FIXTURE(packet)
{
	struct gpu g;		/* lasts */
	uint32_t fence;
	void *image;
	size_t image_size;
	uint64_t va;		/* of BYTES in each context that a packet ends */
};

FIXTURE_SETUP(packet)
{
	struct visa_error err;

	ASSERT_EQ(0, gpu_open(&self->g));
	ASSERT_EQ(0, fence_create(self->g.fd, self->g.ctx, 0, &self->fence));
	ASSERT_EQ(0, visa_assemble(source, &self->image, &self->image_size, &err));
	self->va = VGPU_VA_SPLIT + (1ull << 40);
}

FIXTURE_TEARDOWN(packet)
{
	close(self->g.fd);
	free(self->image);
}

/* A packet of a type that keeps all rules. LAUNCH has the code of the context that it comes into. */
static union packet good(const FIXTURE_DATA(packet) *self, uint32_t type)
{
	union packet p = { .hdr = { .type = type, .slots = 1 } };

	switch (type) {
	case VGPU_PKT_LAUNCH:
		p.launch = launch(&self->g, COUNT, 2, 32, self->va, 0);
		break;
	case VGPU_PKT_COPY:
		p.copy = pkt_copy(self->va + 4 * KIB, self->va, 64);
		break;
	case VGPU_PKT_FILL:
		p.fill = pkt_fill(self->va, 1, 4, 16);
		break;
	case VGPU_PKT_SIGNAL:
	case VGPU_PKT_WAIT:
		p.fence.handle = self->fence;
		break;
	case VGPU_PKT_TIMESTAMP:
		p.stamp.dst = self->va;
		break;
	case VGPU_PKT_WAIT_VALUE:
		p.wait.src = self->va;
		p.wait.unit = 4;
		break;
	}
	return p;
}

/* A context for one packet: memory at self->va, the kernels, an empty queue. */
static int victim(const FIXTURE_DATA(packet) *self, struct gpu *v)
{
	int fd = self->g.fd, rc = ctx_create(fd, &v->ctx);

	v->fd = fd;
	v->va = self->va;
	rc = rc ? rc : bo_create(fd, v->ctx, BYTES, &v->bo);
	rc = rc ? rc : va_map(fd, v->bo, VGPU_VA_FIXED, 0, 0, &v->va);
	rc = rc ? rc : queue_create(fd, v->ctx, 64, &v->q);
	return rc ? rc : code_load(fd, v->ctx, self->image, self->image_size, &v->code);
}

static void victim_end(struct __test_metadata *_metadata, struct gpu *v)
{
	EXPECT_EQ(0, destroy(v->fd, v->ctx));
	munmap(v->q.user, v->q.user_length);
	munmap((void *)v->q.kernel, 4096);
}

/* As submit(), of one that may say that it has no slots. */
static void put(struct queue *q, const union packet *p)
{
	if (p->hdr.slots) {
		submit(q, p);
		return;
	}
	memcpy((uint8_t *)q->user + VGPU_QUEUE_SLOTS_OFFSET, p, VGPU_SLOT_BYTES);
	__atomic_store_n(&q->user->tail, 1, __ATOMIC_SEQ_CST);
	doorbell(q);
	q->seqno++;
}

/* The packet ends a context of its own, with this fault and for this reason. */
static void ends(struct __test_metadata *_metadata, const FIXTURE_DATA(packet) *self,
		 const char *what, union packet p, uint32_t kind, int error)
{
	struct vgpu_fault f;
	struct gpu v;
	uint32_t bo;

	ASSERT_EQ(0, victim(self, &v));
	if (p.hdr.type == VGPU_PKT_LAUNCH && p.launch.p.code == self->g.code)
		p.launch.p.code = v.code;
	put(&v.q, &p);
	EXPECT_EQ(-EIO, queue_sync(&v.q)) TH_LOG("%s", what);
	EXPECT_NE(0, v.q.kernel->error);
	ASSERT_EQ(0, fault_query(v.fd, v.ctx, &f));
	EXPECT_EQ(kind, f.kind) TH_LOG("%s", what);
	EXPECT_EQ(error, f.detail) TH_LOG("%s", what);
	EXPECT_EQ(1, f.seqno);
	EXPECT_EQ(v.q.handle, f.queue);
	EXPECT_EQ(-EIO, bo_create(v.fd, v.ctx, 4096, &bo));
	EXPECT_EQ(-EIO, doorbell(&v.q));
	victim_end(_metadata, &v);
}

/* REFUSED(a packet's type, what is wrong with p, the errno) */
#define REFUSED(type, change, error) do {						\
	union packet p = good(self, VGPU_PKT_##type);					\
	change;										\
	ends(_metadata, self, #type ": " #change, p, VGPU_FAULT_PACKET, error);		\
} while (0)

/* What the others change one thing of is right. */
TEST_F(packet, good)
{
	for (uint32_t type = 0; type <= VGPU_PKT_WAIT_VALUE; type++) {
		union packet p = good(self, type);
		struct gpu v;

		ASSERT_EQ(0, victim(self, &v));
		if (type == VGPU_PKT_LAUNCH)
			p.launch.p.code = v.code;
		put(&v.q, &p);
		EXPECT_EQ(0, queue_sync(&v.q)) TH_LOG("type %u", type);
		victim_end(_metadata, &v);
	}
}

#define RESERVED(type, name, member)						\
	{ #type "." #member, VGPU_PKT_##type, offsetof(struct vgpu_pkt_##name, member),	\
	  sizeof(((struct vgpu_pkt_##name *)0)->member) }

/* Every member that must be zero, and how much of the packet has another meaning. */
static const struct {
	const char *name;
	uint32_t type, at, bytes;
} reserved[] = {
	RESERVED(LAUNCH, launch, priority),
	RESERVED(LAUNCH, launch, reserved),
	RESERVED(FILL, fill, reserved),
	RESERVED(SIGNAL, fence, reserved0),
	RESERVED(SIGNAL, fence, reserved),
	RESERVED(WAIT, fence, reserved0),
	RESERVED(WAIT, fence, reserved),
	RESERVED(TIMESTAMP, timestamp, reserved),
	RESERVED(WAIT_VALUE, wait_value, reserved),
};

TEST_F(packet, reserved_members)
{
	for (unsigned int i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		for (uint32_t at = 0; at < reserved[i].bytes; at += 4) {
			union packet p = good(self, reserved[i].type);
			uint32_t *word = p.words + (reserved[i].at + at) / 4;

			ASSERT_EQ(0, *word);
			*word = 0x80000000 >> (at & 31);
			ends(_metadata, self, reserved[i].name, p, VGPU_FAULT_PACKET, -EINVAL);
		}
	}
}

TEST_F(packet, flags)
{
	for (uint32_t type = 0; type <= VGPU_PKT_WAIT_VALUE; type++) {
		union packet p = good(self, type);

		p.hdr.flags = 1ull << 63;
		ends(_metadata, self, "flag 63", p, VGPU_FAULT_PACKET, -EINVAL);
		p.hdr.flags = type == VGPU_PKT_LAUNCH ? 4 : 1;
		ends(_metadata, self, "the lowest flag", p, VGPU_FAULT_PACKET, -EINVAL);
	}
}

TEST_F(packet, types_and_slots)
{
	REFUSED(NOP, p.hdr.type = VGPU_PKT_WAIT_VALUE + 1, -EINVAL);
	REFUSED(NOP, p.hdr.type = ~0u, -EINVAL);
	REFUSED(NOP, p.hdr.slots = 0, -EINVAL);
	REFUSED(LAUNCH, p.hdr.slots = 0, -EINVAL);
	REFUSED(LAUNCH, p.hdr.slots = 1, -EINVAL);
	REFUSED(LAUNCH, p.hdr.slots = 2, -EINVAL);
	REFUSED(LAUNCH, p.hdr.slots = 4, -EINVAL);
	REFUSED(LAUNCH, (p.launch.p.param_bytes = 0, p.hdr.slots = 3), -EINVAL);
	for (uint32_t type = 0; type <= VGPU_PKT_WAIT_VALUE; type++) {
		union packet p = good(self, type);

		if (type == VGPU_PKT_LAUNCH)
			continue;
		p.hdr.slots = 2;
		ends(_metadata, self, "two slots", p, VGPU_FAULT_PACKET, -EINVAL);
	}
}

TEST_F(packet, fill)
{
	REFUSED(FILL, p.fill.unit = 0, -EINVAL);
	REFUSED(FILL, p.fill.unit = 3, -EINVAL);
	REFUSED(FILL, p.fill.unit = 8, -EINVAL);
	REFUSED(FILL, p.fill.height = 0, -EINVAL);
	REFUSED(FILL, p.fill.dst += 2, -EINVAL);
	REFUSED(FILL, (p.fill.unit = 2, p.fill.dst++), -EINVAL);
	/* With 4 bytes each, the width of one unit once more. */
	REFUSED(FILL, p.fill.width = (1ull << 62) + 1, -EINVAL);
	REFUSED(FILL, (p.fill.height = 2, p.fill.pitch = 66), -EINVAL);
	REFUSED(FILL, (p.fill.height = 2, p.fill.pitch = 60), -EINVAL);
	/* Row 1 is at the end, over it, at 0. */
	REFUSED(FILL, (p.fill.height = 2, p.fill.pitch = VGPU_VA_END - p.fill.dst), -EINVAL);
	REFUSED(FILL, (p.fill.height = 2, p.fill.pitch = -p.fill.dst), -EINVAL);
	REFUSED(FILL, p.fill.dst = VGPU_VA_END, -EINVAL);
}

/* The same of either side. */
TEST_F(packet, copy)
{
	REFUSED(COPY, p.copy.height = 0, -EINVAL);
	REFUSED(COPY, (p.copy.width = 0, p.copy.height = 0), -EINVAL);
	for (int side = 0; side < 2; side++) {
#define BAD(change) do {									\
	union packet p = good(self, VGPU_PKT_COPY);						\
	__u64 *at = side ? &p.copy.src : &p.copy.dst;						\
	__u64 *pitch = side ? &p.copy.src_pitch : &p.copy.dst_pitch;				\
												\
	p.copy.height = 2;									\
	p.copy.src_pitch = p.copy.dst_pitch = 64;						\
	change;											\
	ends(_metadata, self, side ? "src: " #change : "dst: " #change, p,			\
	     VGPU_FAULT_PACKET, -EINVAL);							\
	(void)at;										\
	(void)pitch;										\
} while (0)
		BAD(*pitch = 63);
		BAD(*at = VGPU_VA_END);
		BAD(*pitch = VGPU_VA_END - *at);
		/* Products and sums that are small again beyond 64 bits: 0, 32, 64; the other side's is no matter. */
		BAD((p.copy.width = p.copy.src_pitch = p.copy.dst_pitch = 1,
		     p.copy.height = (1ull << 44) + 1, *pitch = 1ull << 20));
		BAD(*pitch = -32ull);
		BAD(*pitch = -*at);
#undef BAD
	}
}

TEST_F(packet, fences)
{
	REFUSED(SIGNAL, p.fence.handle = 12345, -ENOENT);
	REFUSED(SIGNAL, p.fence.handle = self->g.bo, -EINVAL);
	REFUSED(SIGNAL, p.fence.handle = self->g.q.handle, -EINVAL);
	REFUSED(WAIT, p.fence.handle = 12345, -ENOENT);
	REFUSED(WAIT, p.fence.handle = self->g.bo, -EINVAL);
}

TEST_F(packet, memory_operations)
{
	REFUSED(TIMESTAMP, p.stamp.dst += 4, -EINVAL);
	REFUSED(TIMESTAMP, p.stamp.dst = 0, -EINVAL);
	REFUSED(TIMESTAMP, p.stamp.dst += BYTES, -EFAULT);
	REFUSED(WAIT_VALUE, p.wait.src += 2, -EINVAL);
	REFUSED(WAIT_VALUE, (p.wait.unit = 8, p.wait.src += 4), -EINVAL);
	REFUSED(WAIT_VALUE, p.wait.unit = 0, -EINVAL);
	REFUSED(WAIT_VALUE, p.wait.unit = 2, -EINVAL);
	REFUSED(WAIT_VALUE, p.wait.condition = VGPU_WAIT_NOR + 1, -EINVAL);
	REFUSED(WAIT_VALUE, p.wait.src += BYTES, -EFAULT);
}

TEST_F(packet, launch)
{
	struct gpu other;
	union packet l;

	REFUSED(LAUNCH, p.launch.p.code = 12345, -ENOENT);
	REFUSED(LAUNCH, p.launch.p.code = self->fence, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.kernel = KERNELS, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.grid[1] = 0, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.block[2] = 0, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.block[0] = 1025, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.block[1] = 33, -EINVAL);
	REFUSED(LAUNCH, (p.launch.p.block[0] = 1, p.launch.p.block[2] = 65), -EINVAL);
	/* 1 thread in 32 bits */
	REFUSED(LAUNCH, (p.launch.p.block[0] = 0x10001, p.launch.p.block[1] = 0xffff0001), -EINVAL);
	REFUSED(LAUNCH, p.launch.p.dyn_shared = MIB, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.dyn_shared = ~0u, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.local_bytes = (512 << 10) + 1, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.param_bytes = 8, -EINVAL);
	REFUSED(LAUNCH, p.launch.p.param_bytes = ~0u, -EINVAL);
	REFUSED(LAUNCH, (p.hdr.flags = VGPU_LAUNCH_COOPERATIVE, p.launch.p.grid[0] = 1 << 20), -E2BIG);
	REFUSED(LAUNCH, p.launch.p.priority = -1, -EINVAL);
	REFUSED(LAUNCH, (p.hdr.flags = VGPU_LAUNCH_PRIORITY, p.launch.p.priority = VGPU_PRIORITY_LEAST + 1), -EINVAL);
	REFUSED(LAUNCH, (p.hdr.flags = VGPU_LAUNCH_PRIORITY, p.launch.p.priority = VGPU_PRIORITY_GREATEST - 1), -EINVAL);
	REFUSED(LAUNCH, (p.hdr.flags = VGPU_LAUNCH_PRIORITY, p.launch.p.priority = INT32_MIN), -EINVAL);
	/* The code of another context, where it would run. */
	ASSERT_EQ(0, victim(self, &other));
	l = good(self, VGPU_PKT_LAUNCH);
	l.launch.p.code = other.code;
	ends(_metadata, self, "another's code", l, VGPU_FAULT_PACKET, -EINVAL);
	victim_end(_metadata, &other);
}

/* Where a packet keeps the rules, and the address is wrong, the fault is the access's. */
TEST_F(packet, addresses)
{
	union packet p = good(self, VGPU_PKT_FILL);

	p.fill.dst += BYTES;
	ends(_metadata, self, "fill", p, VGPU_FAULT_COPY, -EFAULT);
	p = good(self, VGPU_PKT_COPY);
	p.copy.src += BYTES;
	ends(_metadata, self, "copy from", p, VGPU_FAULT_COPY, -EFAULT);
	p = good(self, VGPU_PKT_COPY);
	p.copy.dst += BYTES;
	ends(_metadata, self, "copy to", p, VGPU_FAULT_COPY, -EFAULT);
}

/* What the queue's context ended for. */
static void ended(struct __test_metadata *_metadata, struct gpu *g, int error)
{
	struct vgpu_fault f;

	EXPECT_EQ(-EIO, wait_value(g->fd, g->q.handle, 1, 20 * SECOND));
	ASSERT_EQ(0, fault_query(g->fd, g->ctx, &f));
	EXPECT_EQ(VGPU_FAULT_PACKET, f.kind);
	EXPECT_EQ(error, f.detail);
}

TEST_F(packet, tail_beyond_the_ring)
{
	__atomic_store_n(&self->g.q.user->tail, 1ull << 40, __ATOMIC_SEQ_CST);
	doorbell(&self->g.q);
	ended(_metadata, &self->g, -EOVERFLOW);
}

/* All of it is in the ring, and not all of it is given. */
TEST_F(packet, longer_than_written)
{
	struct launch l = launch(&self->g, COUNT, 2, 32, self->g.va, 0);

	memcpy((uint8_t *)self->g.q.user + VGPU_QUEUE_SLOTS_OFFSET, &l, sizeof(l));
	__atomic_store_n(&self->g.q.user->tail, 2, __ATOMIC_SEQ_CST);
	doorbell(&self->g.q);
	ended(_metadata, &self->g, -EINVAL);
}

/* A process of the user, whose contexts end one after the other in faults. */
static pid_t faults(uid_t uid, int count)
{
	struct vgpu_pkt_header bad = { .type = 99, .slots = 1 };
	pid_t pid = fork();

	if (pid)
		return pid;
	if (setuid(uid))
		_exit(1);
	while (count--) {
		union packet p = { .hdr = bad };
		int fd = dev_open();
		struct queue q;
		uint32_t ctx;

		if (ctx_create(fd, &ctx) || queue_create(fd, ctx, 64, &q))
			_exit(1);
		submit(&q, &p);
		if (queue_sync(&q) != -EIO)
			_exit(1);
		close(fd);
	}
	_exit(0);
}

/* Lines in the log of faults of a process. */
static int logged(pid_t pid)
{
	char *log = kernel_log(), *at = log, what[32];
	int n = 0;

	snprintf(what, sizeof(what), "32, pid=%d,", pid);
	for (; (at = strstr(at, what)); at++)
		n++;
	free(log);
	return n;
}

/* Who fills its share of the kernel's log, by however many processes, hides nobody else's faults. */
TEST(the_log_of_several_users)
{
	enum { PROCESSES = 3, FAULTS = 15 };
	pid_t pid[PROCESSES], other;
	int status, mine = 0;

	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = faults(1041, FAULTS);
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		ASSERT_EQ(0, status);
	}
	other = faults(1042, 1);
	ASSERT_EQ(other, waitpid(other, &status, 0));
	ASSERT_EQ(0, status);
	for (int i = 0; i < PROCESSES; i++)
		mine += logged(pid[i]);
	EXPECT_GE(mine, 10);
	EXPECT_LT(mine, PROCESSES * FAULTS);
	EXPECT_EQ(1, logged(other));
}

TEST_HARNESS_MAIN
