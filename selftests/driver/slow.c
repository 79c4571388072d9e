// SPDX-License-Identifier: MIT
/*
 * Ends that take as long as somebody likes. The pages of a file that a process serves are locked for as long as it takes to
 * write them; who had them registered waits for that when it ends, and nobody else does.
 */
#include <linux/fuse.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "dev.h"

#define PLACE	"/tmp/vgpu-served"
#define NODE_ID	2
#define PAGE	4096

/* ---- a file system with one file, whose writes take as long as @held says */

struct served {
	int fd;
	pthread_t server;
	atomic_bool held;
	atomic_int writes;	/* that have begun */
};

static void answer(const struct served *s, uint64_t unique, int error, const void *data, size_t bytes)
{
	struct fuse_out_header head = { .len = sizeof(head) + bytes, .error = error, .unique = unique };
	struct iovec v[] = { { &head, sizeof(head) }, { (void *)data, bytes } };

	if (writev(s->fd, v, bytes ? 2 : 1) < 0)
		return;	/* whoever asked has gone */
}

static struct fuse_attr attributes(uint64_t node)
{
	if (node != NODE_ID)
		return (struct fuse_attr){ .ino = node, .nlink = 1, .mode = S_IFDIR | 0777 };
	return (struct fuse_attr){ .ino = node, .nlink = 1, .mode = S_IFREG | 0666, .size = PAGE, .blocks = PAGE / 512 };
}

static void serve(struct served *s, const struct fuse_in_header *h)
{
	static const char zeros[PAGE];
	struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = PAGE, .flags = FUSE_BIG_WRITES };
	struct fuse_entry_out entry = { .nodeid = NODE_ID, .attr_valid = 1000, .entry_valid = 1000, .attr = attributes(NODE_ID) };
	struct fuse_attr_out attr = { .attr_valid = 1000, .attr = attributes(h->nodeid) };
	struct fuse_open_out opened = { .fh = 1 };
	struct fuse_write_out written = { .size = PAGE };

	switch (h->opcode) {
	case FUSE_INIT:
		return answer(s, h->unique, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		return answer(s, h->unique, 0, &entry, sizeof(entry));
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		return answer(s, h->unique, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return answer(s, h->unique, 0, &opened, sizeof(opened));
	case FUSE_READ:
		return answer(s, h->unique, 0, zeros, sizeof(zeros));
	case FUSE_WRITE:
		atomic_fetch_add(&s->writes, 1);
		while (atomic_load(&s->held))
			usleep(1000);
		return answer(s, h->unique, 0, &written, sizeof(written));
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_FSYNC:
		return answer(s, h->unique, 0, NULL, 0);
	}
	answer(s, h->unique, -ENOSYS, NULL, 0);
}

static void *server(void *arg)
{
	static char buffer[64 * KIB];
	struct served *s = arg;
	ssize_t n;

	for (;;) {
		n = read(s->fd, buffer, sizeof(buffer));
		if (n > 0)
			serve(s, (void *)buffer);
		else if (errno != EINTR && errno != EAGAIN && errno != ENOENT)
			return NULL;	/* not mounted any more */
	}
}

/* 0, or -errno where there is no such file system */
static int serve_file(struct served *s)
{
	char options[100];

	mkdir(PLACE, 0777);
	s->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40777,user_id=0,group_id=0,allow_other", s->fd);
	if (mount("fuse", PLACE, "fuse", MS_NOSUID | MS_NODEV, options))
		return -errno;
	return -pthread_create(&s->server, NULL, server, s);
}

static void *forget_pages(void *arg)
{
	struct {
		struct fuse_out_header head;
		struct fuse_notify_inval_inode_out inode;
	} m = { { .len = sizeof(m), .error = FUSE_NOTIFY_INVAL_INODE }, { .ino = NODE_ID } };
	struct served *s = arg;

	/* Writes the page, and so waits for that itself. */
	return write(s->fd, &m, sizeof(m)) < 0 ? arg : NULL;
}

static void unserve(struct served *s)
{
	atomic_store(&s->held, false);
	umount2(PLACE, MNT_DETACH | MNT_FORCE);
	pthread_join(s->server, NULL);
	close(s->fd);
	rmdir(PLACE);
}

/* ---- those that end */

FIXTURE(slow)
{
	struct served s;
	pthread_t writer;
	pid_t holder;
};

/* Hands a socket that has nobody at its other end any more a file, and itself: only the kernel's search for such finds both. */
static int lose(int file)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr head;
	} c = {};
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c.bytes) };
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return -errno;
	c.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int)) };
	memcpy(CMSG_DATA(&c.head), (int[]){ s[0], file }, 2 * sizeof(int));
	if (sendmsg(s[1], &m, 0) != 1)
		return -errno;
	close(s[0]);
	close(file);
	return 0;
}

