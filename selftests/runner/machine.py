#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a machine may take (tools/vm/host/machine.py), of programs that speak as the beds' session does: a line for
each mistake."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/vm"))
from host import children, log, machine  # pylint: disable=wrong-import-position

# What it does, why the host ended it, and how its command ended.
CASES = (
    ("hangs", "sleep 60", "time limit", None),
    ("ends and hangs", "printf 'x 6\\nexit 0' >&$0; sleep 60", "the machine hangs: 1 s after the command's end it is not down",
     "exit 0"),
    ("ends late, and goes", "sleep 0.7; printf 'x 6\\nexit 7' >&$0; sleep 0.7; printf 'c 3\\nend' >&$0", None, "exit 7"),
    ("speaks nonsense", "echo what >&$0; sleep 60", "garbled channel: b'what'", None),
)


def mistakes():
    """Names of the cases that end otherwise."""
    children.adopt()
    for name, does, killed, ended in CASES:
        ours, theirs = machine.channel()
        args = ["/bin/bash", "-c", does, str(theirs.fileno())]
        got = machine.Machine(args, dict(os.environ), ((ours, theirs), None), (1, 1), print, log.Marks()).run()
        if (got.killed, got.ended, got.finished) != (killed, ended, not killed):
            yield f"{name}: {got.killed}, {got.ended}, {got.finished}"


found = list(mistakes())
for text in found:
    print(text)
sys.exit(bool(found))
