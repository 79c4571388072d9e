// SPDX-License-Identifier: MIT
/*
 * Ends that nobody else is to wait for: of files that are closed by whoever comes along, and of pages that are locked for as long as
 * somebody likes.
 */
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "../lib/harness.h"

#include "dev.h"

#define PLACE	"/tmp/vgpu-served"
#define NODE_ID	2
#define PAGE	4096

/* ---- a file system with one file */

struct served {
	int fd;
	pthread_t server;
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

static void unserve(struct served *s)
{
	umount2(PLACE, MNT_DETACH | MNT_FORCE);
	pthread_join(s->server, NULL);
	close(s->fd);
	rmdir(PLACE);
}

/*
 * The pages of such a file are locked while the process writes them. Who had them registered would wait for that when he ends, or
 * whoever ends him.
 */
TEST(pages_that_a_process_serves)
{
	struct served s = {};
	int gpu = dev_open(), file;
	uint32_t ctx, host;
	char *p;

	if (serve_file(&s))
		SKIP(return, "no file system that a process serves");
	file = open(PLACE "/file", O_RDWR);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	EXPECT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, ctx_create(gpu, &ctx));
	*p = 1;
	EXPECT_EQ(-EFAULT, host_register(gpu, ctx, p, PAGE, 0, &host));
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	EXPECT_EQ(0, host_register(gpu, ctx, p, PAGE, 0, &host));
	EXPECT_EQ(0, destroy(gpu, host));
	munmap(p, PAGE);
	close(file);
	unserve(&s);
}

/* ---- files that nobody can reach */

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

/*
 * Such a file is closed by a process that has to do with a socket, or by a thread that closes all such of the machine. They wait for
 * nothing (contexts may take seconds to end), and what it held is free soon after.
 */
TEST(file_that_is_lost)
{
	struct vgpu_device_status before;
	int gpu = dev_open(), lost = dev_open();
	uint32_t ctx, bo, host;
	uint64_t va;
	void *p;

	ASSERT_EQ(0, status(gpu, &before));
	ASSERT_EQ(0, posix_memalign(&p, PAGE, PAGE));
	memset(p, 1, PAGE);
	ASSERT_EQ(0, ctx_create(lost, &ctx));
	ASSERT_EQ(0, bo_mapped(lost, ctx, 4 * MIB, &bo, &va));
	ASSERT_EQ(0, host_register(lost, ctx, p, PAGE, 0, &host));
	ASSERT_EQ(0, lose(lost));
	close(socket(AF_UNIX, SOCK_STREAM, 0));
	EXPECT_TRUE(all_freed(gpu, &before));
}

TEST_HARNESS_MAIN
