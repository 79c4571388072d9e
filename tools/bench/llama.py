#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""llama.py DIR: node-llama-cpp on the device in user-mode Linux, beside its CPU backend on the host.

Tokens a second for prompt and generation, the time to the first token with and without compiled
kernels on disk, and what each kernel costs. DIR takes the models of random weights.
"""
import os
import re
import subprocess
import sys

from report import TOP, LINE, ratio, show

SUITE = f"{TOP}/selftests/clients/node-llama-cpp"
MODELS = f"{TOP}/selftests/clients/models"
HOST = f"{TOP}/build/selftests/libcuda/host"
MOST = 14       # kernels shown


def settings():
    """The suite's variables, or None with a line why there are none."""
    done = subprocess.run([f"{SUITE}/install.sh"], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"node-llama-cpp is not measured: {done.stderr.strip().splitlines()[-1]}")
        return None
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {**os.environ, **found, "NLC_MODELS": MODELS}


def figures(env, *command):
    """As report.figures(), with an environment; what fails is said and left out."""
    done = subprocess.run(command, cwd=SUITE, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"failed: {' '.join(command[:3])}", file=sys.stderr)
    return {m[1]: (float(m[2]), m[3] or "") for m in map(LINE.match, done.stdout.splitlines()) if m}


def models(where):
    """Two encodings of both models; the large ones are made once."""
    out = [f"{MODELS}/kdoc-6m-{q}.gguf" for q in ("q4_0", "q8_0")]
    for q in ("q4_0", "q8_0"):
        made = f"{where}/random-150m-{q}.gguf"
        if not os.path.exists(made):
            subprocess.run([f"{MODELS}/random_model.py", out[0], made + ".new", q], check=True)
            os.rename(made + ".new", made)
        out.append(made)
    return out


def profile(env, where, model):
    """Where the time goes: the engine in the client's own process, kernels by what they cost."""
    file = f"{where}/llama-profile"
    subprocess.run(["make", "-s", "-C", f"{TOP}/selftests/libcuda", "host"], check=True)
    env = {**env, "LD_LIBRARY_PATH": f"{HOST}:{env['NLC_CUDA13']}", "VGPU_HOST_PROFILE": file}
    figures(env, env["NLC_NODE"], "speed.mjs", "profile", model)
    costs = {}
    with open(file, encoding="utf-8") as f:
        for line in f:
            name, _, calls, _, operations, ns = line.rstrip("\n").split("\t")
            row = costs.setdefault(name, [0, 0, 0])
            for i, n in enumerate((calls, operations, ns)):
                row[i] += int(n)
    names = subprocess.run(["c++filt", "-p"], input="\n".join(costs), capture_output=True, text=True,
                           check=False).stdout.splitlines() or list(costs)
    total = sum(row[2] for row in costs.values())
    print(f"{'kernel':58} {'calls':>7} {'warp operations':>16} {'ns each':>8} {'share':>6}")
    rows = sorted(zip(names, costs.values()), key=lambda r: -r[1][2])
    for name, (calls, operations, ns) in rows[:MOST]:
        name = re.sub(r"^void ", "", name)
        print(f"{name[:58]:58} {calls:7} {operations:16} {ns / max(operations, 1):8.2f} {100 * ns / total:5.1f}%")


def main():
    """The report's part on llama.cpp."""
    where, env = os.path.abspath(sys.argv[1]), settings()
    if env is None:
        return
    files = models(where)
    print("== node-llama-cpp, CPU backend on the host, as many threads as the device has workers")
    host = {}
    for file in files:
        name = re.sub(r"\W", "_", os.path.basename(file)[:-5])
        host.update(figures({**env, "NLC_GPU": "cpu", "NLC_THREADS": str(os.cpu_count())},
                            env["NLC_NODE"], "speed.mjs", f"host_{name}", file))
    show(host)
    print("== node-llama-cpp on the device, user-mode Linux")
    device = figures(env, f"{TOP}/tools/vm/vgpu-vm", "--mem", "4G", "--timeout", "1800", "--",
                     f"{TOP}/tools/bench/llama_inside.sh", *files)
    show(device)
    print("== ratios")
    for name in host:
        if not name.endswith("_ready_s"):
            ratio(f"{name[5:]}: device / CPU backend", device.get("device_" + name[5:]), host[name])
    print("== where the time goes: kdoc-6m q4_0")
    profile(env, where, files[0])
    print("== where the time goes: 150 M q4_0")
    profile(env, where, files[2])


if __name__ == "__main__":
    main()
