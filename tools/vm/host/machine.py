# SPDX-License-Identifier: MIT
"""Runs one machine: starts it, passes its output on, keeps the time, cleans up."""
import ctypes
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)


class Report:
    """All that a machine said before it went."""

    def __init__(self):
        self.ended = None       # the agent's word: "exit 0", "signal 9", "timeout"
        self.notes = []         # the session's lines: "boot 0.2", "insmod 1 …"
        self.log = None         # the kernel's whole log, if it lived to the end
        self.leaks = ""
        self.console = []       # what the console showed
        self.finished = False   # the session came to its end
        self.killed = None      # why the host ended the machine


def _write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def _stat_of(pid):
    """(parent, session) of a process, or None once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            rest = f.read().rpartition(b")")[2].split()
        return int(rest[1]), int(rest[3])
    except (OSError, IndexError, ValueError):
        return None


def _survivors(session):
    """Processes of that session, and children of ours (orphans come to us)."""
    me = os.getpid()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != me:
            stat = _stat_of(name)
            if stat and (stat[1] == session or stat[0] == me):
                found.append(int(name))
    return found


class Machine:
    """One run. The machine is its own session, and its orphans are handed to us."""

    def __init__(self, args, env, channel_fds, limit, show, affinity=None):
        self.args, self.env, self.affinity = args, env, affinity
        self.host_end, self.guest_end = channel_fds
        self.deadline = time.monotonic() + limit
        self.show = show
        self.report = Report()
        self.buffer = bytearray()
        self.partial = b""
        self.begun = False
        self.process = None

    def run(self):
        """Start to end; returns the Report."""
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupted)
        try:
            self._start()
            self._loop()
        finally:
            self._stop()
        return self.report

    def _interrupted(self, number, _frame):
        self._stop()
        sys.exit(128 + number)

    def _start(self):
        def child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            # UML holds a file of the host's for each of its processes and of the files they saw.
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            if self.affinity:
                self.affinity.enter()
        # The machine must not outlive us, so a hook in the child it is.
        self.process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
            self.args, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=(self.guest_end.fileno(),),
            start_new_session=True, preexec_fn=child)
        self.guest_end.close()
        os.set_blocking(self.process.stdout.fileno(), False)
        self.host_end.setblocking(False)

    def _loop(self):
        console = self.process.stdout.fileno()
        with selectors.DefaultSelector() as wait:
            wait.register(console, selectors.EVENT_READ)
            wait.register(self.host_end, selectors.EVENT_READ)
            while self.process.poll() is None:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    self.report.killed = "time limit"
                    return
                if self.affinity:
                    self.affinity.spread(self.process.pid)
                for key, _ in wait.select(min(left, 0.2)):
                    alive = (self._read_console() if key.fd == console
                             else self._read_channel())
                    if not alive:
                        wait.unregister(key.fileobj)
        # What it wrote last is still in the pipes.
        while self._read_channel():
            pass
        while self._read_console():
            pass

    def _read_channel(self):
        try:
            data = self.host_end.recv(1 << 16)
        except (BlockingIOError, ConnectionError):
            return not self._gone()
        if not data:
            return False
        self.buffer += data
        while self._take_frame():
            pass
        return True

    def _read_console(self):
        try:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            return not self._gone()
        *lines, self.partial = (self.partial + data).split(b"\n")
        if not data and self.partial:
            lines.append(self.partial)
            self.partial = b""
        for line in lines:
            self._console_line(line.decode(errors="replace").rstrip("\r"))
        return bool(data)

    def _gone(self):
        return self.process.poll() is not None

    def _console_line(self, line):
        self.report.console.append(line)
        if "vgpu-vm: end" in line:
            self.begun = False
        if self.begun:
            self.show(line)
        if "vgpu-vm: begin" in line:
            self.begun = True

    def _take_frame(self):
        head, newline, _ = self.buffer.partition(b"\n")
        if not newline:
            return False
        try:
            kind, length = head.split()
            length = int(length)
        except ValueError:
            self.report.killed = f"garbled channel: {bytes(head[:40])!r}"
            self.deadline = 0
            self.buffer.clear()
            return False
        if len(self.buffer) < len(head) + 1 + length:
            return False
        body = bytes(self.buffer[len(head) + 1:len(head) + 1 + length])
        del self.buffer[:len(head) + 1 + length]
        self._frame(kind, body)
        return True

    def _frame(self, kind, body):
        if kind in (b"o", b"e"):
            try:
                _write_all(1 if kind == b"o" else 2, body)
            except BrokenPipeError:
                pass        # our reader left; the command's status still counts
        elif kind == b"x":
            self.report.ended = body.decode()
        elif kind == b"k":
            self.report.log = body.decode(errors="replace").splitlines()
        elif kind == b"l":
            self.report.leaks = body.decode(errors="replace")
        elif kind == b"c" and body == b"end":
            self.report.finished = True
            self.host_end.sendall(b"a")
        elif kind == b"c":
            self.report.notes.append(body.decode(errors="replace"))

    def _stop(self):
        """No process of the machine's survives this."""
        if self.process is None:
            return
        for _ in range(500):
            pids = _survivors(self.process.pid)
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            if not pids:
                return
            time.sleep(0.01)


def channel():
    """A pair of connected sockets; the second is for the machine."""
    return socket.socketpair()
