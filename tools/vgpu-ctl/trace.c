// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl trace: the driver API calls and the kernels of a program, live. A command that it
 * starts writes its calls itself (VGPU_TRACE, into a pipe of ours); of a process that runs,
 * the kernel tells (trace_kernel.c), which also says when launches begin and end.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "options.h"
#include "output.h"
#include "trace.h"

static volatile sig_atomic_t interrupted;
static struct timespec began;
static bool json;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

bool trace_interrupted(void)
{
	return interrupted;
}

/** trace_print - a line, with the time since the start; names in it are the program's choice, and no command to a terminal */
void trace_print(char *text)
{
	struct timespec now;
	double t;

	for (char *c = text; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	clock_gettime(CLOCK_MONOTONIC, &now);
	t = (now.tv_sec - began.tv_sec) + (now.tv_nsec - began.tv_nsec) / 1e9;
	if (json) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "seconds", json_object_new_double(t));
		add_string(o, "text", text);
		puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
		json_object_put(o);
	} else {
		printf("%10.6f %s\n", t, text);
	}
	fflush(stdout);
}

/** trace_lines - give each whole line of what came to a function; the rest stays in the buffer */
void trace_lines(struct trace_buffer *b, void (*fn)(char *line, void *data), void *data)
{
	char *line = b->text, *end;

	while ((end = memchr(line, '\n', b->text + b->used - line))) {
		*end = 0;
		fn(line, data);
		line = end + 1;
	}
	b->used -= line - b->text;
	memmove(b->text, line, b->used);
	if (b->used == sizeof(b->text))		/* a line too long to be one of ours */
		b->used = 0;
}

static void print_call(char *line, void *data)
{
	(void)data;
	trace_print(strncmp(line, "vgpu: ", 6) ? line : line + 6);
}

/* Print what is in the pipe. Returns false when nothing is, and nobody could write more. */
static bool drain(int fd, struct trace_buffer *b)
{
	ssize_t n;

	while ((n = read(fd, b->text + b->used, sizeof(b->text) - b->used)) > 0) {
		b->used += n;
		trace_lines(b, print_call, NULL);
	}
	return n < 0 && errno == EAGAIN;
}

static pid_t start(char **argv, const char *pipe_path)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setenv("VGPU_TRACE", pipe_path, 1);
	signal(SIGINT, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "vgpu-ctl: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Until the command has ended, and every process that it left behind with the pipe open. */
static int follow(pid_t pid, int fd)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	static struct trace_buffer b;
	bool ended = false;
	int status = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		bool writers;

		poll(&p, 1, 100);
		writers = drain(fd, &b);
		if (ended && !writers)
			break;
		if (!ended)
			ended = waitpid(pid, &status, WNOHANG) == pid;
		if (!writers)
			nanosleep(&pause, NULL);	/* poll() does not wait when nobody has it open */
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int trace_command(char **argv)
{
	char dir[] = "/tmp/vgpu-trace.XXXXXX", path[64];
	int fd, status = EXIT_FAILED;
	pid_t pid;

	if (!mkdtemp(dir)) {
		fprintf(stderr, "vgpu-ctl: /tmp: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	snprintf(path, sizeof(path), "%s/pipe", dir);
	fd = mkfifo(path, 0600) ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "vgpu-ctl: %s: %s\n", path, strerror(errno));
	else
		pid = start(argv, path);
	if (fd >= 0 && pid > 0)
		status = follow(pid, fd);
	if (fd >= 0)
		close(fd);
	unlink(path);
	rmdir(dir);
	return status;
}

static bool is_number(const char *text)
{
	for (; *text && isdigit((unsigned char)*text); text++)
		;
	return !*text;
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: vgpu-ctl trace [--json] PID\n"
		    "  or:  vgpu-ctl trace [--json] COMMAND [ARGUMENT...]\n"
		    "Show the CUDA driver API calls of a program as they are made, with results and times,\n"
		    "and of a process that runs already also its launches on the device (needs root).\n");
}

/** cmd_trace - the command; by hand, for the options after COMMAND are not ours */
int cmd_trace(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j")) {
			json = true;
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-?")) {
			usage(stdout);
			return 0;
		} else if (!strcmp(argv[i], "--")) {
			i++;
			break;
		} else {
			break;
		}
	}
	if (i >= argc || argv[i][0] == '-') {
		usage(stderr);
		return EXIT_USAGE;
	}
	clock_gettime(CLOCK_MONOTONIC, &began);
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	if (argc == i + 1 && is_number(argv[i]))
		return trace_process(argv[i]);
	return trace_command(argv + i);
}
