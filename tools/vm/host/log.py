# SPDX-License-Identifier: MIT
"""What the kernel logged, from the records of /dev/kmsg and from the console."""
import re
import secrets

MOST = 1000000      # lines of either that are kept
TASK = re.compile(r"\btask:.*\bstate:(\w)")
ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


class Marks:
    """What the session logs before and after a run: other words each time, so that nothing that
    the run itself logs can be taken for one."""

    def __init__(self):
        self.begin, self.end = (f"vgpu-vm: {what} {secrets.token_hex(8)}"
                                for what in ("begin", "end"))

    def between(self, lines):
        """The part that belongs to the run: after boot, before power-off."""
        begin = next((i + 1 for i, s in enumerate(lines) if self.begin in s), 0)
        end = next((i for i, s in enumerate(lines) if self.end in s), len(lines))
        return lines[begin:end]


class Repeated:
    """The last line of a console, and whether the machine has long said nothing else."""

    LINES, SECONDS, PAUSE = 3000, 60, 5     # so many, for so long, none of so long between

    def __init__(self):
        self.line = None
        self.times = 0          # that it came again
        self.run = 0            # of these, without a pause and another word
        self.since = self.latest = 0

    def again(self, line, now):
        """Whether this is the last line once more; else it is the last one now."""
        if line != self.line or now - self.latest > self.PAUSE:
            self.other(now)
        self.latest = now
        self.run += 1
        if line == self.line:
            self.times += 1
            return True
        self.line, self.times = line, 0
        return False

    def other(self, now):
        """The machine said something else, or nothing."""
        self.run, self.since = 0, now

    def for_ever(self):
        """Whether no other word is to be expected."""
        return self.run >= self.LINES and self.latest - self.since >= self.SECONDS


class Lines(list):
    """The last MOST lines at least; OVER once some before them were dropped."""

    over = False

    def append(self, line):
        super().append(line)
        if len(self) > 2 * MOST:
            del self[:MOST]
            self.over = True


def hanging(lines):
    """Of what a machine says in a panic: where its processors are, and the tasks that run or cannot be interrupted."""
    found, wanted = [], True
    for line in lines:
        if "Sched Debug Version" in line:
            break
        task = TASK.search(line)
        wanted = task[1] in "RD" if task else wanted
        if wanted:
            found.append(line)
    return found


class KernelLog:
    """Records of /dev/kmsg (Documentation/ABI/testing/dev-kmsg), each taken once."""

    def __init__(self, marks):
        self.marks = marks
        self.lines = Lines()    # as dmesg -r writes them
        self.next = 0           # the number of the record to come
        self.begun = False
        self.lost = 0           # records after the begin mark that were never seen

    def take(self, body):
        """Whole records, in the order of their numbers; those that are known are passed over."""
        for raw in body.split(b"\n"):
            head, semicolon, text = raw.partition(b";")
            if semicolon and not raw.startswith(b" "):      # else the words after a record
                self._record(head.split(b","), text)

    def _record(self, head, text):
        level, number, microseconds = (int(word) for word in head[:3])
        if number < self.next:
            return
        if self.begun:
            self.lost += number - self.next
        self.next = number + 1
        stamp = f"<{level}>[{microseconds // 1000000:5d}.{microseconds % 1000000:06d}] "
        text = ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), text).decode(errors="replace")
        for line in text.split("\n"):
            self.lines.append(stamp + line)
        self.begun = self.begun or self.marks.begin in text

    def gaps(self):
        """Why this is not the whole log of the run, or None."""
        if not self.begun:
            return "what was logged first was overwritten before it could be read"
        if self.lost:
            return f"{self.lost} messages were overwritten before they could be read"
        return None
