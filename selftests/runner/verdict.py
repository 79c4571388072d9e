#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the beds' judge (tools/vm/host/verdict.py) makes of kernel logs: a line for each mistake."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/vm"))
from host import log, verdict  # pylint: disable=wrong-import-position

RULE = "=" * 66


def race(frame):
    """KCSAN's report of a race between a core function and what has this frame."""
    return [RULE, "BUG: KCSAN: data-race in tick_sched_do_timer / tick_sched_do_timer", "",
            "write to 0xffffffff8b2f1a40 of 8 bytes by interrupt on cpu 1:",
            " tick_sched_do_timer+0x3f/0x80", *frame.split("\n"), "",
            "value changed: 0x00000000fffee2a1 -> 0x00000000fffee2a2", RULE, "an innocent line"]


def forged(marks):
    """Marks as a command can log them, with what it finds in the log."""
    other = log.Marks()
    return ["vgpu-vm: end", "vgpu-vm: begin", marks.begin.replace("begin", "end"),
            other.end, other.begin]


def record(number, text):
    """A record of /dev/kmsg."""
    return f"4,{number},1000,-;{text}\n".encode()


# Lines of a log between the marks, and how many complaints they are.
CASES = (
    ("nothing", ["vgpu: 1 device", "systemd: warning: none"], 0),
    ("a race of the core kernel's own", race(" update_process_times+0x40/0x90"), 0),
    ("a race with a module in it", race(" vgpu_kick+0x10/0x90 [vgpu]"), 1),
    ("a race with what was unloaded", race(" 0xffffffffc0a41234"), 1),
    ("one while a module was interrupted",
     race(" asm_sysvec_apic_timer_interrupt+0x16/0x20\n vgpu_kick+0x10/0x90 [vgpu]"), 0),
    ("one in a module's interrupt",
     race(" vgpu_late+0x10/0x90 [vgpu]\n asm_sysvec_apic_timer_interrupt+0x16/0x20"), 1),
    ("what follows a race", race(" update_process_times+0x40/0x90") + ["BUG: sleeping function called"], 1),
    ("a warning", ["[   12.500000][ T12] WARNING: planted.c:178 at x"], 1),
    ("a level before it", ["<4>[   12.500000] WARNING: CPU: 0 PID: 1 at a.c:1"], 1),
    ("a leak that a module counted", ["vgpu: leaked 2 buffer objects"], 1),
    ("lockdep", ["WARNING: possible circular locking dependency detected"], 1),
    ("a word within words", ["DEBUG: no BUGS here", "WARNINGS: none"], 0),
)


def mistakes():
    """Names of the cases that are judged wrongly."""
    marks = log.Marks()
    forgery = ("marks that the command logged", ["BUG: a", *forged(marks), "WARNING: b"], 2)
    for name, lines, want in (*CASES, forgery):
        said = [f"x {marks.begin}", *lines, f"x {marks.end}", "WARNING: after the end"]
        got = verdict.complaints_of(said, said, marks)
        if len(got) != want:
            yield f"{name}: {got}, not {want}"
    one = [marks.begin, "WARNING: a", marks.end]
    both = [marks.begin, "WARNING: a", "BUG: b", marks.end]
    if len(verdict.complaints_of(one, both, marks)) != 2:
        yield "what only the console has"
    # A machine that died has no end, whatever it was that logged one before.
    died = [marks.begin, *forged(marks), "BUG: a"]
    if len(verdict.complaints_of(died, died, marks)) != 1:
        yield "what a machine says as it dies, after a mark that the command logged"
    kernel_log = log.KernelLog(marks)
    kernel_log.take(record(0, forged(marks)[-1]) + record(2, "more"))
    if kernel_log.lost or not kernel_log.gaps():
        yield "a log without its beginning, but with a mark that the command logged"
    kernel_log = log.KernelLog(marks)
    kernel_log.take(record(0, marks.begin) + record(2, "more"))
    if kernel_log.lost != 1 or not kernel_log.gaps():
        yield "a gap after the beginning"
    words = ["Kernel panic", "[1.0] task:sh  state:S stack:0", " sleeps", "[1.0] task:rmmod  state:D stack:0", " waits",
             "Sched Debug Version: v0.11", "cpu#0"]
    if log.hanging(words) != [words[0], words[3], words[4]]:
        yield f"what a machine says that hangs: {log.hanging(words)}"


def hangs(lines, seconds, words=(), pause=0):
    """Whether a machine is given up that says one line so often in that time, other words after so many
    of them, and nothing for a while in the middle."""
    last = log.Repeated()
    for i in range(lines):
        now = 1000 + i * seconds / lines + (pause if i > lines / 2 else 0)
        last.again("UML ran out of memory", now)
        if i in words:
            last.other(now)
        if last.for_ever():
            return True
    return False


def wrong_ends():
    """Likewise, of machines that are given up, or are not, because of what their consoles show."""
    if not hangs(10000, 100):
        yield "one line for ever is no end"
    if hangs(10000, 59):
        yield "one line for less than a minute is the end"
    if hangs(2900, 1000):
        yield "a message that comes three times a second is the end"
    if hangs(10000, 100, words=(5000,)):
        yield "one line, beside what the command prints, is the end"
    if hangs(10000, 50, pause=600):
        yield "one line, in two floods that are far apart, is the end"
    last = log.Repeated()
    for i in range(100000):
        last.again(f"line {i % 2}", i)
        if last.for_ever():
            yield "lines that differ are the end"
            break


WRONG = [*mistakes(), *wrong_ends()]
print("\n".join(WRONG))
sys.exit(bool(WRONG))
