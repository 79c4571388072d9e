#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""report.py DIR: run the benchmarks in DIR and print what they say, with ratios to their peers."""
import os
import re
import resource
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


def best(a, b):
    """Of two runs the better of each figure: bandwidths rise where nobody disturbs."""
    return {k: max(a[k], b.get(k, a[k])) for k in a}


def cpu_seconds(*command):
    """Processor time of a command, the best of three."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(times)


def compile_times(where, ptxas):
    """Three kernels by the compiler, and by NVIDIA's ptxas to its own machine code."""
    ptx = f"{where}/gpu.ptx"
    ours = cpu_seconds(f"{TOP}/build/tools/vgpu-ptxc", ptx, "--check") / 3
    theirs = cpu_seconds(ptxas, "-arch=sm_80", "-o", f"{where}/gpu.cubin", ptx) / 3
    return {"compile_ms": (ours * 1e3, "ms a kernel, whole process"),
            "ptxas_ms": (theirs * 1e3, "ms a kernel, whole process")}


def main():
    """The report."""
    where, ptxas = sys.argv[1:3]
    print("== engine, one core, in user space")
    subprocess.run([f"{where}/engine"], cwd=TOP, check=True)
    rates = figures(f"{where}/engine", "rates")
    show(rates)
    print("== compiler")
    times = compile_times(where, ptxas)
    show(times)
    print("== a CUDA program on the device, user-mode Linux; the host's own code before and after")
    host = figures(f"{where}/triad")
    gpu = figures(f"{TOP}/tools/vm/vgpu-vm", "--mem", "4G", "--", f"{where}/gpu")
    host = best(host, figures(f"{where}/triad"))
    show(host)
    show(gpu)
    print("== launches in QEMU, which emulates each instruction, with Debian's 6.1")
    show(figures(f"{TOP}/tools/vm/vgpu-vm", "--kernel", "6.1", "--", f"{where}/gpu", "launches"))
    print("== matrix products: cuBLAS on the device, OpenBLAS on the host")
    peer = figures(f"{where}/blas_host")
    blas = figures(f"{TOP}/tools/vm/vgpu-vm", "--mem", "6G", "--", f"{where}/blas")
    peer = best(peer, figures(f"{where}/blas_host"))
    show(peer)
    show(blas)
    print("== ratios")
    for name in rates:
        if name.startswith("lane_gops_") and name != "lane_gops_scalar":
            ratio(f"{name[10:]} / scalar C, dot product", rates[name], rates["lane_gops_scalar"])
    ratio("SAXPY on the device / host triad", gpu.get("saxpy_gbs"), host.get("host_triad_gbs"))
    ratio("triad on the device / host triad", gpu.get("triad_gbs"), host.get("host_triad_gbs"))
    ratio("device-to-device copy / host copy", gpu.get("d2d_gbs"), host.get("host_copy_gbs"))
    ratio("copy from pinned memory / host copy", gpu.get("h2d_pinned_gbs"),
          host.get("host_copy_gbs"))
    ratio("compiling a kernel / ptxas", times["compile_ms"], times["ptxas_ms"])
    for n in ("512", "1024"):
        ratio(f"SGEMM {n}, cuBLAS / OpenBLAS", blas.get(f"cublas_sgemm_{n}"), peer.get(f"openblas_sgemm_{n}"))
        ratio(f"HGEMM {n}, cuBLAS / OpenBLAS's SGEMM", blas.get(f"cublas_hgemm_{n}"),
              peer.get(f"openblas_sgemm_{n}"))


if __name__ == "__main__":
    main()
