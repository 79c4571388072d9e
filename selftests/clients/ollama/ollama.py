# SPDX-License-Identifier: MIT
"""ollama.py MODELS [TEST...]: all tests, or those named, in a bed whose HOME and PATH are set."""
import json
import os
import re
import signal
import sys
import time
from rig import MIB, PATIENCE, Module, Server, check, command, generate, say
import rig

MODELS = sys.argv[1]
with open(os.path.join(MODELS, "prompts.json"), encoding="utf-8") as prompts_file:
    PROMPTS = json.load(prompts_file)


def create(name, file):
    """`ollama create` of one of the models."""
    path = f"/tmp/{name}.Modelfile"
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"FROM {MODELS}/{file}\nTEMPLATE {{{{ .Prompt }}}}\nPARAMETER temperature 0\n"
                "PARAMETER num_ctx 1024\nPARAMETER num_predict 40\n")
    status, _, errors = command("create", name, "-f", path)
    check(status == 0 and "success" in errors, f"ollama create {name}", errors)


def same_words(got, want):
    """Whether an answer begins with what a prompt is known to be continued by."""
    return got.strip().startswith(want.strip())


def answers(model, prompts, options=None, hang_up=True):
    """How many prompts are answered word for word; the client hangs up when it has heard enough, or listens to the end."""
    good, bad, pieces, start = 0, "", 0, time.monotonic()
    for p in prompts:
        enough = len(p["continues"].strip()) if hang_up else None
        text, n = generate(model, p["prompt"], enough=enough, options=options)
        pieces += n
        if same_words(text, p["continues"]):
            good += 1
        else:
            bad = f"{p['prompt']!r}\n  {text!r}\n  not {p['continues']!r}"
    say(f"{model}: {len(prompts)} prompts, {pieces} tokens in {time.monotonic() - start:.1f} s")
    check(pieces > 8 * len(prompts), f"{model}: streamed token by token")
    check(good == len(prompts), f"{model}: {good} of {len(prompts)} word for word over the HTTP API", bad)


def ps(model):
    """What `ollama ps` says of a model: its line, or ''."""
    _, text, _ = command("ps")
    line = re.search(f"^{model}:latest .*$", text, re.M)
    return line[0] if line else ""


def discovery():
    """The device is found, with its figures, and is announced quickly."""
    with Module("vram=2048"), Server() as s:
        start = time.monotonic()
        line = s.wait_for('msg="inference compute"', 90)
        say(f"announced after {time.monotonic() - start:.1f} s: {line}")
        check(line is not None, "a device is announced", s.text())
        for want in ("library=CUDA", r"compute=12\.0", r"driver=13\.0", "pci_id=[0-9a-f]{4}:[0-9a-f]{2}:",
                     "type=discrete", 'total="2.0 GiB"', 'available="[12].[0-9] GiB"'):
            check(re.search(want, line or ""), f"with {want}", line)


def no_device():
    """Without the module Ollama says that it has a CPU, and its answers are what the device's must be."""
    with Server() as s:
        line = s.wait_for('msg="inference compute"', 90)
        check(line is not None and "library=cpu" in line.lower(), "no module: it is on the CPU", s.text())
        create("kdoc", "kdoc-6m-q8_0.gguf")
        # Threads that spin for each other never end in user-mode Linux: there is one.
        # Nor does an Ollama always answer again when a client hung up in the very moment at which llama-server,
        # quick as it is on a CPU, was done: one run of five waited for ever, without anything of ours in it.
        answers("kdoc", PROMPTS[:8], {"num_thread": 1}, hang_up=False)
        check("100% CPU" in ps("kdoc"), "no module: the model is on the CPU", s.text())


def use():
    """Create, run, API, ps, keep-alive, stop, kill: in one server's life."""
    with Module("vram=2048") as device, Server() as s:
        s.wait_for('msg="inference compute"', 90)
        create("kdoc", "kdoc-6m-q8_0.gguf")
        first, start = PROMPTS[0], time.monotonic()
        status, text, errors = command("run", "kdoc", first["prompt"])
        say(f"the first `ollama run`, with loading: {time.monotonic() - start:.1f} s")
        check(status == 0 and same_words(text, first["continues"][:60]), "ollama run", text + errors)
        line = ps("kdoc")
        check("100% GPU" in line, f"ollama ps: {line}", s.text())
        check([c for _, c in device.processes()] == ["llama-server"], "the runner is on the device",
              device.processes())
        check(device.used() > 8 * MIB, f"memory in use: {device.used() // MIB} MiB")
        answers("kdoc", PROMPTS)
        check(len(re.findall("offloaded 7/7 layers to GPU", s.text())) >= 1, "all layers are on the GPU", s.text())
        status, _, errors = command("stop", "kdoc")
        check(status == 0 and device.idle(20), "ollama stop gives all memory back", errors)
        check(not device.processes(), "and the runner is gone", device.processes())
        generate("kdoc", "The ", 8, keep_alive="2s")
        check(device.used() > 0, "loaded again")
        check(device.idle(30), "after its keep-alive all memory is back", ps("kdoc"))
        generate("kdoc", "The ", 8)
        for pid, _ in device.processes():
            os.kill(pid, signal.SIGKILL)
        check(device.idle(20), "SIGKILL of the runner: all memory is back")
        answers("kdoc", PROMPTS[:2])


