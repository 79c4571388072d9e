# SPDX-License-Identifier: MIT
"""Nothing that we start, and nothing that those start, survives us."""
import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)


def _parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return int(f.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None     # it is gone


def _children():
    me = os.getpid()
    return [int(name) for name in os.listdir("/proc")
            if name.isdigit() and _parent_of(name) == me]


def end_all():
    """Kill our children, then their orphans, which come to us, until there are none."""
    for _ in range(500):
        pids = _children()
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


def _interrupted(number, _frame):
    end_all()
    sys.exit(128 + number)


def adopt():
    """From now on orphans come to us, and a signal that ends us ends them first."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)


def end_with_parent():
    """In a child: the kernel kills it when its parent is killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
