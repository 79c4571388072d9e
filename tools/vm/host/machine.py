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
        self.last_words = []    # of the console, when it was asked what it does


def _write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


class Machine:
    """One run. The machine is its own session; children.adopt() comes before it."""

    SILENCE = 180       # seconds without a word, not even of the agent's pulse
    LAST_WORDS = 60     # for what it says when it is asked why it hangs

    def __init__(self, args, env, sockets, limits, show, marks, affinity=None):
        """SOCKETS: our end and the machine's of the channel, then of the emulator's monitor or None. LIMITS: seconds until the
        command has ended, and for what comes after it."""
        self.args, self.env, self.affinity = args, env, affinity
        (self.host_end, self.guest_end), self.monitor = sockets
        self.deadline, self.after = time.monotonic() + limits[0], limits[1]
        self.pulse = None       # when the agent was last heard
        self.asked = False      # why it hangs
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
            if self.report.killed:
                self._ask()
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
        theirs = [self.guest_end] + ([self.monitor[1]] if self.monitor else [])
        # The machine must not outlive us, so a hook in the child it is.
        self.process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
            self.args, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=[s.fileno() for s in theirs],
            start_new_session=True, preexec_fn=child)
        for s in theirs:
            s.close()
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
                    self.report.killed = self.report.killed or self._late()
                    return
                if self.pulse and time.monotonic() > self.pulse + self.SILENCE:
                    self.report.killed = f"the machine hangs: not a word for {self.SILENCE} s"
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

    def _ask(self):
        """What it does while it hangs."""
        if not self.monitor:
            return
        try:
            self.monitor[0].sendall(b"nmi\n")
        except OSError:
            return      # it is gone
        self.asked = True
        until = time.monotonic() + self.LAST_WORDS
        while self.process.poll() is None and time.monotonic() < until:
            self._read_console()
            time.sleep(0.1)
        self._read_console()

    def _late(self):
        if self.report.ended is None:
            return "time limit"
        return f"the machine hangs: {self.after} s after the command's end it is not down"

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
        if self.asked:
            self.report.last_words.append(line)
            return
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
        self.pulse = None if kind == b"x" else time.monotonic()     # the agent's last word
        if kind not in b"kp":   # there is what the console shows, too
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
            self.deadline = time.monotonic() + self.after
        elif kind == b"k":
            self.report.log.take(body)
        elif kind == b"l":
            self.report.leaks = body.decode(errors="replace")
        elif kind == b"c" and body == b"end":
            self.report.finished = True
            self._answer()
        elif kind == b"c":
            self.report.notes.append(body.decode(errors="replace"))

    def _answer(self):
        try:
            self.host_end.sendall(b"a")
        except OSError:
            pass        # it did not wait


def channel():
    """A pair of connected sockets; the second is for the machine."""
    return socket.socketpair()
