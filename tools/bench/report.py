#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""report.py DIR: run the benchmarks in DIR and print what they say, with ratios to their peers."""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LINE = re.compile(r"^(\w+) ([0-9.]+)(?: (.*))?$")


def figures(*command):
    """The "name value unit" lines that a command prints; everything else goes to stderr."""
    out = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = {}
    for line in out.splitlines():
        m = LINE.match(line)
        if m:
            found[m[1]] = (float(m[2]), m[3] or "")
        else:
            print(line, file=sys.stderr)
    return found


def show(found):
    """One figure a line."""
    for name, (value, unit) in found.items():
        print(f"{name:28} {value:12.3f} {unit}")


def ratio(text, a, b):
    """The ratio of two figures, where both were measured."""
    if a and b and b[0]:
        print(f"{text:50} {a[0] / b[0]:8.3f}")


def main():
    """The report."""
    where = sys.argv[1]
    print("== engine, one core, in user space")
    subprocess.run([f"{where}/engine"], cwd=TOP, check=True)
    print("== the host's own code")
    host = figures(f"{where}/triad")
    show(host)
    print("== a CUDA program on the device, user-mode Linux")
    gpu = figures(f"{TOP}/tools/vm/vgpu-vm", "--mem", "4G", "--", f"{where}/gpu")
    show(gpu)
    print("== ratios")
    ratio("SAXPY on the device / host triad", gpu.get("saxpy_gbs"), host.get("host_triad_gbs"))
    ratio("triad on the device / host triad", gpu.get("triad_gbs"), host.get("host_triad_gbs"))
    ratio("device-to-device copy / host copy", gpu.get("d2d_gbs"), host.get("host_copy_gbs"))


if __name__ == "__main__":
    main()
