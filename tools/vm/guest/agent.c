// SPDX-License-Identifier: MIT
/*
 * agent - run one command in a bed and hand its output and status to the host.
 *
 *	agent SPEC CHANNEL
 *	agent --log CHANNEL
 *
 * SPEC is a file of NUL-terminated strings: working directory, time limit in seconds,
 * CPU to pin the command to (-1: none), number of arguments, the arguments, the
 * environment. Everything goes over the descriptor CHANNEL as frames, a header line
 * "TYPE LENGTH\n" and LENGTH bytes: 'o' and 'e' are output, 'x' is how it ended,
 * "exit N", "signal N" or "timeout", 'k' records of /dev/kmsg, 'c' what else happened,
 * 'p' only that the machine lives, every few seconds. The kernel's log is followed
 * while the command runs, for its ring holds the last messages only; --log sends what the ring
 * holds. The host sees by the records' numbers which it has and which were lost.
 *
 * A command that is still there at its time limit ends; before it does, the processes are named ("hung …"), and the
 * kernel logs where those are that cannot be interrupted, and what runs.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK   16384
#define RECORD  8192 /* CONSOLE_EXT_LOG_MAX, PRINTK_MESSAGE_MAX: the longest */
#define RECORDS 4096 /* of a turn: the command's output waits meanwhile */
#define PULSE   5000 /* milliseconds */

struct spec {
	const char *cwd;
	long limit;
	int cpu;
	char **argv;
	char **envp;
};

static int channel;

static int kmsg;

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static void put(const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(channel, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			exit(125);
		p += n;
		len -= n;
	}
}

static void frame(char type, const void *data, size_t len)
{
	char head[32];

	put(head, snprintf(head, sizeof(head), "%c %zu\n", type, len));
	put(data, len);
}

/* Sends what the kernel has logged since, MOST records at most. */
static void send_log(long most)
{
	static char buf[8 * RECORD];
	size_t have = 0;
	ssize_t n;

	while (most-- > 0) {
		n = read(kmsg, buf + have, sizeof(buf) - have);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* the oldest were overwritten, go on with what is there */
		if (n <= 0)
			break;
		have += n;
		if (sizeof(buf) - have < RECORD) {
			frame('k', buf, have);
			have = 0;
		}
	}
	if (have)
		frame('k', buf, have);
}

/* Reads the whole file; the strings stay in its buffer. */
static char *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *buf;
	size_t have = 0;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	buf = malloc(st.st_size + 1);
	if (!buf)
		die("malloc");
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, buf + have, st.st_size - have);

		if (n <= 0)
			die(path);
		have += n;
	}
	close(fd);
	buf[have] = 0;
	*len = have;
	return buf;
}

static void parse(const char *path, struct spec *s)
{
	size_t len, count = 0, i, argc;
	char *buf = slurp(path, &len), **word, *p;

	for (p = buf; p < buf + len; p += strlen(p) + 1)
		count++;
	word = calloc(count + 2, sizeof(*word));
	if (!word)
		die("malloc");
	for (p = buf, i = 0; i < count; p += strlen(p) + 1)
		word[i++] = p;
	if (count < 5) {
		fprintf(stderr, "agent: short specification\n");
		exit(125);
	}
	s->cwd = word[0];
	s->limit = atol(word[1]);
	s->cpu = atoi(word[2]);
	argc = strtoul(word[3], NULL, 10);
	if (argc < 1 || argc > count - 4) {
		fprintf(stderr, "agent: bad argument count\n");
		exit(125);
	}
	/* Room for the NULL between arguments and environment: move the latter up. */
	memmove(word + 4 + argc + 1, word + 4 + argc, (count - 4 - argc) * sizeof(*word));
	word[4 + argc] = NULL;
	s->argv = word + 4;
	s->envp = word + 4 + argc + 1;
}

