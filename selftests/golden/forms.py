#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The instruction forms that are compared with real hardware.

forms.py ptx    prints one PTX module with an entry for each form
forms.py table  prints the C table that the runner includes

A form is (instruction text, output type, input types, class). In the text D is the output and A, B, C
are the inputs. Class "exact": the bits of the hardware. Class "approx NAME BOUND": within BOUND of the true
function NAME, in the unit of the PTX ISA's own statement (see golden.cpp).
"""
import sys
import cvt_forms
import video_forms

CASES = 2048    # of each form; of those that are enumerated, fewer
FORMS = []


def form(text, out, ins, klass="exact", cases=CASES):
    """Adds a form."""
    FORMS.append((text, out, ins.split(), klass, cases))


def more(text, out, ins, klass="exact"):
    """Adds a form that is not there yet."""
    if not any(f[0] == text for f in FORMS):
        form(text, out, ins, klass, 512)


def each(pattern, out, ins, **lists):
    """Adds a form for each combination of the named lists."""
    todo = [pattern]
    for name, values in lists.items():
        todo = [t.replace("{" + name + "}", v) for t in todo for v in values]
    for t in todo:
        form(t, out, ins)


def integers():
    """Integer arithmetic, shifts, bit fields."""
    for t in ("s32", "u32"):
        form(f"mul.hi.{t} D, A, B;", "b32", f"{t} {t}")
        form(f"mad.hi.{t} D, A, B, C;", "b32", f"{t} {t} {t}")
        form(f"mul.wide.{t} D, A, B;", "b64", f"{t} {t}")
        form(f"mad.wide.{t} D, A, B, C;", "b64", f"{t} {t} {t[0]}64")
        each("mul24.{m}." + t + " D, A, B;", "b32", f"{t} {t}", m=["lo", "hi"])
        each("mad24.lo." + t + " D, A, B, C;", "b32", f"{t} {t} {t}")
        form(f"sad.{t} D, A, B, C;", "b32", f"{t} {t} {t}")
        each("{o}." + t + " D, A, B;", "b32", f"{t} nz{t}", o=["div", "rem"])
        each("{o}." + t + " D, A, B;", "b32", f"{t} {t}", o=["min", "max"])
        form(f"shr.{t} D, A, B;", "b32", f"{t} sh")
        form(f"bfind.{t} D, A;", "b32", t)
        form(f"bfind.shiftamt.{t} D, A;", "b32", t)
        form(f"bfe.{t} D, A, B, C;", "b32", f"{t} sh sh")
        each("szext.{m}." + t + " D, A, B;", "b32", f"{t} sh", m=["wrap", "clamp"])
        each("dp4a.{s}." + t + " D, A, B, C;", "b32", f"u32 u32 {t}", s=["s32", "u32"])
        each("dp2a.{h}.{s}." + t + " D, A, B, C;", "b32", f"u32 u32 {t}", h=["lo", "hi"], s=["s32", "u32"])
    each("{o}.sat.s32 D, A, B;", "b32", "s32 s32", o=["add", "sub"])
    form("mad.lo.s32 D, A, B, C;", "b32", "s32 s32 s32")
    form("mad.hi.sat.s32 D, A, B, C;", "b32", "s32 s32 s32")
    each("{o}.s32 D, A;", "b32", "s32", o=["abs", "neg"])
    each("{o}.b32 D, A;", "b32", "u32", o=["popc", "clz", "brev", "not", "cnot"])
    form("shl.b32 D, A, B;", "b32", "u32 sh")
    each("shf.{d}.{m}.b32 D, A, B, C;", "b32", "u32 u32 sh", d=["l", "r"], m=["wrap", "clamp"])
    form("bfi.b32 D, A, B, C, 7;", "b32", "u32 u32 sh")
    form("bfi.b32 D, A, B, 5, C;", "b32", "u32 u32 sh")
    each("bmsk.{m}.b32 D, A, B;", "b32", "sh sh", m=["clamp", "wrap"])
    form("fns.b32 D, A, B, 3;", "b32", "u32 lane")
    form("fns.b32 D, A, B, -2;", "b32", "u32 lane")
    form("fns.b32 D, A, B, 0;", "b32", "u32 lane")
    each("lop3.b32 D, A, B, C, {l};", "b32", "u32 u32 u32", l=["0x96", "0xe8", "0xca", "0x1b"])
    form("prmt.b32 D, A, B, C;", "b32", "u32 u32 u32")
    each("prmt.b32.{m} D, A, B, C;", "b32", "u32 u32 lane", m=["f4e", "b4e", "rc8", "ecl", "ecr", "rc16"])
    form("{ .reg .b32 x; add.cc.u32 x, A, B; addc.u32 D, C, C; }", "b32", "u32 u32 u32")
    form("{ .reg .b32 x; sub.cc.u32 x, A, B; subc.u32 D, C, 5; }", "b32", "u32 u32 u32")
    form("{ .reg .b32 x; mad.lo.cc.u32 x, A, B, C; madc.hi.u32 D, A, B, C; }", "b32", "u32 u32 u32")
    for t in ("s64", "u64"):
        each("{o}." + t + " D, A, B;", "b64", f"{t} nz{t}", o=["div", "rem"])
        each("{o}." + t + " D, A, B;", "b64", f"{t} {t}", o=["min", "max", "mul.lo", "mul.hi"])
        form(f"mad.lo.{t} D, A, B, C;", "b64", f"{t} {t} {t}")
        form(f"shr.{t} D, A, B;", "b64", f"{t} sh")
        form(f"bfind.{t} D, A;", "b32", t)
        form(f"bfe.{t} D, A, B, C;", "b64", f"{t} sh sh")
    form("shl.b64 D, A, B;", "b64", "u64 sh")
    form("bfi.b64 D, A, B, C, 9;", "b64", "u64 u64 sh")
    form("brev.b64 D, A;", "b64", "u64")
    each("{o}.b64 D, A;", "b32", "u64", o=["popc", "clz"])
    each("{o}.s64 D, A;", "b64", "s64", o=["abs", "neg"])
    for t in ("s16", "u16"):
        each("{o}." + t + " D, A, B;", "b16", f"{t} {t}", o=["add", "sub", "mul.lo", "mul.hi", "min", "max"])
        each("{o}." + t + " D, A, B;", "b16", f"{t} nz{t}", o=["div", "rem"])
        form(f"mul.wide.{t} D, A, B;", "b32", f"{t} {t}")
        form(f"mad.lo.{t} D, A, B, C;", "b16", f"{t} {t} {t}")
        form(f"shr.{t} D, A, B;", "b16", f"{t} sh")
    form("shl.b16 D, A, B;", "b16", "u16 sh")


def compare(t, cmps, ftz=""):
    """Comparisons, as 0 or 1."""
    each("{ .reg .pred p; setp.{c}" + ftz + "." + t + " p, A, B; selp.b32 D, 1, 0, p; }", "b32", f"{t} {t}", c=cmps)


def f32():
    """Single precision."""
    rounds = ["rn", "rz", "rm", "rp"]
    each("{o}.{r}{f}.f32 D, A, B;", "f32", "f32 f32", o=["add", "sub", "mul"], r=rounds, f=["", ".ftz"])
    each("fma.{r}{f}.f32 D, A, B, C;", "f32", "f32 f32 f32", r=rounds, f=["", ".ftz"])
    each("{o}.rn.sat.f32 D, A, B;", "f32", "f32 f32", o=["add", "mul"])
    form("fma.rn.ftz.sat.f32 D, A, B, C;", "f32", "f32 f32 f32")
    each("div.{r}{f}.f32 D, A, B;", "f32", "f32 f32", r=rounds, f=["", ".ftz"])
    each("{o}.{r}{f}.f32 D, A;", "f32", "f32", o=["rcp", "sqrt"], r=rounds, f=["", ".ftz"])
    each("{o}{f}{m}.f32 D, A, B;", "f32", "f32 f32", o=["min", "max"], f=["", ".ftz"], m=["", ".NaN", ".xorsign.abs", ".NaN.xorsign.abs"])
    each("{o}{f}.f32 D, A;", "f32", "f32", o=["abs", "neg"], f=["", ".ftz"])
    form("copysign.f32 D, A, B;", "f32", "f32 f32")
    each("{ .reg .pred p; testp.{c}.f32 p, A; selp.b32 D, 1, 0, p; }", "b32", "f32",
         c=["finite", "infinite", "number", "notanumber", "normal", "subnormal"])
    cmps = ["eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"]
    compare("f32", cmps)
    compare("f32", ["eq", "lt", "geu"], ".ftz")
    for f in ("", ".ftz"):
        form(f"div.approx{f}.f32 D, A, B;", "f32", "mf32 mf32", "approx div 2")
        form(f"div.full{f}.f32 D, A, B;", "f32", "mf32 mf32", "approx div 2")
        form(f"rcp.approx{f}.f32 D, A;", "f32", "f32", "approx rcp 1")
        form(f"sqrt.approx{f}.f32 D, A;", "f32", "f32", "approx sqrt 2")
        form(f"rsqrt.approx{f}.f32 D, A;", "f32", "f32", "approx rsqrt 2")
        form(f"ex2.approx{f}.f32 D, A;", "f32", "xf32", "approx ex2 2")
        form(f"lg2.approx{f}.f32 D, A;", "f32", "f32", "approx lg2 22")
        form(f"sin.approx{f}.f32 D, A;", "f32", "af32", "approx sin 20.5")
        form(f"cos.approx{f}.f32 D, A;", "f32", "af32", "approx cos 20.5")
    form("tanh.approx.f32 D, A;", "f32", "xf32", "approx tanh 11")


def f64():
    """Double precision."""
    rounds = ["rn", "rz", "rm", "rp"]
    each("{o}.{r}.f64 D, A, B;", "f64", "f64 f64", o=["add", "sub", "mul", "div"], r=rounds)
    each("fma.{r}.f64 D, A, B, C;", "f64", "f64 f64 f64", r=rounds)
    each("{o}.{r}.f64 D, A;", "f64", "f64", o=["rcp", "sqrt"], r=rounds)
    each("{o}.f64 D, A, B;", "f64", "f64 f64", o=["min", "max"])
    each("{o}.f64 D, A;", "f64", "f64", o=["abs", "neg"])
    form("copysign.f64 D, A, B;", "f64", "f64 f64")
    form("rcp.approx.ftz.f64 D, A;", "f64", "f64", "approx rcp64 0")
    form("rsqrt.approx.ftz.f64 D, A;", "f64", "f64", "approx rsqrt64 0")
    compare("f64", ["eq", "ne", "lt", "ge", "equ", "neu", "ltu", "geu", "num", "nan"])


def halves():
    """f16, bf16 and their pairs."""
    for t in ("f16", "f16x2"):
        o = "b16" if t == "f16" else "b32"
        each("{o}.rn{f}{s}." + t + " D, A, B;", t, f"{t} {t}", o=["add", "sub", "mul"], f=["", ".ftz"], s=["", ".sat"])
        each("fma.rn{f}{s}." + t + " D, A, B, C;", t, f"{t} {t} {t}", f=["", ".ftz"], s=["", ".sat", ".relu"])
        each("{o}{f}{m}." + t + " D, A, B;", t, f"{t} {t}", o=["min", "max"], f=["", ".ftz"], m=["", ".NaN", ".xorsign.abs"])
        each("{o}." + t + " D, A;", t, t, o=["abs", "neg"])
        form(f"ex2.approx.{t} D, A;", t, "x" + t, "approx h_ex2 0")
        form(f"tanh.approx.{t} D, A;", t, "x" + t, "approx h_tanh 0")
        del o
    for t in ("bf16", "bf16x2"):
        each("fma.rn{s}." + t + " D, A, B, C;", t, f"{t} {t} {t}", s=["", ".relu"])
        each("{o}.rn." + t + " D, A, B;", t, f"{t} {t}", o=["add", "sub", "mul"])
        each("{o}{m}." + t + " D, A, B;", t, f"{t} {t}", o=["min", "max"], m=["", ".NaN", ".xorsign.abs"])
        each("{o}." + t + " D, A;", t, t, o=["abs", "neg"])
        form(f"ex2.approx.ftz.{t} D, A;", t, "x" + t, "approx b_ex2 0")
        form(f"tanh.approx.{t} D, A;", t, "x" + t, "approx b_tanh 0")
    compare("f16", ["eq", "lt", "geu", "nan"])
    compare("bf16", ["eq", "lt", "geu", "nan"])


def conversions():
    """cvt in its forms."""
    ints = ["s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"]
    reg = {"s8": "b32", "u8": "b32"}
    for t in ints:
        out = reg.get(t, "b" + t[1:])
        for f in ("f16", "f32", "f64"):
            if t in ("s8", "u8") and f == "f64":
                continue
            each("cvt.{r}." + t + f".{f} D, A;", out, f"c{f}", r=["rni", "rzi", "rmi", "rpi"])
        form(f"cvt.rzi.ftz.{t}.f32 D, A;", out, "cf32")
        src = {"s8": "s16", "u8": "u16"}.get(t, t)
        for f in ("f16", "f32", "f64"):
            each("cvt.{r}." + f + f".{t} D, A;", f, src, r=["rn", "rz", "rm", "rp"])
        for s in ints:
            if s != t and int(s[1:]) >= int(t[1:]):
                form(f"cvt.sat.{t}.{s} D, A;", out, {"s8": "s16", "u8": "u16"}.get(s, s))
    rounds = ["rn", "rz", "rm", "rp"]
    each("cvt.{r}{f}.f32.f64 D, A;", "f32", "f64", r=rounds, f=["", ".ftz"])
    each("cvt{f}.f64.f32 D, A;", "f64", "f32", f=["", ".ftz"])
    each("cvt.{r}.f16.f32 D, A;", "f16", "f32", r=rounds)
    each("cvt.{r}.f16.f64 D, A;", "f16", "f64", r=rounds)
    each("cvt{s}.f32.f16 D, A;", "f32", "f16", s=["", ".sat"])
    form("cvt.f64.f16 D, A;", "f64", "f16")
    form("cvt.f32.bf16 D, A;", "f32", "bf16")
    each("cvt.{r}{s}.bf16.f32 D, A;", "bf16", "f32", r=["rn", "rz"], s=["", ".relu"])
    each("cvt.{r}{s}.f16x2.f32 D, A, B;", "f16x2", "f32 f32", r=["rn", "rz"], s=["", ".relu"])
    each("cvt.{r}{s}.bf16x2.f32 D, A, B;", "bf16x2", "f32 f32", r=["rn", "rz"], s=["", ".relu"])
    form("cvt.rna.tf32.f32 D, A;", "b32", "f32")
    each("cvt.{r}{f}.f32.f32 D, A;", "f32", "f32", r=["rni", "rzi", "rmi", "rpi"], f=["", ".ftz"])
    each("cvt{f}.sat.f32.f32 D, A;", "f32", "f32", f=["", ".ftz"])
    each("cvt.{r}.f64.f64 D, A;", "f64", "f64", r=["rni", "rzi", "rmi", "rpi"])
    each("cvt.{r}.f16.f16 D, A;", "f16", "f16", r=["rni", "rzi", "rmi", "rpi"])
    each("cvt.rn.satfinite{s}.{t}.f32 D, A, B;", "b16", "f32 f32", s=["", ".relu"], t=["e4m3x2", "e5m2x2"])
    each("cvt.rn.satfinite{s}.{t}.f16x2 D, A;", "b16", "f16x2", s=["", ".relu"], t=["e4m3x2", "e5m2x2"])
    each("cvt.rn{s}.f16x2.{t} D, A;", "f16x2", "u16", s=["", ".relu"], t=["e4m3x2", "e5m2x2"])


def rest():
    """What the others left out."""
    for t in ("s16x2", "u16x2"):
        for o in ("add", "min", "max"):
            more(f"{o}.{t} D, A, B;", "b32", "u32 u32")
    for o in ("min", "max"):
        for t in ("s32", "s16x2"):
            more(f"{o}.relu.{t} D, A, B;", "b32", "u32 u32")
    for t in ("s16", "u16", "s64", "u64"):
        more(f"sad.{t} D, A, B, C;", "b" + t[1:], f"{t} {t} {t}")
        more(f"mad.hi.{t} D, A, B, C;", "b" + t[1:], f"{t} {t} {t}")
        if t[0] == "s":
            more(f"abs.{t} D, A;", "b" + t[1:], t)
            more(f"neg.{t} D, A;", "b" + t[1:], t)
    for t in ("s32", "u32"):
        more(f"mad24.hi.{t} D, A, B, C;", "b32", f"{t} {t} {t}")
    more("mad24.hi.sat.s32 D, A, B, C;", "b32", "s32 s32 s32")
    for t in ("s64", "u64"):
        more(f"bfind.shiftamt.{t} D, A;", "b32", t)
    more("{ .reg .b64 x; add.cc.u64 x, A, B; addc.u64 D, C, C; }", "b64", "u64 u64 u64")
    more("{ .reg .b64 x; sub.cc.u64 x, A, B; subc.u64 D, C, 5; }", "b64", "u64 u64 u64")
    more("{ .reg .b64 x; mad.lo.cc.u64 x, A, B, C; madc.hi.u64 D, A, B, C; }", "b64", "u64 u64 u64")
    for t in ("f16", "bf16", "f16x2", "bf16x2"):
        ftz = ("", ".ftz") if t[0] == "f" else ("",)
        more(f"fma.rn.oob.{t} D, A, B, C;", t, f"o{t} o{t} o{t}")
        more(f"fma.rn.oob.relu.{t} D, A, B, C;", t, f"o{t} o{t} o{t}")
        for f in ftz:
            for o in ("min", "max"):
                for m in ("", ".NaN", ".xorsign.abs", ".NaN.xorsign.abs"):
                    more(f"{o}{f}{m}.{t} D, A, B;", t, f"{t} {t}")
            for o in ("abs", "neg"):
                more(f"{o}{f}.{t} D, A;", t, t)
        for c in ("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"):
            more(f"set.{c}.{t}.{t} D, A, B;", t, f"{t} {t}")
    for d in ("u32", "s32", "f32"):
        for t in ("s32", "u64", "f32", "f64", "f16"):
            if (d, t) != ("f32", "f16"):
                more(f"set.ge.{d}.{t} D, A, B;", "b32", f"{t} {t}")
        more(f"set.ne.{d}.b16 D, A, B;", "b32", "u16 u16")
        more(f"{{ .reg .pred p; setp.lt.f32 p, C, A; set.gtu.xor.{d}.f32 D, A, B, p; }}", "b32", "f32 f32 f32")
    more("{ .reg .pred p, q; setp.gt.and.s32 p|q, A, B, 1; selp.b32 D, 1, 0, p; @q add.u32 D, D, 2; }", "b32", "s32 s32")
    for t in ("s32", "u64", "f32", "f64", "b16"):
        i = "u16" if t == "b16" else t
        for s in ("s32", "f32"):
            more(f"slct.{t}.{s} D, A, B, C;", "b" + t[1:] if t[0] != "f" else t, f"{i} {i} {s}")
    more("slct.ftz.s32.f32 D, A, B, C;", "b32", "s32 s32 f32")
    for c in ("finite", "infinite", "number", "notanumber", "normal", "subnormal"):
        more(f"{{ .reg .pred p; testp.{c}.f64 p, A; selp.b32 D, 1, 0, p; }}", "b32", "f64")
    more("rsqrt.approx.f64 D, A;", "f64", "f64", "approx rsqrt64 0")
    for t in ("f16", "bf16"):
        for c in ("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"):
            more(f"{{ .reg .pred p; setp.{c}.{t} p, A, B; selp.b32 D, 1, 0, p; }}", "b32", f"{t} {t}")
            if c in ("eq", "ltu", "ge"):
                more(f"{{ .reg .pred p, q; setp.{c}.{t}x2 p|q, A, B; selp.b32 D, 1, 0, p; @q add.u32 D, D, 2; }}",
                     "b32", f"{t}x2 {t}x2")


for part in (integers, f32, f64, halves, conversions, rest):
    part()
cvt_forms.forms(more)
video_forms.forms(more)

BITS = {"f16": 16, "bf16": 16, "f16x2": 32, "bf16x2": 32, "sh": 32, "lane": 32}


def bits(t):
    """Width of a type's register."""
    if t in BITS:
        return BITS[t]
    for p in ("nz", "m", "x", "a", "c", "o"):
        if t.startswith(p):
            return bits(t[len(p):])
    return int(t[1:])


