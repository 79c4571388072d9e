# SPDX-License-Identifier: MIT
"""Every cvt that compute capability 9.0 has: pairs of types, with each rounding and modifier of theirs."""

INTS = ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64")
REG = {"s8": "b32", "u8": "b32", "tf32": "b32"}
TO_INT = ("rni", "rzi", "rmi", "rpi")
ROUNDS = ("rn", "rz", "rm", "rp")
MODS = {"f32": ("", ".ftz", ".sat", ".ftz.sat"), "bf16": ("",)}


def out_of(t):
    """How the golden table names an output."""
    if t in REG:
        return REG[t]
    return "b" + t[1:] if t in INTS else t


def in_of(t, to):
    """Inputs: a register's bits; floats that go to integers are of the size of integers."""
    if to in INTS and t not in INTS and t != "bf16":
        return "c" + t
    return {"s8": "s16", "u8": "u16"}.get(t, t)


def clips(to, frm):
    """Is there a value of @frm that @to has not?"""
    db, sb = int(to[1:]), int(frm[1:])
    if to[0] == frm[0]:
        return db < sb
    return True if to[0] == "u" else db <= sb


def pairs():
    """(modifiers, to, from) of every scalar cvt."""
    for to in INTS:
        for frm in INTS:
            yield "", to, frm
            if clips(to, frm):
                yield ".sat", to, frm
        for frm in ("f16", "f32", "f64", "bf16"):
            if frm == "bf16" and to[1:] == "8":
                continue
            for r in TO_INT:
                for ftz in ("", ".ftz") if frm == "f32" else ("",):
                    for sat in ("", ".sat") if frm != "bf16" else ("",):
                        yield f".{r}{ftz}{sat}", to, frm
    for to in ("f16", "f32", "f64", "bf16"):
        for frm in INTS:
            if to == "bf16" and frm[1:] == "8":
                continue
            for r in ROUNDS:
                for m in MODS.get(to, ("", ".sat")):
                    yield f".{r}{m}", to, frm


def floats():
    """Between floats: what is legal follows no rule, so this is the list."""
    table = (
        ("f16 f16", (*TO_INT, ""), ("", ".sat")),
        ("f32 f32", (*TO_INT, ""), ("", ".ftz", ".sat", ".ftz.sat")),
        ("f64 f64", (*TO_INT, ""), ("", ".sat")),
        ("bf16 bf16", (*TO_INT, ""), ("",)),
        ("f16 f64", ROUNDS, ("", ".sat")), ("bf16 f64", ROUNDS, ("",)),
        ("f32 f64", ROUNDS, ("", ".ftz", ".sat", ".ftz.sat")),
        ("f16 f32", ROUNDS, ("", ".ftz", ".sat", ".ftz.sat")),
        ("f16 f32", ("rn", "rz"), (".relu", ".satfinite", ".relu.satfinite")),
        ("bf16 f32", ROUNDS, ("", ".ftz")), ("bf16 f32", ("rn", "rz"), (".relu", ".satfinite", ".relu.satfinite")),
        ("tf32 f32", ("rn", "rz"), ("", ".relu")), ("tf32 f32", ("rna",), ("", ".satfinite")),
        ("f32 f16", ("",), ("", ".ftz", ".sat", ".ftz.sat")), ("f32 bf16", (*ROUNDS, ""), ("", ".ftz")),
        ("f64 f16", ("",), ("", ".sat")), ("f64 f32", ("",), ("", ".ftz", ".sat", ".ftz.sat")),
        ("f64 bf16", (*ROUNDS, ""), ("",)),
        ("bf16 f16", (*ROUNDS, ""), ("",)), ("f16 bf16", (*ROUNDS, ""), ("",)),
    )
    for types, rounds, mods in table:
        to, frm = types.split()
        for r in rounds:
            for m in mods:
                yield ("." + r if r else "") + m, to, frm


def forms(form):
    """All of them."""
    for mods, to, frm in (*pairs(), *floats()):
        form(f"cvt{mods}.{to}.{frm} D, A;", out_of(to), in_of(frm, to))
    for to in ("f16x2", "bf16x2"):
        for r in ("rn", "rz"):
            for m in (".satfinite", ".relu.satfinite"):
                form(f"cvt.{r}{m}.{to}.f32 D, A, B;", to, "f32 f32")
    for to in ("u8", "s8"):
        form(f"cvt.pack.sat.{to}.s32.b32 D, A, B, C;", "b32", "s32 s32 u32")
    for to in ("u16", "s16"):
        form(f"cvt.pack.sat.{to}.s32 D, A, B;", "b32", "s32 s32")
