// SPDX-License-Identifier: MIT
/*
 * devrule CGROUP MAJOR MINOR COMMAND [ARG...]: attach a device program (BPF_PROG_TYPE_CGROUP_DEVICE) to a
 * cgroup of version 2, as container runtimes do, then run a command in it. The program admits the memory devices
 * (major 1) and one other device. Status 77: this kernel has none of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNAVAILABLE 77

#define LOAD(to, from, offset)	{ .code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = (to), .src_reg = (from), .off = (offset) }
#define SET(to, value)		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value) }
#define IF(op, reg, value, skip) { .code = BPF_JMP | (op) | BPF_K, .dst_reg = (reg), .off = (skip), .imm = (value) }
#define EXIT			{ .code = BPF_JMP | BPF_EXIT }

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int load(int major, int minor)
{
	static const char license[] = "GPL";
	static char log[4096];
	const struct bpf_insn insns[] = {
		LOAD(BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major)),
		LOAD(BPF_REG_3, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor)),
		SET(BPF_REG_0, 1),
		IF(BPF_JEQ, BPF_REG_2, 1, 3),
		IF(BPF_JNE, BPF_REG_2, major, 1),
		IF(BPF_JEQ, BPF_REG_3, minor, 1),
		SET(BPF_REG_0, 0),
		EXIT,
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = sizeof(insns) / sizeof(*insns);
	attr.license = (uintptr_t)license;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		fprintf(stderr, "BPF_PROG_LOAD: %s\n%s", strerror(errno), log);
	return fd;
}

static void enter(const char *cgroup)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	union bpf_attr attr;
	int prog, group;

	if (argc < 5)
		return 2;
	group = open(argv[1], O_RDONLY | O_DIRECTORY);
	prog = load(atoi(argv[2]), atoi(argv[3]));
	if (group < 0 || (prog < 0 && errno != ENOSYS && errno != EINVAL))
		return 1;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = group;
	attr.attach_bpf_fd = prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (prog < 0 || bpf(BPF_PROG_ATTACH, &attr))
		return UNAVAILABLE;
	enter(argv[1]);
	execv(argv[4], argv + 4);
	perror(argv[4]);
	return 1;
}
