#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One instruction, its operands from everywhere: prints a PTX module for operands.c.

An entry form_i for each form that is compared with hardware (../golden/forms.py) and for those of more(). It
executes its instruction on a few sets of values. Row after row of its output has a result of each lane: for each
set of values first that of operands in vectors, then VARIANTS times that of operands that are constants, parameters or
loaded from one address for all lanes, which live in scalar registers, or in none, and whose result goes into either.
An entry for each load reads the same from all memories. The variable values_i has the values.
"""
import random
import re
import sys
sys.path.insert(0, sys.path[0] + "/../golden")
sys.dont_write_bytecode = True
import forms  # noqa: E402

SETS = 4
VARIANTS = 7
EDGES = {
    16: [0, 1, 2, 0x7fff, 0x8000, 0xffff],
    32: [0, 1, 2, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 0x10000],
    64: [0, 1, 2, 63, 64, 0xffffffff, 0x80000000, 1 << 63, (1 << 63) - 1, (1 << 64) - 1],
    "f16": [0, 0x8000, 1, 0x83ff, 0x3c00, 0xbc00, 0x7bff, 0x7c00, 0xfc00, 0x7e01, 0xfd55],
    "bf16": [0, 0x8000, 1, 0x807f, 0x3f80, 0xbf80, 0x7f7f, 0x7f80, 0xff80, 0x7fc1, 0xffa5],
    "f32": [0, 0x80000000, 1, 0x807fffff, 0x3f800000, 0xc0490fdb, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc12345, 0xffa00001],
    "f64": [0, 1 << 63, 1, 0x800fffffffffffff, 0x3ff0000000000000, 0xc00921fb54442d18, 0x7fefffffffffffff,
            0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000012345678, 0xfff4000000000001],
}


def more():
    """(text, output, inputs): what golden/forms.py leaves out, as no card was needed to know it."""
    for w in ("16", "32", "64"):
        u = f"u{w}"
        for o in ("and", "or", "xor"):
            yield f"{o}.b{w} D, A, B;", f"b{w}", f"{u} {u}"
        yield f"not.b{w} D, A;", f"b{w}", u
        yield f"cnot.b{w} D, A;", f"b{w}", u
        yield f"shr.b{w} D, A, B;", f"b{w}", f"{u} sh"
        yield f"shl.b{w} D, A, B;", f"b{w}", f"{u} sh"
        yield f"{{ .reg .pred p; setp.lt.u32 p, C, 99; selp.b{w} D, A, B, p; }}", f"b{w}", f"{u} {u} u32"
        for t in (f"s{w}", f"u{w}"):
            for o in ("add", "sub", "mul.lo", "min", "max"):
                yield f"{o}.{t} D, A, B;", f"b{w}", f"{t} {t}"
            for c in ("eq", "ne", "lt", "le", "gt", "ge"):
                yield f"{{ .reg .pred p; setp.{c}.{t} p, A, B; selp.b32 D, 1, 0, p; }}", "b32", f"{t} {t}"
                yield f"set.{c}.f32.{t} D, A, B;", "b32", f"{t} {t}"
            if w != "64":
                wide = str(2 * int(w))
                yield f"mad.wide.{t} D, A, B, C;", f"b{wide}", f"{t} {t} {t[0]}{wide}"
        yield f"{{ .reg .pred p; setp.lt.u{w} p, A, B; @p add.u{w} A, A, C; mov.b{w} D, A; }}", f"b{w}", f"{u} {u} {u}"
    for t in ("f32", "f64"):
        yield f"{{ .reg .pred p; setp.lt.u32 p, C, 99; selp.{t} D, A, B, p; }}", t, f"{t} {t} u32"
        yield f"mad.rn.{t} D, A, B, C;", t, f"{t} {t} {t}"
        yield f"slct.{t}.f32 D, A, B, C;", t, f"{t} {t} f32"
    for to in ("s8", "u8", "s16", "u16", "s32", "u32"):     # into a wider register
        for frm in ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"):
            yield f"cvt.{to}.{frm} D, A;", "b64", {"s8": "s16", "u8": "u16"}.get(frm, frm)
            yield f"cvt.sat.{to}.{frm} D, A;", "b64", {"s8": "s16", "u8": "u16"}.get(frm, frm)
            if to[1:] != "32":
                yield f"cvt.{to}.{frm} D, A;", "b32", {"s8": "s16", "u8": "u16"}.get(frm, frm)
    yield "mov.b64 D, {A, B};", "b64", "u32 u32"
    yield "{ .reg .b32 x; mov.b64 {x, D}, A; }", "b32", "u64"
    yield "{ .reg .b32 x; mov.b64 {D, x}, A; }", "b32", "u64"
    yield "mov.b32 D, {A, B};", "b32", "u16 u16"
    yield "{ .reg .b16 x; mov.b32 {x, D}, A; }", "b16", "u32"
    yield "{ .reg .b32 x; add.cc.u32 x, A, B; addc.cc.u32 x, C, A; addc.u32 D, B, C; }", "b32", "u32 u32 u32"
    yield "{ .reg .b64 x; sub.cc.u64 x, A, B; subc.cc.u64 x, C, A; subc.u64 D, B, C; }", "b64", "u64 u64 u64"
    # Among instructions that flush denormals, which is the mode of the function then.
    for o in ("rsqrt.approx.ftz", "rcp.approx.ftz", "add.rn"):
        yield (f"{{ .reg .b32 x; .reg .b64 y; mul.ftz.f32 x, B, B; add.ftz.f32 x, x, B; {o}.f64 y, A"
               f"{', A' if o[0] == 'a' else ''}; mov.b64 {{_, B}}, y; mov.b64 D, {{x, B}}; }}", "b64", "f64 f32")
    yield "bfi.b32 D, A, 0x12345678, B, C;", "b32", "u32 sh sh"
    yield "bfi.b64 D, A, 0x123456789abcdef0, B, C;", "b64", "u64 sh sh"
    for t in ("u32", "s32"):
        for s in ("u32", "s32"):
            yield f"dp4a.{t}.{s} D, A, B, C;", "b32", "u32 u32 u32"


def base(t):
    """A type without what golden/inputs.h makes of it."""
    while t not in forms.BITS and t[0] in "nmxaco":
        t = t[2:] if t.startswith("nz") else t[1:]
    return t


def value(r, t):
    """A value of a type: often an edge."""
    b, bits = base(t), forms.bits(t)
    if b in ("sh", "lane"):
        return r.choice([0, 1, 5, 8, 16, 31, 32, 33, 63, 64, 65, 127, 255, 256, 0x7fffffff, 0xffffffff, r.getrandbits(5)])
    if b.endswith("x2"):
        return value(r, b[:-2]) | value(r, b[:-2]) << 16
    if r.random() < 0.35:
        v = r.getrandbits(bits)
    else:
        v = r.choice(EDGES.get(b) or EDGES[bits])
    return 3 if t.startswith("nz") and v in (0, (1 << bits) - 1) else v


def literal(r, t, v):
    """The value as an operand, or None where PTX has none of the type."""
    bits = forms.bits(t)
    if base(t) == "f32":
        return f"0f{v:08X}"
    if base(t) == "f64":
        return f"0d{v:016X}"
    if base(t)[0] not in "sul":
        return None
    if r.random() < 0.5 and v >> (bits - 1):
        return str(v - (1 << bits))
    return f"0x{v:x}" + ("U" if bits == 64 else "")


def operand(r, kind, t, name, row, v):
    """(declaration and load of an operand, what stands for it)"""
    w = forms.bits(t)
    if kind == "i":
        return "", literal(r, t, v)
    how = {"v": f"ld.global.b{w} {name}, [lane+{8 * row}]", "p": f"ld.param.b{w} {name}, [val+{8 * row}]",
           "u": f"ld.global.b{w} {name}, [same+{8 * row}]", "c": f"mov.b{w} {name}, 0x{v:x}"}[kind]
    return f".reg .b{w} {name}; {how}; ", name


def variant(r, form, kinds, values, first, out):
    """One execution of a form and the store of its result to row out."""
    text, d, ins = form
    regs = "ABC"
    if "@p add" in text or "_, B}" in text or re.search(r"[ABC]\.[bh]", text):    # no immediate is written, nor has one a selector
        kinds = kinds.replace("i", "c")
    code = ""
    names = {}
    for k, t in enumerate(ins):
        kind = kinds[k] if kinds[k] != "i" or literal(r, t, 0) else "c"
        decl, names[regs[k]] = operand(r, kind, t, regs[k], first + k, values[k])
        code += decl
    w = forms.bits(d)
    body = re.sub(r"\b[ABC]\b", lambda m: names[m.group()], text)
    if text[0] != "{" and kinds[0] != "v" and r.random() < 0.4:   # into a vector: what it is in other lanes is not known
        body = f"mov.b{w} D, 0; @yes {body}"
    return f"{{ {code}.reg .b{w} D; {body} st.global.b{w} [res+{256 * out}], D; }}\n"


def loads():
    """(type, bits of the register, elements): loads, also into wider registers."""
    for w in (8, 16, 32, 64):
        for reg in (16, 32, 64):
            for t in "bus":
                if w <= reg and (t != "b" or w == reg):
                    yield f"{t}{w}", reg, 1
                    yield f"{t}{w}", reg, 2


# Where load_entry() has the values of one set: the first is for vectors.
PLACES = ["global [lane", "global [same", "param [val", "shared [sh", "shared [shl", "local [loc", "local [locl", " [gen"]


def load_entry(r, i, t, reg, n):
    """A kernel as entry()'s that reads the same bytes from everywhere, of a uniform address and of any lane's."""
    flat = [r.getrandbits(64) | (r.getrandbits(1) << 63) for _ in range(SETS * 2)]
    print(f"// ld.{t} into {reg} bits, {n}\n.global .align 16 .u64 values_{i}[{len(flat)}] = "
          f"{{{', '.join(f'0x{v:x}U' for v in flat)}}};")
    print(f".visible .entry form_{i}(.param .u64 out, .param .u64 zeros, .param .align 16 .b8 val[{8 * len(flat)}])\n{{\n"
          f".shared .align 16 .b8 sm[{8 * len(flat)}]; .local .align 16 .b8 lm[{8 * len(flat)}];\n"
          ".reg .u32 t; .reg .u64 o, res, zero, lane, same, sh, shl, loc, locl, gen, x; .reg .pred some;\n"
          "mov.u32 t, %tid.x; mul.wide.u32 o, t, 8; ld.param.u64 res, [out]; add.u64 res, res, o;\n"
          f"ld.param.u64 zero, [zeros]; add.u64 zero, zero, o; ld.global.u64 zero, [zero]; mov.u64 same, values_{i};\n"
          "add.u64 lane, zero, same; mov.u64 sh, sm; add.u64 shl, sh, zero; mov.u64 loc, lm; add.u64 locl, loc, zero;\n"
          "cvta.shared.u64 gen, sh; setp.ne.u64 some, same, 0;")
    for k in range(len(flat)):
        print(f"ld.global.u64 x, [same+{8 * k}]; st.shared.u64 [sm+{8 * k}], x; st.local.u64 [lm+{8 * k}], x;")
    print("bar.sync 0;")
    for s in range(SETS):
        for v, place in enumerate(PLACES):
            row = 256 * (s * len(PLACES) + v)
            space, base_ = place.split("[")
            dst, both = ("D", "") if n == 1 else ("{D, E}", f"xor.b{reg} D, D, E; ")
            vec = "" if n == 1 else ".v2"
            dot = "." + space.strip() if space.strip() else ""
            guard = f"mov.b{reg} D, 0; mov.b{reg} E, 0; @some " if s % 2 and v else ""
            print(f"{{ .reg .b{reg} D, E; {guard}ld{dot}{vec}.{t} {dst}, [{base_}+{16 * s}]; "
                  f"{both}st.global.b{reg} [res+{row}], D; }}")
    print("ret;\n}")


def entry(r, i, form):
    """Prints the kernel and its values."""
    text, _, ins = form
    sets = [[value(r, t) for t in ins] for _ in range(SETS)]
    flat = [v for s in sets for v in s]
    print(f"// {text}\n.global .align 8 .u64 values_{i}[{len(flat)}] = {{{', '.join(f'0x{v:x}U' for v in flat)}}};")
    print(f".visible .entry form_{i}(.param .u64 out, .param .u64 zeros, .param .align 8 .b8 val[{8 * len(flat)}])\n{{\n"
          ".reg .u32 t; .reg .u64 o, res, lane, same; .reg .pred yes;\n"
          "mov.u32 t, %tid.x; mul.wide.u32 o, t, 8; ld.param.u64 res, [out]; add.u64 res, res, o;\n"
          f"ld.param.u64 lane, [zeros]; add.u64 lane, lane, o; ld.global.u64 lane, [lane]; mov.u64 same, values_{i};\n"
          "setp.eq.u64 yes, lane, 0; add.u64 lane, lane, same;")
    row = 0
    for s, values in enumerate(sets):
        n = len(ins)
        kinds = ["v" * n] + ["".join(k) for k in (("c" * n), ("p" * n), ("u" * n))]
        while len(kinds) <= VARIANTS:
            kinds.append("".join(r.choice("vcipu") for _ in ins))
        for k in kinds:
            print(variant(r, form, k, values, s * n, row), end="")
            row += 1
    print("ret;\n}")


def main():
    """The module."""
    r = random.Random(1)
    seen = set()
    print(".version 9.0\n.target sm_120\n.address_size 64")
    every = [(f[0], f[1], f[2]) for f in forms.FORMS] + [(t, o, i.split()) for t, o, i in more()]
    every = [f for f in every if (f[0], f[1]) not in seen and not seen.add((f[0], f[1]))]
    for i, f in enumerate(every):
        entry(r, i, f)
    for i, load in enumerate(loads(), len(every)):
        load_entry(r, i, *load)


if __name__ == "__main__":
    main()