def two_models():
    """Two models at once."""
    with Module("vram=4096") as device, Server() as s:
        s.wait_for('msg="inference compute"', 90)
        create("kdoc", "kdoc-6m-q8_0.gguf")
        create("kdoc4", "kdoc-6m-q4_0.gguf")
        answers("kdoc", PROMPTS[:4])
        answers("kdoc4", PROMPTS[:4])
        check("100% GPU" in ps("kdoc") and "100% GPU" in ps("kdoc4"), "both are loaded", s.text())
        check(len(device.processes()) == 2, "two runners on the device", device.processes())
        answers("kdoc", PROMPTS[4:6])


def larger_than_memory():
    """A model that does not fit is offloaded in part, and says the same words."""
    # llama-server leaves a GiB free: what is above it holds some of the layers only.
    with Module("vram=1040"), Server() as s:
        s.wait_for('msg="inference compute"', 90)
        create("kdoc16", "kdoc-6m-f16.gguf")
        answers("kdoc16", PROMPTS[:4])
        line = ps("kdoc16")
        layers = re.findall(r"offloaded (\d+)/7 layers to GPU", s.text())
        check(layers and 0 < int(layers[-1]) < 7, f"some layers are on the GPU, some not: {layers}", s.text())
        check("CPU/GPU" in line, f"ollama ps: {line}")


def announced(s, n):
    """The lines of n announced devices, or as many as there are."""
    s.wait_for('msg="inference compute"', 90)
    end = time.monotonic() + 5 * PATIENCE
    while True:
        lines = re.findall('^.*msg="inference compute".*$', s.text(), re.M)
        if len(lines) >= n or time.monotonic() > end:
            return lines
        time.sleep(0.1)


def two_devices():
    """Both are found; a model goes to one, or to both when Ollama is told to spread it, with the same words."""
    with Module("gpus=2", "vram=2048") as device:
        with Server() as s:
            lines = announced(s, 2)
            ids = [re.search("pci_id=([0-9a-f:.]+)", line)[1] for line in lines if "library=CUDA" in line]
            check(len(set(ids)) == 2, f"two devices are announced: {ids}", s.text())
            create("kdoc", "kdoc-6m-q8_0.gguf")
            answers("kdoc", PROMPTS[:2])
            check("100% GPU" in ps("kdoc"), "all of it is on a GPU", s.text())
            check(len(device.processes(0)) + len(device.processes(1)) == 1, "one device has it",
                  (device.processes(0), device.processes(1)))
        with Server(OLLAMA_SCHED_SPREAD="1") as s:
            announced(s, 2)
            answers("kdoc", PROMPTS[:4])
            check(len(device.processes(0)) == 1 and device.processes(0) == device.processes(1),
                  "spread: one runner is on both", s.text())
            check("100% GPU" in ps("kdoc"), "spread: all of it is on GPUs", s.text())
        with Server(CUDA_VISIBLE_DEVICES="1") as s:
            lines = announced(s, 1)
            time.sleep(1)
            check(len(announced(s, 1)) == 1 and f"pci_id={ids[-1]}" in lines[0],
                  "CUDA_VISIBLE_DEVICES=1: the second one only", lines)
            answers("kdoc", PROMPTS[:1])
            check(not device.processes(0) and len(device.processes(1)) == 1, "and that one has the model")
        check(device.idle(20), "all memory is back")


def beginning():
    """From the start to the beginning of an answer, and out again: for a bed that emulates the processor."""
    with Module("vram=2048") as device:
        # Ollama gives its discovery 30 s, which emulation on a busy host can need for the libraries alone; what
        # has been read and linked once is quicker the next time.
        for left in (2, 1, 0):
            with Server() as s:
                lines = announced(s, 1)
                if left and "discovery watchdog timed out" in s.text():
                    say("Ollama's own 30 seconds have passed: once more")
                    continue
                check(len(lines) == 1 and "library=CUDA" in lines[0], f"a device is announced: {lines}", s.text())
                first_words(device, s)
                break


def first_words(device, s):
    """What a model says first, and that all memory comes back after it."""
    create("kdoc", "kdoc-6m-q8_0.gguf")
    first, start = PROMPTS[0], time.monotonic()
    text, _ = generate("kdoc", first["prompt"], 6)
    say(f"6 tokens after {time.monotonic() - start:.1f} s: {text!r}")
    check(text.strip() and first["continues"].strip().startswith(text.strip()), "the right words", text)
    line = ps("kdoc")
    check("100% GPU" in line, f"ollama ps: {line}", s.text())
    check([c for _, c in device.processes()] == ["llama-server"], "the runner is on the device",
          device.processes())
    status, _, errors = command("stop", "kdoc")
    check(status == 0 and device.idle(20), "ollama stop gives all memory back", errors)


def main():
    """The tests in order."""
    tests = [discovery, no_device, use, two_models, two_devices, larger_than_memory, beginning]
    print("TAP version 13", flush=True)
    for test in tests:
        if len(sys.argv) > 2 and test.__name__ not in sys.argv[2:]:
            continue
        try:
            test()
        except Exception as e:      # one that dies must not take the others with it
            check(False, f"{test.__name__} ended with {type(e).__name__}", f"{rig.last_log()}\n{e}")
    print(f"1..{rig.count}")
    return rig.failed != 0


sys.exit(main())
