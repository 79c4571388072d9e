# SPDX-License-Identifier: MIT
"""What the tests of Ollama stand on: TAP, the module, a server, its API, the device's counters."""
import ctypes
import json
import os
import re
import signal
import subprocess
import time
import urllib.request

URL = "http://127.0.0.1:11434"
MIB = 1 << 20
# How many times as long as usual all may take: where the processor is emulated.
PATIENCE = int(os.environ.get("PATIENCE", "1"))
count = failed = 0


def check(good, name, why=""):
    """One result."""
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good and why:
        print("\n".join("# " + line for line in str(why).splitlines()[-60:]), flush=True)
    return good


def say(text):
    """A remark."""
    print(f"# {text}", flush=True)


class Module:
    """vgpu.ko with parameters, for a while."""

    def __init__(self, *params):
        self.params = params

    def __enter__(self):
        subprocess.run(["insmod", os.environ["VGPU_KO"], *self.params], check=True)
        return Device()

    def __exit__(self, *_):
        subprocess.run(["rmmod", "vgpu"], check=True)


class Device:
    """The device as NVML has it; a new look at each call."""

    def __init__(self):
        self.lib = ctypes.CDLL("libnvidia-ml.so.1")

    def _look(self, what, index=0):
        handle = ctypes.c_void_p()
        self.lib.nvmlInit_v2()
        self.lib.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
        try:
            return what(handle)
        finally:
            self.lib.nvmlShutdown()

    def used(self):
        """Bytes of memory in use."""
        m = (ctypes.c_ulonglong * 3)()
        self._look(lambda h: self.lib.nvmlDeviceGetMemoryInfo(h, m))
        return m[2]

    def processes(self, index=0):
        """The processes on it, or on another one, with their names."""
        def look(h):
            n, p = ctypes.c_uint(64), (ctypes.c_uint * 6 * 64)()
            self.lib.nvmlDeviceGetComputeRunningProcesses_v3(h, ctypes.byref(n), p)
            return [(p[i][0], comm(p[i][0])) for i in range(n.value)]
        return self._look(look, index)

    def idle(self, seconds):
        """Whether all of the memory comes back within that time."""
        end = time.monotonic() + seconds * PATIENCE
        while self.used() and time.monotonic() < end:
            time.sleep(0.2)
        return not self.used()


def comm(pid):
    """A process's name."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return ""


LOG = "/tmp/ollama.log"


def last_log():
    """What the last server said."""
    try:
        with open(LOG, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


class Server:
    """`ollama serve` as a user starts it."""

    def __init__(self, **env):
        self.env = dict(os.environ, **env)

    def __enter__(self):
        with open(LOG, "wb") as f:
            self.process = subprocess.Popen(["ollama", "serve"], stdout=f, stderr=f, env=self.env,
                                            start_new_session=True)
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20 * PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def text(self):
        """Its log so far."""
        return last_log()

    def wait_for(self, pattern, seconds):
        """The first line that has the pattern, or None."""
        end = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            line = re.search(f"^.*{pattern}.*$", self.text(), re.M)
            if line:
                return line[0]
            time.sleep(0.1)
        return None


def command(*args, seconds=180):
    """Status, standard output and standard error of a command of Ollama's."""
    p = subprocess.run(["ollama", *args], capture_output=True, timeout=seconds * PATIENCE,
                       stdin=subprocess.DEVNULL, check=False)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def generate(model, prompt, tokens=64, enough=None, seconds=180, options=None, **more):
    """The greedy answer to a raw prompt, streamed, and the number of pieces in which it came.
    With enough, hangs up after so many characters, as clients do."""
    body = {"model": model, "prompt": prompt, "raw": True, "stream": True,
            "options": {"temperature": 0, "num_predict": tokens, "num_ctx": 1024, **(options or {})}, **more}
    request = urllib.request.Request(URL + "/api/generate", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    text, pieces = "", 0
    with urllib.request.urlopen(request, timeout=seconds * PATIENCE) as answer:
        for line in answer:
            text += json.loads(line).get("response", "")
            pieces += 1
            if enough is not None and len(text.strip()) >= enough:
                break
    return text, pieces
