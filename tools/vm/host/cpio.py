# SPDX-License-Identifier: MIT
"""Writes an initramfs (cpio, newc format) without needing root or a cpio program."""
import stat


class Archive:
    """Collects files by their path inside the archive; bytes() gives the whole."""

    def __init__(self):
        self._parts = []
        self._dirs = {""}
        self._ino = 0

    def _add(self, path, mode, data):
        self._ino += 1
        name = path.encode() + b"\0"
        fields = (self._ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
        self._parts.append(head + b"\0" * (-len(head) % 4))
        self._parts.append(data + b"\0" * (-len(data) % 4))

    def directory(self, path):
        """A directory and those above it."""
        if path in self._dirs:
            return
        self.directory(path.rpartition("/")[0])
        self._dirs.add(path)
        self._add(path, stat.S_IFDIR | 0o755, b"")

    def file(self, path, data, mode=0o644):
        """A file of these bytes."""
        self.directory(path.rpartition("/")[0])
        self._add(path, stat.S_IFREG | mode, data)

    def copy(self, path, source, mode=0o644):
        """A file of the host's."""
        with open(source, "rb") as f:
            self.file(path, f.read(), mode)

    def bytes(self):
        """The finished archive."""
        parts, self._parts = self._parts, []
        self._add("TRAILER!!!", 0, b"")
        tail, self._parts = self._parts, parts
        return b"".join(parts + tail)
