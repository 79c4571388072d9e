#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""random_model.py LIKE.gguf OUT.gguf q4_0|q8_0: a llama model of 150 M random weights.

Vocabulary and settings are those of LIKE.gguf; sizes, and every weight, are made here: 12 layers,
1024 wide, 16 heads, 8 of them for keys and values, 2816 wide between. Its words mean nothing; its
logits can be compared between backends, and its speed is that of a model of its size.
"""
import random
import struct
import sys

WIDE, LAYERS, HEADS, KV_HEADS, FORWARD = 1024, 12, 16, 8, 2816
ALIGN = 32
F32 = 0
# by name: number, bytes of a block of 32 (a scale and the weights), deviation of random weights
KINDS = {"q4_0": (2, 18, 4.6), "q8_0": (8, 34, 73.9)}
# general.file_type
FILE_TYPES = {"q4_0": 2, "q8_0": 7}
SIZES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
SETTINGS = {
    "llama.embedding_length": WIDE, "llama.block_count": LAYERS,
    "llama.attention.head_count": HEADS, "llama.attention.head_count_kv": KV_HEADS,
    "llama.feed_forward_length": FORWARD, "llama.rope.dimension_count": WIDE // HEADS,
    "llama.attention.key_length": WIDE // HEADS, "llama.attention.value_length": WIDE // HEADS,
}


class Reader:
    """GGUF's metadata, each entry with its bytes as they are."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, code):
        """One number."""
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize(code)
        return value

    def string(self):
        """A string's bytes."""
        n = self.take("Q")
        self.at += n
        return self.data[self.at - n:self.at]

    def skip(self, kind):
        """Past a value."""
        if kind == STRING:
            self.string()
        elif kind == ARRAY:
            inner, n = self.take("I"), self.take("Q")
            for _ in range(n):
                self.skip(inner)
        else:
            self.take(SIZES[kind])

    def entries(self):
        """name: (kind, value's bytes), in order."""
        magic, version = self.take("I"), self.take("I")
        if magic != 0x46554747 or version != 3:
            sys.exit("no GGUF of version 3")
        self.take("Q")
        out = {}
        for _ in range(self.take("Q")):
            name, kind = self.string().decode(), self.take("I")
            start = self.at
            self.skip(kind)
            out[name] = (kind, self.data[start:self.at])
        return out


def quantized(rng, encoding, rows, columns):
    """Blocks of 32: a scale (f16) and the weights, whose deviation is 1/sqrt(columns)."""
    _, size, deviation = KINDS[encoding]
    blocks = rows * columns // 32
    out = bytearray(rng.randbytes(size * blocks))
    scale, = struct.unpack("<H", struct.pack("<e", 1 / (deviation * columns ** 0.5)))
    out[1::size] = bytes([scale >> 8]) * blocks     # the low byte, random, varies it a little
    return bytes(out)


def tensors(rng, encoding, vocabulary):
    """(name, dimensions as GGUF has them, kind, bytes)"""
    def ones(name):
        return name, [WIDE], F32, struct.pack("<f", 1) * WIDE

    def matrix(name, columns, rows):
        return name, [columns, rows], KINDS[encoding][0], quantized(rng, encoding, rows, columns)

    kv = WIDE // HEADS * KV_HEADS
    yield matrix("token_embd.weight", WIDE, vocabulary)
    for i in range(LAYERS):
        yield ones(f"blk.{i}.attn_norm.weight")
        yield matrix(f"blk.{i}.attn_q.weight", WIDE, WIDE)
        yield matrix(f"blk.{i}.attn_k.weight", WIDE, kv)
        yield matrix(f"blk.{i}.attn_v.weight", WIDE, kv)
        yield matrix(f"blk.{i}.attn_output.weight", WIDE, WIDE)
        yield ones(f"blk.{i}.ffn_norm.weight")
        yield matrix(f"blk.{i}.ffn_gate.weight", WIDE, FORWARD)
        yield matrix(f"blk.{i}.ffn_up.weight", WIDE, FORWARD)
        yield matrix(f"blk.{i}.ffn_down.weight", FORWARD, WIDE)
    yield ones("output_norm.weight")
    yield matrix("output.weight", WIDE, vocabulary)


def text(data):
    """A string as GGUF has it."""
    return struct.pack("<Q", len(data)) + data


def padded(data):
    """Up to the alignment."""
    return data + bytes(-len(data) % ALIGN)


def main():
    """Read the one, write the other."""
    if len(sys.argv) != 4 or sys.argv[3] not in KINDS:
        sys.exit(__doc__)
    encoding = sys.argv[3]
    with open(sys.argv[1], "rb") as f:
        entries = Reader(f.read()).entries()
    vocabulary = struct.unpack_from("<IQ", entries["tokenizer.ggml.tokens"][1])[1]
    for name, value in SETTINGS.items():
        if name in entries:
            entries[name] = (entries[name][0], struct.pack("<" + SIZES[entries[name][0]], value))
    if "general.file_type" in entries:
        entries["general.file_type"] = (4, struct.pack("<I", FILE_TYPES[encoding]))
    made = list(tensors(random.Random(1), encoding, vocabulary))
    head = struct.pack("<IIQQ", 0x46554747, 3, len(made), len(entries))
    for name, (kind, value) in entries.items():
        head += text(name.encode()) + struct.pack("<I", kind) + value
    offset = 0
    for name, dims, kind, data in made:
        head += text(name.encode()) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
        offset += len(padded(data))
    with open(sys.argv[2], "wb") as f:
        f.write(padded(head))
        for _, _, _, data in made:
            f.write(padded(data))


main()
