// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl trace: the driver API calls of a program and what the device does for it, live. A command that
 * it starts writes its calls itself (VGPU_TRACE, into a pipe of ours); of a process that runs, the kernel tells
 * (trace_kernel.c), and of both what the devices do.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "options.h"
#include "output.h"
#include "trace.h"

static volatile sig_atomic_t interrupted, terminated;

static void interrupt(int number)
{
	interrupted = 1;
	terminated = number == SIGTERM;
}

/** trace_interrupted - whether to come to an end */
bool trace_interrupted(void)
{
	return interrupted;
}

/* "vgpu: @NS:PID TEXT", or what libcuda tells without a time. */
static void print_text(char *line)
{
	unsigned long long ns;
	int text = 0;
	long pid;

	if (sscanf(line, "vgpu: @%llu:%ld%n", &ns, &pid, &text) == 2 && line[text])
		trace_text(ns / 1e9, line + text + 1);
	else
		trace_text(trace_now(), strncmp(line, "vgpu: ", 6) ? line : line + 6);
}

/* "vgpu: @NS:PID [TID] NAME = RESULT (N us)" is a call; whatever else libcuda tells is text. */
static void print_line(char *line, void *data)
{
	struct trace_call c = { 0 };
	char name[128], result[64];
	unsigned long long ns, us;

	(void)data;
	if (sscanf(line, "vgpu: @%llu:%ld [%ld] %127s = %63s (%llu us)", &ns, &c.pid, &c.tid, name, result, &us) != 6) {
		print_text(line);
		return;
	}
	c.when = ns / 1e9;
	c.us = us;
	c.name = name;
	c.result = result;
	trace_call(&c);
}

static pid_t start(char **argv, const char *pipe_path)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setenv("VGPU_TRACE", pipe_path, 1);
	setenv("VGPU_TRACE_TIMES", "1", 1);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
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
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = trace_kernel_fd(), .events = POLLIN } };
		bool more, writers;

		poll(p, 2, 100);
		writers = trace_read(fd, &b, print_line, NULL);
		more = trace_kernel_read();
		if (ended && !writers && !more)
			break;
		if (!ended)
			ended = waitpid(pid, &status, WNOHANG) == pid;
		if (terminated && !ended) /* an interrupt has come to it from the terminal */
			kill(pid, SIGTERM);
		terminated = 0;
		if (!writers)
			nanosleep(&pause, NULL); /* poll() does not wait when nobody has it open */
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int trace_command(char **argv)
{
	char dir[] = "/tmp/vgpu-trace.XXXXXX", path[64];
	int fd, status = EXIT_FAILED;
	pid_t pid;

	if (!mkdtemp(dir))
		return fail(EXIT_FAILED, "/tmp: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	fd = mkfifo(path, 0600) ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
	} else {
		trace_kernel_begin(NULL);
		pid = start(argv, path);
		if (pid > 0)
			status = follow(pid, fd);
		trace_kernel_end();
		close(fd);
		if (!trace_saw_calls() && status != 127)
			fprintf(stderr,
				"vgpu-ctl: %s called nothing of our libcuda.so.1: `vgpu-ctl doctor' says which one "
				"programs load\n",
				argv[0]);
	}
	unlink(path);
	rmdir(dir);
	return status;
}

static int trace_process(const char *pid)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%.20s", pid);
	if (access(path, F_OK))
		return fail(EXIT_FAILED, "there is no process %s", pid);
	if (access("/sys/module/vgpu", F_OK))
		return no_device();
	r = trace_kernel_begin(pid);
	while (!r && !interrupted) {
		struct pollfd p = { .fd = trace_kernel_fd(), .events = POLLIN };

		poll(&p, 1, 200);
		if (!trace_kernel_read() && access(path, F_OK))
			break;
	}
	trace_kernel_end();
	return r;
}

static bool is_number(const char *text)
{
	for (; *text && isdigit((unsigned char)*text); text++)
		;
	return !*text;
}

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: vgpu-ctl trace [--json] [-o FILE] PID\n"
		"  or:  vgpu-ctl trace [--json] [-o FILE] COMMAND [ARGUMENT...]\n"
		"Show the CUDA driver API calls of a program as they are made, with results and times, and what the\n"
		"device does for it (as root). Of a process that runs (as root) on standard output, of a command on\n"
		"standard error, where it does not mix with the command's output.\n\n"
		"  -j, --json         print JSON, an object a line\n"
		"  -o, --output=FILE  write to FILE\n");
}

/* Where the lines go: a command's own output stays as it is. */
static FILE *open_output(const char *file, bool process)
{
	FILE *to = file ? fopen(file, "we") : process ? stdout : stderr;

	if (!to)
		fail(EXIT_FAILED, "%s: %s", file, strerror(errno));
	return to;
}

/* Options up to the next word; the exit status when there is nothing more to do, else -1. */
static int read_options(int argc, char **argv, const char **file)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "output", required_argument, NULL, 'o' },
						 { "help", no_argument, NULL, 'h' },
						 { "usage", no_argument, NULL, 'h' },
						 { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "+jo:", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			errors_json = true;
			break;
		case 'o':
			*file = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_DONE;
		default:
			usage(stderr);
			return EXIT_ARGP;
		}
	}
	return -1;
}

/** cmd_trace - the command; not by argp, for the options after COMMAND are not ours */
int cmd_trace(int argc, char **argv)
{
	const char *file = NULL, *pid;
	int status;
	FILE *to;

	optind = 1;
	status = read_options(argc, argv, &file);
	if (status >= 0)
		return status;
	if (optind >= argc) {
		usage(stderr);
		return EXIT_ARGP;
	}
	pid = is_number(argv[optind]) ? argv[optind] : NULL;
	if (pid) { /* options may follow it */
		optind++;
		status = read_options(argc, argv, &file);
		if (status >= 0)
			return status;
		if (optind < argc)
			return fail(EXIT_USAGE, "%s is one too many", argv[optind]);
	}
	to = open_output(file, pid);
	if (!to)
		return EXIT_FAILED;
	errors_to(pid ? stdout : to);
	trace_out_open(to, errors_json);
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	status = pid ? trace_process(pid) : trace_command(argv + optind);
	if (file && fflush(to))
		return fail(EXIT_FAILED, "%s: %s", file, strerror(errno));
	return status;
}
