#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""extract-vmlinux.py VMLINUZ OUT: take the uncompressed ELF kernel out of a bzImage.

QEMU boots that through its PVH entry, which saves the guest the slow decompression
(three seconds under TCG). The header's fields are those of the x86 boot protocol.
"""
import lzma
import struct
import subprocess
import sys
import zlib

SETUP_SECTS = 0x1F1         # u8: 512-byte sectors of set-up code, 0 means 4
PAYLOAD_OFFSET = 0x248      # u32: from the end of the set-up code
PAYLOAD_LENGTH = 0x24C      # u32


def decompress(data):
    """The payload's kernel, whatever it was compressed with."""
    if data.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(data)
    if data.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        tool = ["zstd", "-dcq"]
    elif data.startswith(b"\x02\x21\x4c\x18"):
        tool = ["lz4", "-dcq"]
    else:
        sys.exit(f"unknown kernel compression {data[:6].hex()}")
    # Both tools write what they have and then grumble about the size word that
    # follows the stream, so the status says nothing; the ELF check below does.
    return subprocess.run(tool, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False).stdout


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1], "rb") as image:
        data = image.read()
    start = ((data[SETUP_SECTS] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", data, PAYLOAD_OFFSET)
    kernel = decompress(data[start + offset:start + offset + length])
    if not kernel.startswith(b"\x7fELF"):
        sys.exit("no ELF kernel in " + sys.argv[1])
    with open(sys.argv[2], "wb") as out:
        out.write(kernel)


main()
