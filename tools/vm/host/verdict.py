# SPDX-License-Identifier: MIT
"""What in a kernel log makes a run fail, whatever the command said."""
import re
from collections import Counter

# One line of these is enough.
COMPLAINTS = re.compile("|".join((
    r"\bBUG\b[: ]", r"\bWARNING: ", r"\bOops\b", r"Kernel panic", r"general protection fault",
    r"unable to handle", r"divide error", r"invalid opcode", r"stack segment",
    r"possible (circular|recursive) locking", r"inconsistent lock state",
    r"suspicious RCU usage", r"trying to register non-static key", r"held lock freed",
    r"still has locks held", r"lock held when returning", r"Invalid wait context",
    r"\bUBSAN: ", r"\bODEBUG: ", r"Bad page (state|map)", r"list_(add|del) corruption",
    r"refcount_t: ", r"blocked for more than", r"\brcu: INFO: ", r"self-detected stall",
    r"Objects remaining", r"allocated at module unload", r"vgpu: leaked",
    r"unknown parameter", r"corrupted stack", r"Bad FPU state", r"sysfs: cannot create duplicate",
)))
RACE = re.compile(r"BUG: KCSAN: ")
# A symbol of a module's, or, once that is unloaded, an address without a name.
MODULE_FRAME = re.compile(r"\+0x[0-9a-f]+/0x[0-9a-f]+ \[\w+\]|\b0x[0-9a-f]{16}\b|"
                          r"^\s*(\[<[0-9a-f]{16}>\]\s*)?0x[0-9a-f]{16}\s*$| \[\w+\]")
# What was accessed, and what became of it, are no frames.
ACCESS = re.compile(r" of \d+ bytes by |^value changed: ")
# The entry of an interrupt: what is below it was interrupted, and takes no part.
ENTRY = re.compile(r"\basm_(sysvec|common)_\w+\+0x")
RULE = "=" * 60
PRIORITY = re.compile(r"^<\d+>")
STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")


def plain(line):
    """A log line without its level and time."""
    return STAMP.sub("", PRIORITY.sub("", line.rstrip("\r\n")))


def takes_part(report):
    """Whether a module does in a data race, by the lines of KCSAN's report."""
    interrupted = False
    for text in map(plain, report):
        if ACCESS.search(text):
            interrupted = False
        elif not interrupted and MODULE_FRAME.search(text):
            return True
        interrupted = interrupted or bool(ENTRY.search(text))
    return False


def log_complaints(lines):
    """Lines to fail for. A data race counts when a module takes part in it: the core
    kernel has known ones of its own, reported too under KCSAN_STRICT."""
    found = []
    i = 0
    while i < len(lines):
        text = plain(lines[i])
        if RACE.search(text):
            last = i + 1
            while last < len(lines) and not plain(lines[last]).startswith(RULE):
                last += 1
            if takes_part(lines[i:last]):
                found.append(text)
            i = last
        elif COMPLAINTS.search(text):
            found.append(text)
        i += 1
    return found


def complaints_of(log, console, marks):
    """Lines of a run to fail for. The console lacks what is no warning (a leak at unload is not)
    and, when it is not read fast enough, more; the log lacks what a machine said as it died. A
    complaint is in both, as a rule, and counts once."""
    in_log = Counter(log_complaints(marks.between(log)))
    in_console = Counter(log_complaints(marks.between(console)))
    return list((in_log | in_console).elements())


def leak_complaints(text):
    """kmemleak's objects that a module's code allocated, as it prints them."""
    found = []
    for block in re.split(r"(?m)^(?=unreferenced object)", text):
        if not block.startswith("unreferenced object"):
            continue
        trace = block.partition("backtrace")[2].splitlines()[1:]
        if any(MODULE_FRAME.search(line) for line in trace):
            found.append(block.rstrip())
    return found
