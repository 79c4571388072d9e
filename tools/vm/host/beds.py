# SPDX-License-Identifier: MIT
"""The two beds: how each is started, and what its kernels need in the initramfs."""
import lzma
import os
import subprocess

from .affinity import Affinity

# The kernel's own words for what a bed needs; built in or loaded, in this order.
QEMU_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")
# Warnings and worse reach the console, to be shown. The agent follows the log while the command
# runs; the ring holds what comes meanwhile, and after it.
COMMON = ("quiet", "loglevel=5", "log_buf_len=4M", "panic=-1")
# A machine that hangs is sent an NMI: it says what its processors and all tasks do, and panics.
NMI_TELLS = ("unknown_nmi_panic", "panic_print=0x41")


def size_mib(text):
    """SIZE as vgpu-vm takes it (2G, 512M) in MiB."""
    units = {"M": 1, "G": 1024}
    if text and text[-1].upper() in units and text[:-1].isdigit():
        return int(text[:-1]) * units[text[-1].upper()]
    raise ValueError(f"{text}: write a size as 512M or 2G")


def _uml_memory_folder(mib):
    """UML's memory is an unlinked file: on a file system with room that allows exec."""
    for folder in ("/dev/shm", "/tmp", os.path.expanduser("~")):
        try:
            fs = os.statvfs(folder)
        except OSError:
            continue
        if fs.f_bavail * fs.f_frsize >> 20 >= mib and not fs.f_flag & os.ST_NOEXEC:
            return folder
    raise OSError(f"no place for {mib} MiB of the machine's memory")


class Uml:
    """User-mode Linux: the kernel is a program, its channel a serial line."""

    kernels = ("uml",)
    monitored = False   # it takes no commands besides
    allowance = 60      # seconds that boot, and rmmod and report, may take

    def __init__(self, folder, cpus, mib, boot):
        self.folder, self.cpus, self.mib, self.boot = folder, cpus, mib, boot

    def modules(self):
        """(name, bytes) of what must be loaded before the root is mounted."""
        return []

    def affinity(self):
        """Where its threads run."""
        return Affinity(self.cpus)

    def command(self, rundir, initrd, channel, monitor):  # pylint: disable=unused-argument
        """argv and environment; CHANNEL is a descriptor that the machine inherits."""
        args = [f"{self.folder}/kernel", f"mem={self.mib}M", "seccomp=on",
                f"ncpus={self.cpus}", f"initrd={initrd}", f"uml_dir={rundir}",
                "umid=uml", "con=null", "con0=null,fd:1", "ssl=null",
                f"ssl0=fd:{channel}", *COMMON, *self.boot]
        env = {k: v for k, v in os.environ.items() if k not in ("TMP", "TEMP")}
        env["TMPDIR"] = _uml_memory_folder(self.mib)
        return args, env


class Qemu:
    """QEMU without hardware help, any machine will do; the channel is a virtio port.

    EMULATOR: the program, and the folders of its firmware where they are not its own.
    """

    kernels = ("6.1", "6.12", "kasan", "kcsan")
    monitored = True

    def __init__(self, folder, cpus, mib, boot, emulator):
        self.folder, self.cpus, self.mib, self.boot = folder, cpus, mib, boot
        # A debug kernel boots in a minute on idle cores, and scans for leaks at the end.
        self.allowance = 120 if os.path.isdir(f"{folder}/root") else 300
        self.emulator = emulator

    def modules(self):
        """(name, bytes) of what must be loaded before the root is mounted."""
        root = f"{self.folder}/root"
        if not os.path.isdir(root):
            return []       # a debug kernel: all built in
        with open(f"{self.folder}/release", encoding="ascii") as f:
            release = f.read().strip()
        paths = []
        for module in QEMU_MODULES:
            out = subprocess.run(["/sbin/modprobe", "-d", root, "-S", release,
                                  "--show-depends", module],
                                 check=True, capture_output=True, text=True).stdout
            for line in out.splitlines():
                word = line.split()
                if word[0] == "insmod" and word[1] not in paths:
                    paths.append(word[1])
        return [_read_module(p) for p in paths]

    def affinity(self):
        """Its threads run where the host likes."""
        return None

    def command(self, rundir, initrd, channel, monitor):
        """argv and environment; CHANNEL and MONITOR are descriptors that the machine inherits."""
        del rundir
        append = ["console=ttyS0", "nokaslr", "tsc=reliable", "init_on_alloc=0",
                  "kasan_multi_shot", *NMI_TELLS, *COMMON, *self.boot]
        program, *firmware = self.emulator
        args = [program]
        for folder in firmware:
            args += ["-L", folder]
        args += ["-accel", "tcg,thread=multi", "-machine", "q35",
                 "-cpu", "max", "-smp", str(self.cpus), "-m", str(self.mib),
                 "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                 "-serial", "stdio", "-kernel", f"{self.folder}/kernel",
                 "-initrd", initrd, "-append", " ".join(append),
                 "-virtfs", "local,path=/,mount_tag=host,security_model=none,"
                            "readonly=on,multidevs=remap",
                 "-device", "virtio-serial-pci",
                 "-chardev", f"socket,id=channel,fd={channel}",
                 "-device", "virtserialport,chardev=channel,name=vgpu-vm",
                 "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "monitor"]
        return args, dict(os.environ)


def _read_module(path):
    name = os.path.basename(path)
    with open(path, "rb") as f:
        data = f.read()
    if name.endswith(".xz"):
        return name[:-3], lzma.decompress(data)
    return name, data


BEDS = {"uml": Uml, "qemu": Qemu}
