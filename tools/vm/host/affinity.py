# SPDX-License-Identifier: MIT
"""Which of the host's CPUs a user-mode Linux uses.

Its first CPU and the processes that it runs there wait for one another at each system call and page
fault. On two idle CPUs of the host, each such wait costs a wake-up of a sleeping CPU (in a virtual
machine an interrupt between CPUs, 50 us and more); on one it costs a switch. So the first CPU and
all processes stay on one CPU of the host, and the other threads keep to the rest.
"""
import os
import time


def _idle_ticks():
    """{cpu: ticks idle since boot}, from /proc/stat."""
    out = {}
    with open("/proc/stat", encoding="ascii") as f:
        for line in f:
            name, *ticks = line.split()
            if name[:3] == "cpu" and name[3:].isdigit():
                out[int(name[3:])] = int(ticks[3])
    return out


def _idlest(cpus):
    """The one of CPUS that did least in the last few ticks; another run may just have taken one."""
    before = _idle_ticks()
    time.sleep(0.05)
    after = _idle_ticks()
    return max(cpus, key=lambda cpu: after.get(cpu, 0) - before.get(cpu, 0))


class Affinity:
    """The threads of a machine of CPUS processors, from before its start."""

    def __init__(self, cpus):
        allowed = os.sched_getaffinity(0)
        self.first = _idlest(allowed)
        self.rest = allowed - {self.first}
        self.missing = cpus - 1 if self.rest else 0

    def enter(self):
        """In the machine's process, before it begins: what it starts inherits this."""
        os.sched_setaffinity(0, {self.first})

    def spread(self, pid):
        """Moves the threads of the other CPUs, the first that PID starts, once they are there."""
        if not self.missing:
            return
        try:
            threads = sorted(map(int, os.listdir(f"/proc/{pid}/task")))[1:]
            if len(threads) < self.missing:
                return
            for thread in threads[:self.missing]:
                os.sched_setaffinity(thread, self.rest)
        except OSError:
            return      # it is gone
        self.missing = 0