static void child(const struct spec *s, int out, int err)
{
	int null = open("/dev/null", O_RDONLY);
	cpu_set_t set;

	setsid();
	if (s->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(s->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	if (chdir(s->cwd)) {
		fprintf(stderr, "vgpu-vm: the machine has no folder %s to run in: %s\n", s->cwd, strerror(errno));
		_exit(125);
	}
	environ = s->envp;
	execvp(s->argv[0], s->argv);
	fprintf(stderr, "%s: %s\n", s->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Passes on what is there. Returns 0 once all writers are gone. */
static int relay(struct pollfd *p, char type)
{
	static char buf[CHUNK];
	ssize_t n;

	if (p->fd < 0 || !p->revents)
		return p->fd >= 0;
	n = read(p->fd, buf, sizeof(buf));
	if (n > 0) {
		frame(type, buf, n);
	} else if (n == 0 || errno != EINTR) {
		close(p->fd);
		p->fd = -1;
	}
	return p->fd >= 0;
}

/* Reads the start of a file of /proc/PID, as one line; what is not there is empty. */
static void word_of(const char *pid, const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, to, size - 1);
		close(fd);
	}
	to[n > 0 ? n : 0] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (to[i] < ' ')
			to[i] = ' ';
}

/* Names a process: number, state and parent, what it waits in, its command. The kernel's own have none. */
static void tell_process(const char *pid)
{
	char stat[256], command[128], in[64], text[512];
	const char *rest;

	word_of(pid, "stat", stat, sizeof(stat));
	word_of(pid, "cmdline", command, sizeof(command));
	word_of(pid, "wchan", in, sizeof(in));
	rest = strrchr(stat, ')');
	if (rest && (*command || !strncmp(rest, ") D", 3)))
		frame('c', text,
		      snprintf(text, sizeof(text), "hung %s%.*s in %s: %s", pid, (int)strcspn(rest + 4, " ") + 3,
			       rest + 1, in, *command ? command : stat));
}

/* What hangs, for whoever reads the output. */
static void tell_hanging(void)
{
	int sysrq = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	DIR *proc = opendir("/proc");
	struct dirent *d;

	while (proc && (d = readdir(proc)))
		if (*d->d_name >= '1' && *d->d_name <= '9')
			tell_process(d->d_name);
	if (proc)
		closedir(proc);
	if (sysrq < 0)
		return;
	for (const char *key = "wl"; *key; key++)
		if (write(sysrq, key, 1) != 1)
			break;
	close(sysrq);
	send_log(RECORDS);
}

/*
 * Until the command has ended, then as long as its output holds more: a daemon that it
 * left behind may keep the pipes open and does not hold us up.
 */
static int watch(pid_t pid, struct pollfd p[2], long limit, int *status)
{
	long long end = now_ms() + limit * 1000LL, pulse = 0;
	int done = 0, open = 1;

	while (!done || open) {
		int ready = poll(p, 2, done ? 0 : 20);

		if (now_ms() > pulse + PULSE) {
			pulse = now_ms();
			frame('p', "", 0);
		}
		send_log(RECORDS);
		if (ready > 0)
			open = relay(&p[0], 'o') | relay(&p[1], 'e');
		if (done && ready <= 0)
			return 0;
		if (!done && waitpid(pid, status, WNOHANG) == pid)
			done = 1;
		if (!open && !done)
			usleep(2000);
		if (now_ms() > end && !done) {
			tell_hanging();
			kill(-pid, SIGKILL);
			return -1;
		}
		/* Endless output of such a daemon ends with the time limit too. */
		if (done && now_ms() > end)
			return 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int out[2], err[2], status = 0;
	char text[32];
	struct spec s;
	pid_t pid;

	if (argc != 3) {
		fprintf(stderr, "usage: agent SPEC|--log CHANNEL\n");
		return 125;
	}
	channel = atoi(argv[2]);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		die("/dev/kmsg");
	if (!strcmp(argv[1], "--log")) {
		send_log(LONG_MAX);
		return 0;
	}
	parse(argv[1], &s);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		child(&s, out[1], err[1]);
	close(out[1]);
	close(err[1]);

	struct pollfd p[2] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };

	if (watch(pid, p, s.limit, &status))
		strcpy(text, "timeout");
	else if (WIFSIGNALED(status))
		sprintf(text, "signal %d", WTERMSIG(status));
	else
		sprintf(text, "exit %d", WEXITSTATUS(status));
	frame('x', text, strlen(text));
	return 0;
}
