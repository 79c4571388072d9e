# SPDX-License-Identifier: MIT
"""Atomics and asynchronous copies: what they leave in memory, and what they return."""

BARRIER = "[S+4032]"
SPACES = (("global", "G"), ("shared", "w"))


def halves(op):
    """Operations on 16-bit floats and their vectors."""
    for t in ("f16", "bf16"):
        for sp, at in SPACES:
            op(f".reg .b16 h, g, r; mov.b32 {{h, g}}, X4; atom.{sp}.add.noftz.{t} r, [{at}], h; "
               f"cvt.u32.u16 Y0, r; ld.{sp}.b32 Y1, [{at}];", f"e:{t}x2")
            op(f"atom.{sp}.add.noftz.{t}x2 Y0, [{at}], X4; ld.{sp}.b32 Y1, [{at}];", f"e:{t}x2")
            op(f"red.{sp}.add.noftz.{t}x2 [{at}], X4; ld.{sp}.b32 Y1, [{at}];", f"e:{t}x2")
        for o in ("add", "min", "max"):
            for n in (2, 4):
                v = "{" + ", ".join(f"X{4 + i}" for i in range(n)) + "}"
                y = "{" + ", ".join(f"Y{i}" for i in range(n)) + "}"
                z = "{" + ", ".join(f"Y{4 + i}" for i in range(n)) + "}"
                op(f"atom.global.{o}.noftz.v{n}.{t}x2 {y}, [G], {v}; ld.global.v{n}.b32 {z}, [G];", f"e:{t}x2")
                op(f"red.global.{o}.noftz.v{n}.{t}x2 [G], {v}; ld.global.v{n}.b32 {z}, [G];", f"e:{t}x2")
            for n in (2, 4, 8):
                h = ", ".join(f"h{i}" for i in range(n))
                r = ", ".join(f"r{i}" for i in range(n))
                fill = "".join(f"mov.b32 {{h{2 * i}, h{2 * i + 1}}}, X{4 + i}; " for i in range(n // 2))
                take = "".join(f"mov.b32 Y{i}, {{r{2 * i}, r{2 * i + 1}}}; " for i in range(n // 2))
                back = "".join(f"ld.global.b32 Y{4 + i}, [G+{4 * i}]; " for i in range(n // 2))
                op(f".reg .b16 h<8>, r<8>; {fill}atom.global.{o}.noftz.v{n}.{t} {{{r}}}, [G], {{{h}}}; {take}{back}",
                   f"e:{t}x2")


def words(op):
    """32, 64 and 128 bits, each lane at an address of its own."""
    for sp, at in SPACES:
        for o in ("add.u32", "add.s32", "min.u32", "min.s32", "max.u32", "max.s32", "and.b32", "or.b32", "xor.b32",
                  "exch.b32", "inc.u32", "dec.u32", "add.f32"):
            kind = "e:f32" if o == "add.f32" else "e:u32"
            op(f"atom.{sp}.{o} Y0, [{at}], X4; ld.{sp}.b32 Y1, [{at}];", kind)
            if o != "exch.b32":
                op(f"red.{sp}.{o} [{at}], X4; ld.{sp}.b32 Y1, [{at}];", kind)
        for o in ("add.u64", "min.u64", "min.s64", "max.u64", "max.s64", "and.b64", "or.b64", "xor.b64", "exch.b64",
                  "add.f64"):
            op(f".reg .b64 v, r; mov.b64 v, {{X4, X5}}; atom.{sp}.{o} r, [{at}], v; mov.b64 {{Y0, Y1}}, r; "
               f"ld.{sp}.v2.b32 {{Y2, Y3}}, [{at}];", *(("e:f64", "f64") if o == "add.f64" else ("e:u64",)))
        op(f"and.b32 t, X0, 1; st.{sp}.b32 [{at}], t; and.b32 u, X1, 1; atom.{sp}.cas.b32 Y0, [{at}], u, X2; "
           f"ld.{sp}.b32 Y1, [{at}];", "bits")
        op(f".reg .b16 h, g, r; and.b32 t, X0, 0xffff0001; st.{sp}.b32 [{at}], t; and.b32 u, X1, 1; cvt.u16.u32 h, u; "
           f"cvt.u16.u32 g, X2; atom.{sp}.cas.b16 r, [{at}], h, g; cvt.u32.u16 Y0, r; ld.{sp}.b32 Y1, [{at}];", "bits")
        op(f".reg .b64 v, x, r; and.b32 t, X0, 1; mov.b32 u, 0; st.{sp}.v2.b32 [{at}], {{u, t}}; and.b32 t, X1, 1; "
           f"mov.b64 v, {{u, t}}; mov.b64 x, {{X4, X5}}; atom.{sp}.cas.b64 r, [{at}], v, x; mov.b64 {{Y0, Y1}}, r; "
           f"ld.{sp}.v2.b32 {{Y2, Y3}}, [{at}];", "bits")
        pair = ".reg .b128 v, x, r; .reg .b64 lo, hi; mov.b64 lo, {X4, X5}; mov.b64 hi, {X6, X7}; mov.b128 x, {lo, hi}; "
        end = f"mov.b128 {{lo, hi}}, r; mov.b64 {{Y0, Y1}}, lo; mov.b64 {{Y2, Y3}}, hi; ld.{sp}.v4.b32 {{Y4, Y5, Y6, Y7}}, [{at}];"
        op(f"{pair}atom.{sp}.exch.b128 r, [{at}], x; {end}", "bits")
        op(f"{pair}mov.b64 lo, {{X0, X1}}; and.b32 t, X8, 1; add.u32 t, t, X2; mov.b64 hi, {{t, X3}}; mov.b128 v, {{lo, hi}}; "
           f"atom.{sp}.cas.b128 r, [{at}], v, x; {end}", "bits")
    for n in (2, 4):
        v = "{" + ", ".join(f"X{4 + i}" for i in range(n)) + "}"
        y = "{" + ", ".join(f"Y{i}" for i in range(n)) + "}"
        z = "{" + ", ".join(f"Y{4 + i}" for i in range(n)) + "}"
        op(f"atom.global.add.v{n}.f32 {y}, [G], {v}; ld.global.v{n}.b32 {z}, [G];", "e:f32")
        op(f"red.global.add.v{n}.f32 [G], {v}; ld.global.v{n}.b32 {z}, [G];", "e:f32")


def together(op):
    """All lanes at one address: what is left there does not depend on their order."""
    first = "mul.wide.u32 a, L, 64; sub.u64 a, G, a; "
    for sp, at, pre in (("global", "a", first), ("shared", "S", "")):
        for o in ("add.u32", "min.s32", "max.u32", "and.b32", "or.b32", "xor.b32"):
            op(f"{pre}bar.warp.sync -1; red.{sp}.{o} [{at}], X4; bar.warp.sync -1; ld.{sp}.b32 Y0, [{at}];", "bits")
        for o in ("add.u64", "min.u64", "max.s64", "and.b64", "or.b64", "xor.b64"):
            op(f"{pre}.reg .b64 v; mov.b64 v, {{X4, X5}}; bar.warp.sync -1; red.{sp}.{o} [{at}], v; bar.warp.sync -1; "
               f"ld.{sp}.v2.b32 {{Y0, Y1}}, [{at}];", "bits")
        for o in ("inc", "dec"):
            op(f"{pre}bar.warp.sync -1; and.b32 t, X0, 31; st.{sp}.b32 [{at}], 17; bar.warp.sync -1; "
               f"red.{sp}.{o}.u32 [{at}], 20; bar.warp.sync -1; ld.{sp}.b32 Y0, [{at}];", "bits")
        op(f"{pre}bar.warp.sync -1; st.{sp}.b32 [{at}], 0; bar.warp.sync -1; red.{sp}.add.f32 [{at}], X8; "
           f"bar.warp.sync -1; ld.{sp}.b32 Y0, [{at}];", "f16small")


def barrier(count, then):
    """Lane 0 makes a barrier object and starts @then; all wait for it."""
    return (f"setp.eq.u32 p, L, 0; @p mbarrier.init.shared.b64 {BARRIER}, {count}; fence.proxy.async.shared::cta; "
            f"bar.warp.sync -1; {then} W_%: mbarrier.try_wait.parity.shared.b64 q, {BARRIER}, 0; @!q bra W_%; bar.warp.sync -1; ")


def rows(at, n=8):
    """Each lane reads 32 bytes of shared memory."""
    return f"shl.b32 t, L, 5; add.u32 t, t, S; " + "".join(f"ld.shared.b32 Y{i}, [t+{at + 4 * i}]; " for i in range(n))


def own_row():
    """Each lane reads what its inputs in memory have become."""
    return "".join(f"ld.global.b32 Y{i}, [G+{4 * i}]; " for i in range(8))


def bulk(op):
    """cp.async, cp.async.bulk, cp.reduce.async.bulk, st.async, red.async, barrier objects."""
    for cop, n in (("ca", 4), ("ca", 8), ("ca", 16), ("cg", 16)):
        dst = "shl.b32 t, L, 5; add.u32 t, t, S; st.shared.v4.b32 [t+2048], {X8, X8, X8, X8}; "
        done = "cp.async.wait_all; ld.shared.v4.b32 {Y0, Y1, Y2, Y3}, [t+2048];"
        op(f"{dst}cp.async.{cop}.shared.global [t+2048], [G], {n}; {done}", "bits")
        op(f"{dst}and.b32 u, X1, {n - 1}; cp.async.{cop}.shared.global [t+2048], [G], {n}, u; {done}", "bits")
    tx = f"@p mbarrier.arrive.expect_tx.shared.b64 _, {BARRIER}, "
    how = "mbarrier::complete_tx::bytes"
    for n in (16, 48, 1024):
        op(barrier(1, f"{tx}{n}; @p cp.async.bulk.shared::cluster.global.{how} [S+2048], [G], {n}, {BARRIER};") +
           f"setp.ge.u32 p, L, {max(1, n // 32)}; @p bra OUT_%; " + rows(2048, 8 if n != 16 else 4) + "OUT_%: ", "bits")
    op(barrier(1, f"{tx}512; @p cp.async.bulk.shared::cluster.shared::cta.{how} [S+2048], [S+256], 512, {BARRIER};") +
       "setp.ge.u32 p, L, 16; @p bra OUT_%; " + rows(2048) + "OUT_%: ", "bits")
    group = "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; "
    start = "setp.eq.u32 p, L, 0; fence.proxy.async.shared::cta; bar.warp.sync -1; @!p bra SKIP_%; "
    end = f"{group}fence.proxy.async.global; SKIP_%: bar.warp.sync -1; " + own_row()
    op(f"{start}cp.async.bulk.global.shared::cta.bulk_group [G], [S+1024], 512; {end}", "bits")
    for o in ("add.u32", "add.s32", "add.u64", "min.u32", "min.s32", "max.u32", "max.s32", "min.u64", "min.s64", "max.u64",
              "max.s64", "inc.u32", "dec.u32", "and.b32", "or.b32", "xor.b32", "and.b64", "or.b64", "xor.b64", "add.f32",
              "add.f64", "add.noftz.f16", "add.noftz.bf16", "min.f16", "max.f16", "min.bf16", "max.bf16"):
        t = o.split(".")[-1]
        kind = "bits" if t[0] in "usb" and t != "bf16" else f"e:{t}x2" if t in ("f16", "bf16") else f"e:{t}"
        op(f"{start}cp.reduce.async.bulk.global.shared::cta.bulk_group.{o} [G], [S+1024], 1024; {end}", kind,
           "f64" if t == "f64" else "b32")
    for o in ("add.u32", "add.s32", "add.u64", "min.u32", "min.s32", "max.u32", "max.s32", "inc.u32", "dec.u32", "and.b32",
              "or.b32", "xor.b32"):
        op(barrier(1, f"{tx}512; @p cp.reduce.async.bulk.shared::cluster.shared::cta.{how}.{o} [S], [S+1024], 512, {BARRIER};") +
           "setp.ge.u32 p, L, 16; @p bra OUT_%; " + rows(0) + "OUT_%: ", "bits")
    for v, n in (("", 1), (".v2", 2), (".v4", 4)):
        r = "X4" if n == 1 else "{" + ", ".join(f"X{4 + i}" for i in range(n)) + "}"
        op(barrier(1, f"{tx}{4 * n}; @p st.async.shared::cluster.{how}{v}.b32 [S+2048], {r}, {BARRIER};") +
           "".join(f"ld.shared.b32 Y{i}, [S+{2048 + 4 * i}]; " for i in range(n)), "bits")
    for o in ("add.u32", "add.s32", "min.s32", "max.u32", "and.b32", "or.b32", "xor.b32", "inc.u32", "dec.u32"):
        op(barrier(1, f"{tx}4; @p red.async.relaxed.cluster.shared::cluster.{how}.{o} [S], X4, {BARRIER};") +
           "ld.shared.b32 Y0, [S];", "bits")
    pend = f".reg .b64 s; setp.ne.u32 p, L, 0; @p bra OUT_%; mbarrier.init.shared.b64 {BARRIER}, 5; "
    pend_end = "mbarrier.pending_count.b64 Y0, s; "
    test = f"mbarrier.test_wait.parity.shared.b64 q, {BARRIER}, 0; selp.b32 Y1, 1, 0, q; "
    op(f"{pend}mbarrier.arrive.shared.b64 s, {BARRIER}; {pend_end}{test}OUT_%: ", "bits")
    op(f"{pend}mbarrier.arrive.shared.b64 s, {BARRIER}, 4; mbarrier.arrive.shared.b64 s, {BARRIER}; {pend_end}{test}OUT_%: ", "bits")
    op(f"{pend}mbarrier.arrive.noComplete.shared.b64 s, {BARRIER}, 2; {pend_end}{test}OUT_%: ", "bits")
    op(f"{pend}mbarrier.arrive_drop.shared.b64 s, {BARRIER}; mbarrier.arrive.shared.b64 s, {BARRIER}, 4; "
       f"mbarrier.arrive.shared.b64 s, {BARRIER}; {pend_end}{test}OUT_%: ", "bits")


def forms(op):
    """All of them."""
    for part in (halves, words, together, bulk):
        part(op)