def ptx():
    """The module."""
    print(".version 9.0\n.target sm_90\n.address_size 64")
    for i, (text, out, ins, _, _) in enumerate(FORMS):
        regs = "".join(f"\t.reg .b{bits(t)} {'ABC'[k]};\n" for k, t in enumerate(ins))
        loads = "".join(f"\tadd.u64 p, q{k}, o;\n\tld.global.b{bits(t)} {'ABC'[k]}, [p];\n" for k, t in enumerate(ins))
        print(f"// {text}\n.visible .entry form_{i}(.param .u64 pa, .param .u64 pb, .param .u64 pc, "
              ".param .u64 pd, .param .u32 pn)\n{\n"
              "\t.reg .u32 i, n, t; .reg .u64 o, p, q0, q1, q2, qd; .reg .pred out;\n"
              f"{regs}\t.reg .b{bits(out)} D;\n"
              "\tmov.u32 i, %ctaid.x;\n\tmov.u32 t, %ntid.x;\n\tmul.lo.u32 i, i, t;\n"
              "\tmov.u32 t, %tid.x;\n\tadd.u32 i, i, t;\n\tld.param.u32 n, [pn];\n"
              "\tsetp.ge.u32 out, i, n;\n\t@out ret;\n\tmul.wide.u32 o, i, 8;\n"
              "\tld.param.u64 q0, [pa];\n\tld.param.u64 q1, [pb];\n\tld.param.u64 q2, [pc];\n\tld.param.u64 qd, [pd];\n"
              f"{loads}\t{text}\n\tadd.u64 p, qd, o;\n\tst.global.b{bits(out)} [p], D;\n\tret;\n}}\n")


def table():
    """The C table: text, output type, input types, class, cases."""
    for text, out, ins, klass, cases in FORMS:
        ins = ins + [""] * (3 - len(ins))
        k = klass.split()
        name, bound = (k[1], k[2]) if k[0] == "approx" else ("", "0")
        print(f'{{ "{text}", "{out}", {{ "{ins[0]}", "{ins[1]}", "{ins[2]}" }}, "{name}", {bound}, {cases} }},')


if __name__ == "__main__":
    {"ptx": ptx, "table": table}[sys.argv[1]]()
