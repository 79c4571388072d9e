// SPDX-License-Identifier: MIT
/*
 * uevents COMMAND...: runs the command and prints the uevents that the kernel
 * sent meanwhile, a line each: action@path.
 */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	int room = 1 << 20, status;
	char message[8192];
	ssize_t n;
	pid_t pid;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (argc < 2 || fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 125;
	pid = fork();
	if (!pid) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 125;
	while ((n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT)) > 0) {
		message[n] = 0;
		puts(message);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
