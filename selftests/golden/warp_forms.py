#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Forms that work across the lanes of a warp, compared with real hardware.

Like forms.py; in the text X0...X15 are 32-bit inputs of each lane, Y0...Y7 its outputs, L the lane,
S the address of 4096 bytes of shared memory that begins with the lanes' inputs, w that of the lane's own there,
G that of the lane's inputs in global memory. A form is (text, kind of inputs,
tolerance): 0 compares bits, else results are floats of the named format that may differ by
tolerance times (1 + |value|).
"""
import sys
import atomic_forms
import wmma_forms

WARPS = 64    # that run a form; of later ones, fewer
FORMS = []


def form(text, inputs="bits", out="b32", tolerance=0, warps=WARPS):
    """Adds a form."""
    FORMS.append((text, inputs, out, tolerance, warps))


def more(text, inputs="bits", out="b32", tolerance=0):
    """Adds a form that few warps run."""
    form(text, inputs, out, tolerance, 8)


def regs(prefix, first, n):
    """{X3, X4, ...}"""
    return "{" + ", ".join(f"{prefix}{first + i}" for i in range(n)) + "}"


def lanes():
    """Shuffles, votes, matches, reductions."""
    for mode, clamps in (("up", ("0", "0x1000", "0x1800")), ("down", ("31", "0x101f", "0x180f")),
                         ("bfly", ("31", "0x101f", "0x1c1f")), ("idx", ("31", "0x181f", "0x1005"))):
        for c in clamps:
            for b in ("1", "9", "31"):
                form(f"shfl.sync.{mode}.b32 Y0|p, X0, {b}, {c}, -1; selp.b32 Y1, 1, 0, p;")
            form(f"and.b32 t, X1, 31; shfl.sync.{mode}.b32 Y0|p, X0, t, {c}, -1; selp.b32 Y1, 1, 0, p;")
    form("and.b32 t, X1, 31; and.b32 u, X2, 0x1f1f; shfl.sync.idx.b32 Y0, X0, t, u, -1;")
    for mode in ("all", "any", "uni"):
        for bit in ("1", "0x11111111", "0"):
            form(f"and.b32 t, X0, {bit}; setp.ne.b32 p, t, 0; vote.sync.{mode}.pred q, p, -1; selp.b32 Y0, 1, 0, q;")
    form("setp.lt.u32 p, X0, X1; vote.sync.ballot.b32 Y0, p, -1;")
    form("and.b32 t, X0, 3; match.any.sync.b32 Y0, t, -1;")
    form("and.b32 t, X0, 1; cvt.u64.u32 a, t; match.any.sync.b64 Y0, a, -1;")
    form("match.all.sync.b32 Y0|p, X0, -1; selp.b32 Y1, 1, 0, p;")
    form("mov.b32 t, %ctaid.x; match.all.sync.b32 Y0|p, t, -1; selp.b32 Y1, 1, 0, p;")
    for t in ("add.u32", "add.s32", "min.u32", "min.s32", "max.u32", "max.s32", "and.b32", "or.b32", "xor.b32"):
        form(f"redux.sync.{t} Y0, X0, -1;")
    form("elect.sync Y0|p, -1; selp.b32 Y1, 1, 0, p;")
    form("and.b32 t, L, 5; setp.eq.u32 p, t, 1; @p bra IN_%; mov.b32 Y0, 7; bra OUT_%; IN_%: activemask.b32 Y0; OUT_%: ")
    form("mov.b32 Y0, %lanemask_lt; mov.b32 Y1, %lanemask_ge; mov.b32 Y2, %lanemask_eq; mov.b32 Y3, %laneid;")
    form("setp.lt.u32 p, L, 20; @!p bra OUT_%; shfl.sync.bfly.b32 Y0, X0, 2, 31, 0xfffff; OUT_%: ")
    form("setp.gt.u32 p, X0, X1; bar.red.popc.u32 Y0, 0, p; bar.red.or.pred q, 0, p; selp.b32 Y1, 1, 0, q;")


def matrices():
    """ldmatrix, stmatrix, movmatrix."""
    for n, cnt in (("x1", 1), ("x2", 2), ("x4", 4)):
        for tr in ("", ".trans"):
            form(f"and.b32 t, L, 31; mul.lo.u32 t, t, 48; add.u32 t, t, S; ldmatrix.sync.aligned.m8n8.{n}{tr}.shared.b16 {regs('Y', 0, cnt)}, [t];")
            form(f"mul.lo.u32 t, L, 16; add.u32 t, t, S; stmatrix.sync.aligned.m8n8.{n}{tr}.shared.b16 [t], {regs('X', 0, cnt)}; "
                 "bar.warp.sync -1; mul.lo.u32 t, L, 16; add.u32 t, t, S; ld.shared.v4.b32 {Y0, Y1, Y2, Y3}, [t];")
    form("movmatrix.sync.aligned.m8n8.trans.b16 Y0, X0;")


def mma(shape, types, na, nb, nc, inputs, out="b32", tolerance=0, suffix="", layout="row.col"):
    """One mma form: A, B, C in 32-bit registers."""
    d, a, b, c = types
    form(f"mma.sync.aligned.{shape}.{layout}{suffix}.{d}.{a}.{b}.{c} {regs('Y', 0, nc)}, {regs('X', 0, na)}, "
         f"{regs('X', na, nb)}, {regs('X', 8, nc)};", inputs, out, tolerance)


def products():
    """mma of every shape and type of compute capability 9.0."""
    for kind in ("small", "unit"):
        tol32 = 0 if kind == "small" else 2e-5
        tol16 = 0 if kind == "small" else 4e-3
        for shape, na, nb in (("m16n8k8", 2, 1), ("m16n8k16", 4, 2)):
            mma(shape, ("f32", "f16", "f16", "f32"), na, nb, 4, f"f16{kind}", "f32", tol32)
            mma(shape, ("f16", "f16", "f16", "f16"), na, nb, 2, f"h16{kind}", "f16x2", tol16)
            mma(shape, ("f32", "bf16", "bf16", "f32"), na, nb, 4, f"bf16{kind}", "f32", tol32)
        for shape, na, nb in (("m16n8k4", 2, 1), ("m16n8k8", 4, 2)):
            mma(shape, ("f32", "tf32", "tf32", "f32"), na, nb, 4, f"tf32{kind}", "f32", tol32)
        for a in ("e4m3", "e5m2"):
            for b in ("e4m3", "e5m2"):
                mma("m16n8k32", ("f32", a, b, "f32"), 4, 2, 4, f"fp8{kind}", "f32", 0 if kind == "small" else 2e-2)
    for shape, na, nb, nc in (("m8n8k16", 1, 1, 2), ("m16n8k16", 2, 1, 4), ("m16n8k32", 4, 2, 4)):
        for a in ("s8", "u8"):
            for b in ("s8", "u8"):
                mma(shape, ("s32", a, b, "s32"), na, nb, nc, "bits")
                mma(shape, ("s32", a, b, "s32"), na, nb, nc, "bits", suffix=".satfinite")
    for shape, na, nb, nc in (("m8n8k32", 1, 1, 2), ("m16n8k32", 2, 1, 4), ("m16n8k64", 4, 2, 4)):
        for a, b in (("s4", "s4"), ("u4", "u4"), ("s4", "u4")):
            mma(shape, ("s32", a, b, "s32"), na, nb, nc, "bits")
    for shape, na, nb, nc in (("m8n8k128", 1, 1, 2), ("m16n8k128", 2, 1, 4), ("m16n8k256", 4, 2, 4)):
        for op in ("xor", "and"):
            if shape == "m8n8k128" or op:
                form(f"mma.sync.aligned.{shape}.row.col.s32.b1.b1.s32.{op}.popc {regs('Y', 0, nc)}, {regs('X', 0, na)}, "
                     f"{regs('X', na, nb)}, {regs('X', 8, nc)};")
    load = "mov.b64 {0}, {{X{1}, X{2}}}; "
    for shape, na, nb, nc in (("m8n8k4", 1, 1, 2), ("m16n8k4", 2, 1, 4), ("m16n8k8", 4, 2, 4)):
        names = [f"a{i}" for i in range(na + nb + nc)]
        text = "".join(load.format(n, 2 * i % 16, (2 * i + 1) % 16) for i, n in enumerate(names))
        text = "".join(f".reg .b64 {n}; " for n in names) + "".join(f".reg .b64 d{i}; " for i in range(nc)) + text
        text += f"mma.sync.aligned.{shape}.row.col.f64.f64.f64.f64 " + "{" + ", ".join(f"d{i}" for i in range(nc)) + "}, {"
        text += ", ".join(names[:na]) + "}, {" + ", ".join(names[na:na + nb]) + "}, {" + ", ".join(names[na + nb:]) + "};"
        text += "".join(f" mov.b64 {{Y{2 * i}, Y{2 * i + 1}}}, d{i};" for i in range(nc))
        form(text, "f64small", "b32")


def partial():
    """Lanes of a part of the warp."""
    few = "setp.lt.u32 p, L, 20; @!p bra OUT_%; "
    for t in ("add.u32", "min.s32", "max.u32", "and.b32", "xor.b32"):
        more(f"{few}redux.sync.{t} Y0, X0, 0xfffff; OUT_%: ")
    for mode in ("all", "any", "uni"):
        more(f"{few}and.b32 t, X0, 1; setp.ne.b32 p, t, 0; vote.sync.{mode}.pred q, p, 0xfffff; selp.b32 Y0, 1, 0, q; OUT_%: ")
    more(few + "setp.lt.u32 p, X0, X1; vote.sync.ballot.b32 Y0, p, 0xfffff; OUT_%: ")
    more(few + "and.b32 t, X0, 3; match.any.sync.b32 Y0, t, 0xfffff; OUT_%: ")
    more(few + "elect.sync Y0|p, 0xfffff; selp.b32 Y1, 1, 0, p; OUT_%: ")
    more("mov.b64 a, {X0, X1}; match.any.sync.b64 Y0, a, -1;")
    more("and.b32 t, X0, 1; mov.b64 a, {X2, t}; and.b32 u, X2, 1; mov.b64 a, {u, t}; match.any.sync.b64 Y0, a, -1;")
    more("mov.b64 a, {X0, X1}; match.all.sync.b64 Y0|p, a, -1; selp.b32 Y1, 1, 0, p;")
    more("mov.b32 t, %ctaid.x; mov.b64 a, {t, t}; match.all.sync.b64 Y0|p, a, -1; selp.b32 Y1, 1, 0, p;")
    more("setp.gt.u32 p, X0, X1; bar.red.and.pred q, 0, p; selp.b32 Y0, 1, 0, q; bar.red.popc.u32 Y1, 0, !p;")


def wider():
    """mma that products() has not: m8n8k4, m16n8k16 of f64, 4-bit mixes; zeros, denormals, infinities, NaN."""
    for kind in ("small", "unit"):
        for la in ("row", "col"):
            for lb in ("row", "col"):
                for d, c in (("f32", "f32"), ("f16", "f16"), ("f32", "f16")):
                    if c == "f16" and d == "f32" and la != lb:
                        continue
                    y, x = (regs("Y", 0, 8 if d == "f32" else 4), regs("X", 8, 8 if c == "f32" else 4))
                    tol = 0 if kind == "small" else 2e-5 if d == "f32" else 4e-3
                    more(f"mma.sync.aligned.m8n8k4.{la}.{lb}.{d}.f16.f16.{c} {y}, {regs('X', 0, 2)}, {regs('X', 2, 2)}, {x};",
                         f"{'f16' if c == 'f32' else 'h16'}{kind}", "f32" if d == "f32" else "f16x2", tol)
    for shape, na, nb, nc in (("m8n8k32", 1, 1, 2), ("m16n8k32", 2, 1, 4), ("m16n8k64", 4, 2, 4)):
        for a, b in (("s4", "s4"), ("u4", "u4"), ("s4", "u4"), ("u4", "s4")):
            for sat in ("", ".satfinite"):
                if sat or (a, b) == ("u4", "s4"):
                    more(f"mma.sync.aligned.{shape}.row.col{sat}.s32.{a}.{b}.s32 {regs('Y', 0, nc)}, {regs('X', 0, na)}, "
                         f"{regs('X', na, nb)}, {regs('X', 8, nc)};")
    text = ".reg .b64 f<16>, d<4>; " + "".join(f"mov.b64 f{i}, {{X{2 * i % 16}, X{(2 * i + 1) % 16}}}; " for i in range(16))
    text += f"mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {regs('d', 0, 4)}, {regs('f', 0, 8)}, {regs('f', 8, 4)}, {regs('f', 12, 4)};"
    more(text + "".join(f" mov.b64 {{Y{2 * i}, Y{2 * i + 1}}}, d{i};" for i in range(4)), "f64small")
    for a, shape, na, nb in (("f16", "m16n8k16", 4, 2), ("bf16", "m16n8k16", 4, 2), ("tf32", "m16n8k8", 4, 2)):
        more(f"mma.sync.aligned.{shape}.row.col.f32.{a}.{a}.f32 {regs('Y', 0, 4)}, {regs('X', 0, na)}, {regs('X', na, nb)}, "
             f"{regs('X', 8, 4)};", f"s:{a}", "f32", 2e-5)


def sparse():
    """mma.sp: two of four, or one of two."""
    def one(op, shape, types, n, nc, sel, inputs, out="b32", tolerance=0, mods=""):
        d, a, b, c = types
        more(f"mma.sp{op}.sync.aligned.{shape}.row.col{mods}.{d}.{a}.{b}.{c} {regs('Y', 0, nc)}, {regs('X', 0, n)}, "
             f"{regs('X', n, n)}, {regs('X', 8, nc)}, X12, {sel};", inputs, out, tolerance)

    for kind in ("small", "unit"):
        t32, t16 = (0, 0) if kind == "small" else (2e-5, 4e-3)
        for op in ("", "::ordered_metadata"):
            for shape, n, sels in (("m16n8k16", 2, 4), ("m16n8k32", 4, 2)):
                for sel in range(sels if not op else 1):
                    one(op, shape, ("f32", "f16", "f16", "f32"), n, 4, sel, f"sp24:f16{kind}", "f32", t32)
                    one(op, shape, ("f16", "f16", "f16", "f16"), n, 2, sel, f"sp24:h16{kind}", "f16x2", t16)
                    one(op, shape, ("f32", "bf16", "bf16", "f32"), n, 4, sel, f"sp24:bf16{kind}", "f32", t32)
            for shape, n, sels in (("m16n8k8", 2, 4), ("m16n8k16", 4, 2)):
                for sel in range(sels if not op else 1):
                    one(op, shape, ("f32", "tf32", "tf32", "f32"), n, 4, sel, f"sp12:tf32{kind}", "f32", t32)
            for a in ("e4m3", "e5m2"):
                for b in ("e4m3", "e5m2"):
                    one(op, "m16n8k64", ("f32", a, b, "f32"), 4, 4, 0, f"sp24:fp8{kind}", "f32", 0 if kind == "small" else 2e-2)
    for op in ("", "::ordered_metadata"):
        for shape, n, sels, types in (("m16n8k32", 2, 2, "8"), ("m16n8k64", 4, 1, "8"), ("m16n8k64", 2, 2, "4"), ("m16n8k128", 4, 1, "4")):
            for a in "su":
                for b in "su":
                    for sel in range(sels if not op else 1):
                        one(op, shape, ("s32", a + types, b + types, "s32"), n, 4, sel, "sp24:bits",
                            mods=".satfinite" if a == b else "")


for part in (lanes, matrices, products, partial, wider, sparse):
    part()
wmma_forms.forms(more)
atomic_forms.forms(more)


def ptx():
    """The module."""
    print(".version 9.0\n.target sm_90\n.address_size 64")
    for i, (text, *_) in enumerate(FORMS):
        loads = "".join(f"\tld.global.b32 X{k}, [p+{4 * k}];\n\tst.shared.b32 [w+{4 * k}], X{k};\n" for k in range(16))
        stores = "".join(f"\tst.global.b32 [p+{4 * k}], Y{k};\n" for k in range(8))
        print(f"// {text}\n.visible .entry warp_{i}(.param .u64 pin, .param .u64 pout)\n.reqnctapercluster 1, 1, 1\n{{\n"
              "\t.reg .b32 L, S, w, t, u, i, X<16>, Y<8>; .reg .b64 p, a, G; .reg .pred p_, q_;\n"
              "\t.shared .align 16 .b8 sh[4096];\n"
              "\tmov.u32 L, %laneid;\n\tmov.u32 S, sh;\n\tshl.b32 w, L, 6;\n\tadd.u32 w, w, S;\n"
              "\tmov.u32 i, %ctaid.x;\n\tshl.b32 i, i, 5;\n\tadd.u32 i, i, L;\n"
              "\tld.param.u64 p, [pin];\n\tmul.wide.u32 a, i, 64;\n\tadd.u64 p, p, a;\n\tmov.u64 G, p;\n"
              f"{loads}" + "".join(f"\tmov.b32 Y{k}, 0;\n" for k in range(8)) + "\tbar.warp.sync -1;\n"
              "\t{ .reg .pred p, q;\n\t" + text.replace("_%", f"_{i}") + "\n\t}\n"
              "\tld.param.u64 p, [pout];\n\tmul.wide.u32 a, i, 32;\n\tadd.u64 p, p, a;\n"
              f"{stores}\tret;\n}}\n")


def table():
    """The C table."""
    for text, inputs, out, tol, warps in FORMS:
        print(f'{{ "{text}", "{inputs}", "{out}", {tol}, {warps} }},')


if __name__ == "__main__":
    {"ptx": ptx, "table": table}[sys.argv[1]]()
