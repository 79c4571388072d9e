# SPDX-License-Identifier: MIT
"""wmma, through memory: which element a fragment's register holds is the implementation's choice."""

# shape: m, n, k, registers of A and B by element type
SHAPES = {
    "m16n16k16": (16, 16, 16, {"f16": (8, 8), "bf16": (4, 4), "s8": (2, 2), "u8": (2, 2)}),
    "m32n8k16": (32, 8, 16, {"f16": (8, 8), "bf16": (8, 2), "s8": (4, 1), "u8": (4, 1)}),
    "m8n32k16": (8, 32, 16, {"f16": (8, 8), "bf16": (2, 8), "s8": (1, 4), "u8": (1, 4)}),
    "m16n16k8": (16, 16, 8, {"tf32": (4, 4)}),
    "m8n8k32": (8, 8, 32, {"s4": (1, 1), "u4": (1, 1)}),
    "m8n8k128": (8, 8, 128, {"b1": (1, 1)}),
    "m8n8k4": (8, 8, 4, {"f64": (1, 1)}),
}
BITS = {"f16": 16, "bf16": 16, "s8": 8, "u8": 8, "tf32": 32, "s4": 4, "u4": 4, "b1": 1, "f64": 64}


def names(prefix, n):
    """{a0, a1, ...}"""
    return "{" + ", ".join(f"{prefix}{i}" for i in range(n)) + "}"


def accumulator(typ, m, n):
    """Where C is read from: its address, its stride by layout."""
    if typ == "f64":
        return "S+1024", {"row": 8, "col": 8}
    if typ == "f16":
        return "S" if n == 32 else "S+32", {"row": 32, "col": 32}
    return "S+2048", {"row": n, "col": m}


def spread_c(a):
    """C in 32 bits a value, 8 of each lane, to the second half of S."""
    text = ""
    for k in range(8):
        src = f"X{8 + k}"
        if a in ("f16", "bf16"):
            text += f"shl.b32 t, X{8 + k}, 16; "
            src = "t"
        text += f"shl.b32 u, L, 5; add.u32 u, u, S; st.shared.b32 [u+{2048 + 4 * k}], {src}; "
    return text + "bar.warp.sync -1; "


def product(form, shape, a, b, d, c, la, lb, lc, ld, inputs, tolerance=0, mods="", op=""):
    """One wmma.mma with its loads and its store."""
    m, n, k, regs = SHAPES[shape]
    na, nb = regs[a]
    stride = 512 // BITS[a]
    nc = {"f16": 4, "f64": 2}.get(c, 8 if m * n == 256 else 2)
    nd = {"f16": 4, "f64": 2}.get(d, 8 if m * n == 256 else 2)
    ty = "f64" if a == "f64" else "b32"
    text = f".reg .{ty} a<{na}>, b<{nb}>, c<{nc}>, d<{nd}>; "
    if c in ("f32", "s32"):
        text += spread_c(a)
    at, strides = accumulator(c, m, n)
    base_b = "S" if n == 32 or lb == "row" else "S+1024" if n == 16 else "S+512"
    sh = f"sync.aligned.{shape}"
    text += f"wmma.load.a.sync.aligned.{la}.{shape}.shared.{a} {names('a', na)}, [S], {stride}; "
    text += f"wmma.load.b.sync.aligned.{lb}.{shape}.shared.{b} {names('b', nb)}, [{base_b}], {stride}; "
    text += f"wmma.load.c.sync.aligned.{lc}.{shape}.shared.{c} {names('c', nc)}, [{at}], {strides[lc]}; "
    types = f"{d}.{c}" if a == "f16" else f"{d}.{a}.{b}.{c}"
    text += f"wmma.mma{op}.{sh.replace('aligned.', f'aligned.{la}.{lb}.')}{mods}.{types} "
    text += f"{names('d', nd)}, {names('a', na)}, {names('b', nb)}, {names('c', nc)}; bar.warp.sync -1; "
    text += f"wmma.store.d.sync.aligned.{ld}.{shape}.shared.{d} [S+2048], {names('d', nd)}, {n if ld == 'row' else m}; "
    words = m * n * (2 if d == "f64" else 1) // (64 if d == "f16" else 32)
    text += f"bar.warp.sync -1; mul.lo.u32 t, L, {4 * words}; add.u32 t, t, S; "
    text += "".join(f"ld.shared.b32 Y{i}, [t+{2048 + 4 * i}]; " for i in range(words))
    out = {"f16": "f16x2", "f32": "f32"}.get(d, "b32")
    form(text, inputs, out, tolerance)


def forms(form):
    """All of them."""
    for shape in ("m16n16k16", "m32n8k16", "m8n32k16"):
        for la, lb, lc, ld in (("row", "col", "row", "row"), ("col", "row", "col", "col"),
                               ("row", "row", "row", "col"), ("col", "col", "col", "row")):
            for d, c in (("f32", "f32"), ("f16", "f16"), ("f32", "f16"), ("f16", "f32")):
                if d == c or la != lb:
                    # where C is what halves make in a float's upper half, small is no integer
                    tol = 4e-3 if d == "f16" else 0
                    product(form, shape, "f16", "f16", d, c, la, lb, lc, ld, "h16small", tol)
            product(form, shape, "bf16", "bf16", "f32", "f32", la, lb, lc, ld, "hbf16small")
            for a in ("s8", "u8"):
                sat = ".satfinite" if la == "row" else ""
                product(form, shape, a, a, "s32", "s32", la, lb, lc, ld, "bits", mods=sat)
        product(form, shape, "f16", "f16", "f16", "f16", "row", "col", "row", "row", "h16unit", 4e-3)
        product(form, shape, "f16", "f16", "f32", "f32", "row", "col", "row", "row", "h16unit", 2e-5)
        product(form, shape, "bf16", "bf16", "f32", "f32", "row", "col", "row", "row", "hbf16unit", 2e-5)
    for la, lb in (("row", "col"), ("col", "row")):
        product(form, "m16n16k8", "tf32", "tf32", "f32", "f32", la, lb, "row", "col", "t32small")
        product(form, "m16n16k8", "tf32", "tf32", "f32", "f32", la, lb, "col", "row", "t32unit", 2e-5)
        for r in ("", ".rn"):
            product(form, "m8n8k4", "f64", "f64", "f64", "f64", la, lb, "row", "row", "f64small", mods=r)
    for a in ("s4", "u4"):
        product(form, "m8n8k32", a, a, "s32", "s32", "row", "col", "row", "row", "bits")
        product(form, "m8n8k32", a, a, "s32", "s32", "row", "col", "col", "col", "bits", mods=".satfinite")
    for op in (".xor.popc", ".and.popc"):
        product(form, "m8n8k128", "b1", "b1", "s32", "s32", "row", "col", "row", "row", "bits", op=op)
