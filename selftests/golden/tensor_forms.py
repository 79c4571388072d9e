#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Copies of boxes of tensors: an entry for each direction and number of dimensions.

tensor_forms.py ptx prints the module that tensor.cpp, which makes the cases, launches.
"""
import sys

HEAD = """.version 9.0
.target sm_90
.address_size 64
"""
BYTES = 16384    # of shared memory that a box may use
REDUCTIONS = ("add", "min", "max", "inc", "dec", "and", "or", "xor")


def begin(name):
    """Parameters; shared memory filled with a pattern of its own; the map's address in m."""
    coords = ", ".join(f".param .s32 p{i}" for i in range(5))
    return (f".visible .entry {name}(.param .align 64 .b8 map[128], .param .u64 pout, .param .u32 pbytes, .param .u32 poff, {coords})\n{{\n"
            f"\t.shared .align 1024 .b8 sh[{BYTES}];\n\t.shared .align 8 .b64 bar;\n"
            "\t.reg .b32 i, v, t, s, n, off, c<5>;\n\t.reg .b64 m, o, a;\n\t.reg .pred p, q, one;\n"
            "\tmov.b64 m, map;\n\tcvta.param.u64 m, m;\n\tld.param.u64 o, [pout];\n\tld.param.u32 n, [pbytes];\n"
            "\tld.param.u32 off, [poff];\n" +
            "".join(f"\tld.param.s32 c{i}, [p{i}];\n" for i in range(5)) +
            "\tmov.u32 t, %tid.x;\n\tmov.u32 s, sh;\n\tsetp.eq.u32 one, t, 0;\n\tshl.b32 i, t, 2;\n"
            "FILL:\n\tmul.lo.u32 v, i, 0x9e3779b1;\n\tshr.u32 t, v, 15;\n\txor.b32 v, v, t;\n\tadd.u32 t, s, i;\n\tst.shared.b32 [t], v;\n\tadd.u32 i, i, 128;\n"
            f"\tsetp.lt.u32 p, i, {BYTES};\n\t@p bra FILL;\n\tadd.u32 off, off, s;\n"
            "\t@one mbarrier.init.shared.b64 [bar], 1;\n\tfence.proxy.async.shared::cta;\n\tbar.sync 0;\n")


def load(rank):
    """The box to shared memory, all of that to @pout, and last whether the bytes were reported."""
    at = ", ".join(f"c{i}" for i in range(rank))
    return (begin(f"load_{rank}") +
            "\t@one mbarrier.arrive.expect_tx.shared.b64 _, [bar], n;\n"
            f"\t@one cp.async.bulk.tensor.{rank}d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [off], [m, {{{at}}}], [bar];\n"
            "\tmov.u32 i, 0;\nWAIT:\n\tmbarrier.try_wait.parity.shared.b64 q, [bar], 0;\n\tadd.u32 i, i, 1;\n"
            "\tsetp.lt.and.u32 p, i, 100000, !q;\n\t@p bra WAIT;\n\tbar.sync 0;\n"
            f"\tselp.b32 v, 1, 0, q;\n\t@one st.global.b32 [o+{BYTES}], v;\n"
            "\tmov.u32 t, %tid.x;\n\tshl.b32 i, t, 2;\nDUMP:\n\tadd.u32 t, s, i;\n\tld.shared.b32 v, [t];\n\tcvt.u64.u32 a, i;\n"
            "\tadd.u64 a, a, o;\n\tst.global.b32 [a], v;\n\tadd.u32 i, i, 128;\n"
            f"\tsetp.lt.u32 p, i, {BYTES};\n\t@p bra DUMP;\n\tret;\n}}\n")


def store(rank, op=""):
    """The box from shared memory, stored or reduced."""
    at = ", ".join(f"c{i}" for i in range(rank))
    name = f"reduce_{op}_{rank}" if op else f"store_{rank}"
    insn = (f"cp.reduce.async.bulk.tensor.{rank}d.global.shared::cta.{op}.tile.bulk_group" if op else
            f"cp.async.bulk.tensor.{rank}d.global.shared::cta.tile.bulk_group")
    return (begin(name) + f"\t@!one bra END;\n\t{insn} [m, {{{at}}}], [off];\n"
            "\tcp.async.bulk.commit_group;\n\tcp.async.bulk.wait_group 0;\nEND:\n\tret;\n}\n")


if __name__ == "__main__" and sys.argv[1] == "ptx":
    print(HEAD + "".join(load(r) + store(r) for r in range(1, 6)) + "".join(store(2, op) for op in REDUCTIONS))
