# SPDX-License-Identifier: MIT
"""Runs one machine: starts it, passes its output on, keeps the time, cleans up."""
import os
import resource
import selectors
import socket
import subprocess
import time

from . import children, log
from .verdict import plain


class ReaderLeft(Exception):
    """Nobody reads our standard output any more."""


class Report:
    """All that a machine said before it went."""

    def __init__(self, marks):
        self.marks = marks      # of this run, in both logs
        self.ended = None       # the agent's word: "exit 0", "signal 9", "timeout"
        self.notes = []         # the session's lines: "boot 0.2", "insmod 1 …"
        self.log = log.KernelLog(marks)      # as far as the machine lived to send it
        self.leaks = ""
        self.console = log.Lines()      # what the console showed
        self.finished = False   # the session came to its end
        self.killed = None      # why the host ended the machine


def _write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


class Machine:
    """One run. The machine is its own session; children.adopt() comes before it."""

    def __init__(self, args, env, channel_fds, limit, show, marks, affinity=None):
        self.args, self.env, self.affinity = args, env, affinity
        self.host_end, self.guest_end = channel_fds
        self.deadline = time.monotonic() + limit
        self.show = show
        self.report = Report(marks)
        self.buffer = bytearray()
        self.partial = b""
        self.begun = False
        self.process = None
        self.last = log.Repeated()      # line that was shown

    def run(self):
        """Start to end; returns the Report."""
        try:
            self._start()
            self._loop()
        finally:
            children.end_all()
        self._show_repeated(self.last.times)
        return self.report

    def _start(self):
        def child():
            children.end_with_parent()
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
                if self.last.for_ever():
                    self.report.killed = ("the machine hangs: for a minute it has only repeated: "
                                          f"{self.last.line}")
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
        if self.report.marks.end in line:
            self.begun = False
        if self.begun:
            self._show(line)
        if self.report.marks.begin in line:
            self.begun = True

    def _show(self, line):
        """Once, when it comes again and again."""
        times = self.last.times
        if not self.last.again(plain(line), time.monotonic()):
            self._show_repeated(times)
            self.show(line)

    def _show_repeated(self, times):
        if times:
            self.show(f"(the same {times} times more)")

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
        if kind != b"k":        # there is what the console shows, too
            self.last.other(time.monotonic())
        if kind == b"o":
            try:
                _write_all(1, body)
            except BrokenPipeError as e:
                raise ReaderLeft from e
        elif kind == b"e":
            try:
                _write_all(2, body)
            except BrokenPipeError:
                pass        # what is told beside may be lost; the command's status still counts
        elif kind == b"x":
            self.report.ended = body.decode()
        elif kind == b"k":
            self.report.log.take(body)
        elif kind == b"l":
            self.report.leaks = body.decode(errors="replace")
        elif kind == b"c" and body == b"end":
            self.report.finished = True
            self.host_end.sendall(b"a")
        elif kind == b"c":
            self.report.notes.append(body.decode(errors="replace"))


def channel():
    """A pair of connected sockets; the second is for the machine."""
    return socket.socketpair()
