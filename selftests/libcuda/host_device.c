// SPDX-License-Identifier: MIT
/*
 * A device inside the test process, in place of libvgpu's system calls: memory,
 * queues, fences and copies of the ioctl contract, so that the API above them
 * can be tested without a kernel and under sanitizers.  With the engine
 * (host_engine.c) it runs kernels too; without it a launch only counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../uapi/vgpu_ioctl.h"
#include "../../uapi/vgpu_isa.h"
#include "../../userlib/libvgpu/sys.h"
#include "host_device.h"
#include "host_engine.h"

enum { MAX_HANDLES = 65536, MAX_MAPS = 16384, DEVICE_FD = 1000000 };

enum kind { NONE, CTX, BO, HOST, QUEUE, FENCE, CODE };

struct object {
	enum kind kind;
	uint32_t ctx;
	/* BO: memory behind it; HOST: the address */
	int fd;
	uint8_t *p;
	uint64_t size, counted;
	/* FENCE */
	uint64_t value;
	/* CODE */
	struct engine_code *code;
	/* QUEUE */
	struct vgpu_queue_user *user;
	struct vgpu_queue_kernel *kernel;
	uint64_t slots;
	pthread_t thread;
	bool stop;
};

struct map {
	uint32_t ctx, bo;
	uint64_t va, size, offset;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Changed with both held, read with either. */
static pthread_rwlock_t maps_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct object objects[MAX_HANDLES];
static struct map maps[MAX_MAPS];
static unsigned int nmaps, next_handle = 1;
static uint32_t faulted;		/* context that ended, fault kind beside it */
static struct vgpu_fault fault_record;
static uint64_t used;

static bool fail_next_copy, refuse_queues;
static uint32_t isa_version = VGPU_ISA_VERSION;

struct host_device_counts host_device_counts;

void host_device_fail_next_copy(void)
{
	fail_next_copy = true;
}

void host_device_refuse_queues(bool refuse)
{
	refuse_queues = refuse;
}

void host_device_isa(uint32_t version)
{
	isa_version = version;
}

int host_device_objects(void)
{
	int n = 0;

	for (int i = 0; i < MAX_HANDLES; i++)
		n += objects[i].kind != NONE;
	return n;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static struct object *get(uint32_t handle, enum kind kind)
{
	struct object *o = handle && handle < MAX_HANDLES ? &objects[handle] : NULL;

	return o && o->kind == kind ? o : NULL;
}

static uint32_t new_object(enum kind kind, uint32_t ctx)
{
	for (unsigned int i = 0; i < MAX_HANDLES; i++) {
		uint32_t h = next_handle++ % MAX_HANDLES;

		if (h && objects[h].kind == NONE) {
			memset(&objects[h], 0, sizeof(objects[h]));
			objects[h].kind = kind;
			objects[h].ctx = ctx;
			return h;
		}
	}
	return 0;
}

/* The memory behind a GPU address, or NULL; *size becomes at most what follows in the same mapping. */
static uint8_t *translate_some(uint32_t ctx, uint64_t va, uint64_t *size)
{
	for (unsigned int i = 0; i < nmaps; i++) {
		struct map *m = &maps[i];
		uint64_t at = va - m->va;

		if (m->ctx != ctx || va < m->va || at >= m->size)
			continue;
		if (*size > m->size - at)
			*size = m->size - at;
		return objects[m->bo].p + m->offset + at;
	}
	return NULL;
}

/* The memory behind a GPU address range that lies in one mapping, or NULL. */
static uint8_t *translate(uint32_t ctx, uint64_t va, uint64_t size)
{
	uint64_t some = size;
	uint8_t *p = translate_some(ctx, va, &some);

	return some == size ? p : NULL;
}

/* Between GPU addresses, from mapping to mapping. */
static bool move(uint32_t ctx, uint64_t dst, uint64_t src, uint64_t size)
{
	while (size) {
		uint64_t n = size;
		uint8_t *d = translate_some(ctx, dst, &n), *s = translate_some(ctx, src, &n);

		if (!d || !s)
			return false;
		memmove(d, s, n);
		dst += n;
		src += n;
		size -= n;
	}
	return true;
}

/* Between a GPU address and memory of the process. */
static bool move_user(uint32_t ctx, uint64_t va, uint8_t *user, uint64_t size, bool to_gpu)
{
	while (size) {
		uint64_t n = size;
		uint8_t *p = translate_some(ctx, va, &n);

		if (!p)
			return false;
		memcpy(to_gpu ? p : user, to_gpu ? user : p, n);
		va += n;
		user += n;
		size -= n;
	}
	return true;
}

static void drop_maps(uint32_t bo, uint32_t ctx, uint64_t va)
{
	unsigned int n = 0;

	pthread_rwlock_wrlock(&maps_lock);
	for (unsigned int i = 0; i < nmaps; i++)
		if (!((bo && maps[i].bo == bo) || (!bo && maps[i].ctx == ctx && maps[i].va == va)))
			maps[n++] = maps[i];
	nmaps = n;
	pthread_rwlock_unlock(&maps_lock);
}

static int add_map(uint32_t ctx, uint32_t bo, uint64_t va, uint64_t size, uint64_t offset)
{
	for (unsigned int i = 0; i < nmaps; i++)
		if (maps[i].ctx == ctx && maps[i].va < va + size && va < maps[i].va + maps[i].size)
			return -EEXIST;
	if (nmaps == MAX_MAPS)
		return -EDQUOT;
	pthread_rwlock_wrlock(&maps_lock);
	maps[nmaps++] = (struct map){ ctx, bo, va, size, offset };
	pthread_rwlock_unlock(&maps_lock);
	return 0;
}

static void set_fault(uint32_t ctx, uint32_t kind)
{
	faulted = ctx;
	fault_record.kind = kind;
	for (int i = 0; i < MAX_HANDLES; i++)
		if (objects[i].kind == QUEUE && objects[i].ctx == ctx)
			__atomic_store_n(&objects[i].kernel->error, kind, __ATOMIC_RELEASE);
}

/* ---- packets; all run with the lock held -------------------------------- */

/* What the engine asks: the mapping around an address. */
static void *find(void *data, unsigned long long va, unsigned long long *start, unsigned long long *size)
{
	uint32_t ctx = *(uint32_t *)data;
	void *p = NULL;

	pthread_rwlock_rdlock(&maps_lock);
	for (unsigned int i = 0; i < nmaps && !p; i++) {
		struct map *m = &maps[i];

		if (m->ctx != ctx || va < m->va || va >= m->va + m->size)
			continue;
		*start = m->va;
		*size = m->size;
		p = objects[m->bo].p + m->offset;
	}
	pthread_rwlock_unlock(&maps_lock);
	return p;
}

static void launch_packet(struct object *q, const struct vgpu_pkt_launch *p)
{
	struct object *c = get(p->code, CODE);
	struct vgpu_fault fault;
	bool good;

	host_device_counts.launches++;
	host_device_counts.last_launch = *p;
	if (!c || !c->code)
		return;
	pthread_mutex_unlock(&lock);
	good = host_engine_run(c->code, p, find, &q->ctx, &q->stop, &fault);
	pthread_mutex_lock(&lock);
	if (!good) {
		fault_record = fault;
		set_fault(q->ctx, fault.kind);
	}
}

static bool copy_packet(uint32_t ctx, const struct vgpu_pkt_copy *p)
{
	if (fail_next_copy) {
		fail_next_copy = false;
		return false;
	}
	for (uint64_t y = 0; y < p->height; y++)
		if (!move(ctx, p->dst + y * p->dst_pitch, p->src + y * p->src_pitch, p->width))
			return false;
	host_device_counts.copies++;
	return true;
}

static bool fill_packet(uint32_t ctx, const struct vgpu_pkt_fill *p)
{
	for (uint64_t y = 0; y < p->height; y++)
		for (uint64_t x = 0; x < p->width * p->unit; ) {
			uint64_t n = p->width * p->unit - x;
			uint8_t *d = translate_some(ctx, p->dst + y * p->pitch + x, &n);

			if (!d)
				return false;
			for (uint64_t i = 0; i < n; i += p->unit)	/* mappings are whole pages */
				memcpy(d + i, &p->value, p->unit);
			x += n;
		}
	return true;
}

static bool reached(const struct vgpu_pkt_fence *p)
{
	struct object *o = &objects[p->handle];

	return (o->kind == QUEUE ? o->kernel->done : o->value) >= p->value || o->kind == NONE;
}

static bool value_meets(uint32_t ctx, const struct vgpu_pkt_wait_value *p)
{
	uint8_t *m = translate(ctx, p->src, p->unit);
	uint64_t v = 0;

	if (!m)
		return true;
	memcpy(&v, m, p->unit);
	switch (p->condition) {
	case VGPU_WAIT_GEQ:
		return p->unit == 4 ? (int32_t)(v - p->value) >= 0 : (int64_t)(v - p->value) >= 0;
	case VGPU_WAIT_EQ:
		return v == p->value;
	case VGPU_WAIT_AND:
		return v & p->value;
	default:
		return ~(v | p->value);
	}
}

static void run_packet(struct object *q, const uint8_t *packet)
{
	const struct vgpu_pkt_header *h = (const void *)packet;
	bool fine = true;
	uint8_t *m;
	uint64_t t;

	switch (h->type) {
	case VGPU_PKT_LAUNCH:
		launch_packet(q, (const void *)packet);
		break;
	case VGPU_PKT_COPY:
		fine = copy_packet(q->ctx, (const void *)packet);
		break;
	case VGPU_PKT_FILL:
		fine = fill_packet(q->ctx, (const void *)packet);
		break;
	case VGPU_PKT_SIGNAL:
		objects[((const struct vgpu_pkt_fence *)packet)->handle].value =
			((const struct vgpu_pkt_fence *)packet)->value;
		break;
	case VGPU_PKT_WAIT:
		while (!reached((const void *)packet) && !q->stop)
			pthread_cond_wait(&changed, &lock);
		break;
	case VGPU_PKT_WAIT_VALUE:
		while (!value_meets(q->ctx, (const void *)packet) && !q->stop) {
			pthread_mutex_unlock(&lock);
			usleep(1000);
			pthread_mutex_lock(&lock);
		}
		break;
	case VGPU_PKT_TIMESTAMP:
		m = translate(q->ctx, ((const struct vgpu_pkt_timestamp *)packet)->dst, 8);
		t = now_ns();
		if (m)
			__atomic_store_n((uint64_t *)m, t, __ATOMIC_RELEASE);
		break;
	}
	if (!fine)
		set_fault(q->ctx, VGPU_FAULT_COPY);
}

static void *queue_thread(void *arg)
{
	struct object *q = arg;
	uint8_t *slots = (uint8_t *)q->user + VGPU_QUEUE_SLOTS_OFFSET;

	pthread_mutex_lock(&lock);
	while (!q->stop) {
		uint64_t tail = __atomic_load_n(&q->user->tail, __ATOMIC_ACQUIRE), head = q->kernel->head;
		uint8_t packet[32768 + 128];
		uint32_t n;

		if (tail == head || q->kernel->error) {
			pthread_cond_wait(&changed, &lock);
			continue;
		}
		memcpy(packet, slots + head % q->slots * 64, 64);
		n = ((struct vgpu_pkt_header *)packet)->slots;
		if (!n || n > q->slots || n * 64 > sizeof(packet)) {
			set_fault(q->ctx, VGPU_FAULT_PACKET);
			continue;
		}
		for (uint32_t i = 1; i < n; i++)
			memcpy(packet + i * 64, slots + (head + i) % q->slots * 64, 64);
		__atomic_store_n(&q->kernel->head, head + n, __ATOMIC_RELEASE);
		run_packet(q, packet);
		if (!q->kernel->error)
			__atomic_store_n(&q->kernel->done, q->kernel->done + 1, __ATOMIC_RELEASE);
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* ---- ioctls --------------------------------------------------------------- */

static int device_info(struct vgpu_device_info *i)
{
	uint32_t size = i->size;

	*i = (struct vgpu_device_info){
		.size = size, .uapi_version = VGPU_UAPI_VERSION, .isa_version = isa_version,
		.name = "vgpu in process",
		.driver_version = "580.95.05", .uuid = { 1, 2, 3, 4 }, .pci_bus = 1, .pci_device = 2,
		.pci_ids = 0x2b8510de, .cc_major = 12, .sm_count = 8, .warp_size = 32,
		.clock_khz = 1000000, .mem_clock_khz = 1000000, .mem_bus_bits = 64, .l2_bytes = 1 << 20,
		.vram_bytes = 1ull << 30, .va_start = VGPU_VA_SPLIT, .va_end = VGPU_VA_END,
		.max_threads_block = 1024, .max_threads_sm = 1536, .max_blocks_sm = 24,
		.max_block_dim = { 1024, 1024, 64 }, .max_grid_dim = { 0x7fffffff, 65535, 65535 },
		.shared_block = 49152, .shared_block_optin = 232448, .shared_reserved = 1024,
		.shared_sm = 233472, .regs_block = 65536, .regs_sm = 65536, .const_bytes = 65536,
		.max_param_bytes = VGPU_MAX_PARAM_BYTES, .workers = 1, .max_ring_slots = 4096,
		.max_local_bytes = 1 << 19,
	};
	return 0;
}

static int bo_create(struct vgpu_bo_create *c)
{
	struct object *o;
	uint64_t size = (c->length + 4095) & ~4095ull;

	if (used + size > 1ull << 30)
		return -ENOSPC;
	c->handle = new_object(BO, c->ctx);
	if (!c->handle)
		return -EDQUOT;
	o = &objects[c->handle];
	o->fd = memfd_create("bo", MFD_CLOEXEC);
	if (o->fd < 0 || ftruncate(o->fd, size)) {
		o->kind = NONE;
		return -ENOMEM;
	}
	o->p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	o->size = o->counted = c->length = size;
	used += size;
	return 0;
}

static int share_fd(struct vgpu_share *s)
{
	struct object *o = get(s->handle, BO);

	if (!o || s->flags != VGPU_SHARE_FD)
		return -EINVAL;
	s->fd = fcntl(o->fd, F_DUPFD_CLOEXEC, 0);
	s->length = o->size;
	return s->fd < 0 ? -errno : 0;
}

/* Memory counts by the buffer that it was made for. */
static int open_fd(struct vgpu_open_shared *s)
{
	struct object *o;
	struct stat st;

	if (s->flags != VGPU_SHARE_FD)
		return -EINVAL;
	if (fstat(s->fd, &st) || !S_ISREG(st.st_mode))
		return -EBADF;
	s->handle = new_object(BO, s->ctx);
	if (!s->handle)
		return -EDQUOT;
	o = &objects[s->handle];
	o->fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	o->p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	o->size = s->length = st.st_size;
	s->device = 0;
	return 0;
}

static int mem_copy(struct vgpu_mem_copy *c)
{
	uint64_t rows = c->height ? c->height : 1;

	host_device_counts.mem_copies++;
	for (uint64_t y = 0; y < rows; y++)
		if (!move_user(c->ctx, c->gpu_va + y * c->gpu_pitch,
			       (uint8_t *)(uintptr_t)(c->user_ptr + y * c->user_pitch), c->width,
			       c->direction == VGPU_COPY_TO_GPU))
			return -EFAULT;
	return 0;
}

static int host_register(struct vgpu_host_register *r)
{
	uint64_t start = r->address & ~4095ull, end = (r->address + r->length + 4095) & ~4095ull;
	int err;

	r->handle = new_object(HOST, r->ctx);
	objects[r->handle].p = (uint8_t *)start;
	objects[r->handle].size = end - start;
	err = add_map(r->ctx, r->handle, start, end - start, 0);
	if (err)
		objects[r->handle].kind = NONE;
	return err;
}

static int queue_create(struct vgpu_queue_create *c)
{
	struct object *o;

	if (faulted == c->ctx)
		return -EIO;
	if (c->priority < VGPU_PRIORITY_GREATEST || c->priority > VGPU_PRIORITY_LEAST)
		return -EINVAL;
	if (refuse_queues)
		return -ENOSPC;
	c->handle = new_object(QUEUE, c->ctx);
	o = &objects[c->handle];
	o->slots = c->slots;
	c->user_length = VGPU_QUEUE_SLOTS_OFFSET + 64ull * c->slots;
	c->kernel_length = 4096;
	o->user = aligned_alloc(4096, c->user_length);
	o->kernel = aligned_alloc(4096, 4096);
	memset(o->user, 0, c->user_length);
	memset(o->kernel, 0, 4096);
	o->kernel->flags = VGPU_QUEUE_NEED_WAKEUP;
	c->user_offset = (uint64_t)c->handle << 16 | 1;
	c->kernel_offset = (uint64_t)c->handle << 16 | 2;
	return -pthread_create(&o->thread, NULL, queue_thread, o);
}

static int code_load(struct vgpu_code_load *l)
{
	struct engine_code *code;
	int r = host_engine_load((const void *)(uintptr_t)l->image, l->image_size, (char *)(uintptr_t)l->log,
				 l->log_size, &code);

	if (r)
		return r;
	l->handle = new_object(CODE, l->ctx);
	objects[l->handle].code = code;
	l->kernels = host_engine_kernels(code);
	return 0;
}

static void destroy_queue(struct object *o)
{
	o->stop = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(o->thread, NULL);
	pthread_mutex_lock(&lock);
	free(o->user);
	free(o->kernel);
}

static int destroy(uint32_t handle)
{
	struct object *o = handle < MAX_HANDLES ? &objects[handle] : NULL;

	if (!o || o->kind == NONE)
		return -ENOENT;
	if (o->kind == CTX)
		for (uint32_t i = 1; i < MAX_HANDLES; i++)
			if (objects[i].kind != NONE && objects[i].kind != CTX && objects[i].ctx == handle)
				destroy(i);
	drop_maps(handle, 0, 0);
	if (o->kind == QUEUE)
		destroy_queue(o);
	if (o->kind == CODE)
		host_engine_unload(o->code);
	if (o->kind == BO) {
		munmap(o->p, o->size);
		close(o->fd);
		used -= o->counted;
	}
	if (faulted == handle)
		faulted = 0;
	o->kind = NONE;
	return 0;
}

static void wait_until(uint64_t deadline_ns)
{
	struct timespec t = { .tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000 };

	pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &t);
}

static int wait_for(struct vgpu_wait *w)
{
	struct vgpu_pkt_fence p = { .handle = w->handle, .value = w->value };
	struct object *o = &objects[w->handle];

	while (!reached(&p)) {
		if (faulted == o->ctx)
			return -EIO;
		if (!w->deadline_ns || (w->deadline_ns != ~0ull && now_ns() > w->deadline_ns))
			return -ETIME;
		if (w->deadline_ns == ~0ull)
			pthread_cond_wait(&changed, &lock);
		else
			wait_until(w->deadline_ns);
	}
	return 0;
}

static int device_status(struct vgpu_device_status *status)
{
	status->vram_total = 1ull << 30;
	status->vram_used = used;
	status->vram_free = (1ull << 30) - used;
	return 0;
}

static int fault_query(struct vgpu_fault_query *query)
{
	if (faulted == query->ctx)
		*(struct vgpu_fault *)(uintptr_t)query->fault = fault_record;
	return 0;
}

static int bo_mmap(struct vgpu_bo_mmap *bm)
{
	bm->offset = (uint64_t)bm->handle << 16;
	bm->length = objects[bm->handle].size;
	return get(bm->handle, BO) ? 0 : -ENOENT;
}

static int va_map(struct vgpu_va_map *vm)
{
	if (!get(vm->bo, BO) || !(vm->flags & VGPU_VA_FIXED))
		return -EINVAL;
	return add_map(objects[vm->bo].ctx, vm->bo, vm->va,
		       vm->length ? vm->length : objects[vm->bo].size - vm->offset, vm->offset);
}

static int fence_create(struct vgpu_fence_create *fence)
{
	fence->handle = new_object(FENCE, fence->ctx);
	objects[fence->handle].value = fence->value;
	return 0;
}

static int fence_signal(const struct vgpu_fence_signal *signal)
{
	if (!get(signal->fence, FENCE))
		return -ENOENT;
	if (signal->value > objects[signal->fence].value)
		objects[signal->fence].value = signal->value;
	pthread_cond_broadcast(&changed);
	return 0;
}

static int kernel_info(struct vgpu_kernel_info *info)
{
	return get(info->code, CODE) ? host_engine_info(objects[info->code].code, info) : -ENOENT;
}

static int dispatch(unsigned long request, void *arg)
{
	struct vgpu_ctx_create *ctx = arg;
	struct vgpu_va_unmap *vu = arg;

	switch (request) {
	case VGPU_IOCTL_DEVICE_INFO:
		return device_info(arg);
	case VGPU_IOCTL_DEVICE_STATUS:
		return device_status(arg);
	case VGPU_IOCTL_FAULT_QUERY:
		return fault_query(arg);
	case VGPU_IOCTL_CTX_CREATE:
		ctx->handle = new_object(CTX, 0);
		return ctx->handle ? 0 : -EDQUOT;
	case VGPU_IOCTL_DESTROY:
		return destroy(((struct vgpu_destroy *)arg)->handle);
	case VGPU_IOCTL_BO_CREATE:
		return bo_create(arg);
	case VGPU_IOCTL_SHARE:
		return share_fd(arg);
	case VGPU_IOCTL_OPEN_SHARED:
		return open_fd(arg);
	case VGPU_IOCTL_BO_MMAP:
		return bo_mmap(arg);
	case VGPU_IOCTL_VA_MAP:
		return va_map(arg);
	case VGPU_IOCTL_VA_UNMAP:
		drop_maps(0, vu->ctx, vu->va);
		return 0;
	case VGPU_IOCTL_HOST_REGISTER:
		return host_register(arg);
	case VGPU_IOCTL_MEM_COPY:
		return mem_copy(arg);
	case VGPU_IOCTL_QUEUE_CREATE:
		return queue_create(arg);
	case VGPU_IOCTL_DOORBELL:
		pthread_cond_broadcast(&changed);
		return 0;
	case VGPU_IOCTL_FENCE_CREATE:
		return fence_create(arg);
	case VGPU_IOCTL_FENCE_SIGNAL:
		return fence_signal(arg);
	case VGPU_IOCTL_WAIT:
		return wait_for(arg);
	case VGPU_IOCTL_CODE_LOAD:
		return code_load(arg);
	case VGPU_IOCTL_KERNEL_INFO:
		return kernel_info(arg);
	default:
		return -EOPNOTSUPP;
	}
}

int vgpu_sys_ioctl(int fd, unsigned long request, void *arg)
{
	int r;

	if (fd != DEVICE_FD)
		return -EBADF;
	pthread_mutex_lock(&lock);
	r = dispatch(request, arg);
	pthread_mutex_unlock(&lock);
	return r;
}

int vgpu_sys_nodes(int (*fn)(const char *name, void *data), void *data)
{
	fn("vgpu0", data);
	return 0;
}

int vgpu_sys_open(const char *path)
{
	return strcmp(path, "/dev/vgpu0") ? -ENOENT : DEVICE_FD;
}

void vgpu_sys_close(int fd)
{
	(void)fd;
}

int vgpu_sys_mmap(int fd, void *where, size_t size, int prot, off_t offset, void **p)
{
	struct object *o = &objects[(uint64_t)offset >> 16];

	(void)fd;
	pthread_mutex_lock(&lock);
	if (o->kind == QUEUE)
		*p = (offset & 3) == 1 ? (void *)o->user : (void *)o->kernel;
	else
		*p = mmap(where, size, prot, MAP_SHARED | (where ? MAP_FIXED : 0), o->fd, 0);
	pthread_mutex_unlock(&lock);
	return *p == MAP_FAILED ? -ENOMEM : 0;
}

int vgpu_sys_render_node(const struct vgpu_device_info *info, char *path, size_t size)
{
	(void)info;
	(void)path;
	(void)size;
	return -ENOENT;
}

int vgpu_sys_render_attach(int render, int device)
{
	(void)render;
	(void)device;
	return -ENODEV;
}

int vgpu_sys_render_dmabuf(int render, int memory, uint64_t offset, uint64_t size, int *fd)
{
	(void)render;
	(void)memory;
	(void)offset;
	(void)size;
	(void)fd;
	return -ENODEV;
}

/* Queues' areas belong to the queue here. */
void vgpu_sys_munmap(void *p, size_t size)
{
	(void)p;
	(void)size;
}
