# SPDX-License-Identifier: MIT
"""Video instructions: scalar ones with selectors, saturation and a second operation; pairs and quads."""

TYPES = [(d, a, b) for d in ("u32", "s32") for a in ("u32", "s32") for b in ("u32", "s32")]
PARTS = ("", ".b0", ".b1", ".b2", ".b3", ".h0", ".h1")


def scalar(form):
    """vadd ... vset."""
    for n, op in enumerate(("vadd", "vsub", "vabsdiff", "vmin", "vmax")):
        for k, (d, a, b) in enumerate(TYPES):
            pa, pb = PARTS[(k + n) % 7], PARTS[(3 * k + n) % 7]
            form(f"{op}.{d}.{a}.{b}{'.sat' if k != 3 else ''} D, A{pa}, B{pb};", "b32", f"{a} {b}")
            merge = PARTS[1 + (k + n) % 6]
            form(f"{op}.{d}.{a}.{b}.sat D{merge}, A{pb}, B{pa}, C;", "b32", f"{a} {b} u32")
        for second in ("add", "min", "max"):
            for d in ("u32", "s32"):
                form(f"{op}.{d}.{d}.s32.{second} D, A{PARTS[n]}, B, C;", "b32", f"{d} s32 {d}")
    for op in ("vshl", "vshr"):
        for mode in ("clamp", "wrap"):
            for t in ("u32", "s32"):
                form(f"{op}.{t}.{t}.u32.{mode} D, A, B;", "b32", f"{t} sh")
                form(f"{op}.{t}.{t}.u32.sat.{mode} D, A.h1, B.b0;", "b32", f"{t} sh")
                form(f"{op}.{t}.{t}.u32.sat.{mode} D.h1, A, B, C;", "b32", f"{t} sh u32")
                form(f"{op}.{t}.{t}.u32.{mode}.max D, A, B, C;", "b32", f"{t} sh {t}")
    for d, a, b in (("u32", "u32", "u32"), ("s32", "s32", "s32"), ("s32", "u32", "s32"), ("s32", "s32", "u32")):
        for scale in ("", ".shr7", ".shr15"):
            form(f"vmad.{d}.{a}.{b}{scale} D, A, B, C;", "b32", f"{a} {b} {d}")
            form(f"vmad.{d}.{a}.{b}.sat{scale} D, A.h0, B.h1, C;", "b32", f"{a} {b} {d}")
    form("vmad.s32.s32.s32.sat D, A, B, -C;", "b32", "s32 s32 s32")
    form("vmad.s32.s32.s32.shr7 D, -A, B, C;", "b32", "s32 s32 s32")
    form("vmad.u32.u32.u32.po D, A, B, C;", "b32", "u32 u32 u32")
    form("vmad.s32.s32.s32.po.shr15 D, A.b3, B.h0, C;", "b32", "s32 s32 s32")
    for k, c in enumerate(("eq", "ne", "lt", "le", "gt", "ge")):
        form(f"vset.u32.s32.{c} D, A{PARTS[k]}, B;", "b32", "u32 s32")
        form(f"vset.s32.u32.{c} D, A, B{PARTS[k + 1]};", "b32", "s32 u32")
        form(f"vset.s32.s32.{c} D{PARTS[1 + k]}, A.b0, B.b2, C;", "b32", "s32 s32 u32")
    for second in ("add", "min", "max"):
        form(f"vset.u32.u32.gt.{second} D, A.h0, B.h1, C;", "b32", "u32 u32 u32")


def packed(form):
    """vadd2 ... vset4."""
    for n, low, high in ((2, "h10", "h32"), (4, "b3210", "b7654")):
        swap = ("h12", "h03") if n == 2 else ("b7430", "b1256")
        some = "h1" if n == 2 else "b310"
        for op in ("vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax"):
            for d, a, b in (("u32", "u32", "u32"), ("s32", "s32", "s32"), ("s32", "u32", "s32")):
                form(f"{op}{n}.{d}.{a}.{b} D, A, B, C;", "b32", f"{a} {b} u32")
                form(f"{op}{n}.{d}.{a}.{b}.sat D.{low}, A.{low}, B.{high}, C;", "b32", f"{a} {b} u32")
                form(f"{op}{n}.{d}.{a}.{b}.sat D.{some}, A.{swap[0]}, B.{swap[1]}, C;", "b32", f"{a} {b} u32")
                form(f"{op}{n}.{d}.{a}.{b}.add D, A, B, C;", "b32", f"{a} {b} {d}")
        for c in ("eq", "ne", "lt", "le", "gt", "ge"):
            form(f"vset{n}.u32.u32.{c} D, A, B, C;", "b32", "u32 u32 u32")
            form(f"vset{n}.s32.s32.{c}.add D, A.{swap[0]}, B, C;", "b32", "s32 s32 u32")


def forms(form):
    """All of them."""
    scalar(form)
    packed(form)