/* A process that has the page registered; it says 0 or its errno. */
static void hold(int say, bool lost)
{
	int fd = dev_open(), file = open(PLACE "/file", O_RDWR);
	uint32_t ctx, host;
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	uint8_t rc;

	if (p == MAP_FAILED || ctx_create(fd, &ctx))
		_exit(1);
	*p = 1;
	rc = -host_register(fd, ctx, p, PAGE, 0, &host);
	if (!rc && lost && lose(fd))
		_exit(2);
	if (write(say, &rc, 1) != 1)
		_exit(3);
	for (;;)
		pause();
}

/* From here on the page is locked. Returns 0, or why there is no such thing. */
static int begin(struct __test_metadata *_metadata, FIXTURE_DATA(slow) *self, bool lost)
{
	uint8_t rc = 0;
	int p[2];

	if (serve_file(&self->s))
		return ENODEV;
	ASSERT_EQ(0, pipe(p));
	self->holder = fork();
	if (!self->holder)
		hold(p[1], lost);
	close(p[1]);
	ASSERT_EQ(1, read(p[0], &rc, 1));
	close(p[0]);
	if (rc)
		return rc;
	atomic_store(&self->s.held, true);
	ASSERT_EQ(0, pthread_create(&self->writer, NULL, forget_pages, &self->s));
	for (int i = 0; i < 5000 && !atomic_load(&self->s.writes); i++)
		usleep(1000);
	ASSERT_LT(0, atomic_load(&self->s.writes));
	return 0;
}

FIXTURE_SETUP(slow)
{
}

FIXTURE_TEARDOWN(slow)
{
	if (self->holder)
		kill(self->holder, SIGKILL);
	if (self->s.server)
		unserve(&self->s);
	if (self->writer)
		pthread_join(self->writer, NULL);
	if (self->holder)
		waitpid(self->holder, NULL, 0);
}

/* Whether a process that does this comes to its end within ten seconds. */
static bool ends(void (*what)(void))
{
	uint64_t until = now_ns() + 10 * SECOND;
	pid_t pid = fork();

	if (!pid) {
		what();
		_exit(0);
	}
	while (now_ns() < until) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	return false;
}

static void use_device(void)
{
	uint32_t ctx;
	int fd = dev_open();

	if (ctx_create(fd, &ctx) || destroy(fd, ctx) || ctx_create(fd, &ctx))
		_exit(1);
}

static void use_socket(void)
{
	close(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* A process is killed and waits for the page; others that watch their memory end meanwhile. */
TEST_F_TIMEOUT(slow, others_end, 60)
{
	if (begin(_metadata, self, false))
		SKIP(return, "no file system that a process serves, or no pages of it for devices");
	kill(self->holder, SIGKILL);
	usleep(300000);
	EXPECT_TRUE(ends(use_device));
	EXPECT_TRUE(ends(use_device));
}

/* A file that nobody can reach is closed by a process that has to do with a socket: that one waits for nothing. */
TEST_F_TIMEOUT(slow, others_close_it, 60)
{
	if (begin(_metadata, self, true))
		SKIP(return, "no file system that a process serves, or no pages of it for devices");
	EXPECT_TRUE(ends(use_socket));
	EXPECT_TRUE(ends(use_socket));
	EXPECT_TRUE(ends(use_device));
}

TEST_HARNESS_MAIN
