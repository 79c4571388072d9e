#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Kernels whose addresses are computed from the thread's number, at random, and what they load.

Sums wrap between lanes, branches part them, loops end for each at another time: whatever the
compiler thinks that lanes have in common, each must load from its own address. There is memory
everywhere: the word at any address A is word(A), so no address is wrong. The results are computed
here, thread by thread. affine.py [KERNELS [SEED]]
"""
import random
import sys

BYTES = 4 << 20             # of a window: each has other words, as in on_engine.h
SHARED = 1024               # words, word i is word(4 * i)
BLOCKS = ((64, 1), (32, 2))  # as in affine.c
M32, M64 = (1 << 32) - 1, (1 << 64) - 1
EDGES = (0, 1, 2, 7, 31, 32, 63, 96, 0x7FFFFFE0, 0x7FFFFFF0, 0x7FFFFFFF, 0x80000000, 0x80000007,
         0xFFFFFFE0, 0xFFFFFFF8, 0xFFFFFFFF)


def word(address):
    window = address // BYTES
    i = (address % BYTES >> 2) + 1024 * ((window & M32) * 2654435761 >> 7 & 1023)
    return (i * 2654435761 ^ i >> 7) & M32


def load(address, size):
    return word(address) >> 8 * (address & 3) & (1 << 8 * size) - 1


def signed(v, bits):
    return v - (1 << bits) if v >> bits - 1 else v


def div(a, b):
    return a // b


# of words: what PTX calls it, what it does, and whether the second operand must be a constant
OPS = {
    "add.s32": (lambda a, b: a + b, False),
    "sub.s32": (lambda a, b: a - b, False),
    "mul.lo.s32": (lambda a, b: a * b, True),
    "shl.b32": (lambda a, b: a << b, True),
    "shr.u32": (lambda a, b: a >> b, True),
    "shr.s32": (lambda a, b: signed(a, 32) >> b, True),
    "and.b32": (lambda a, b: a & b, True),
    "or.b32": (lambda a, b: a | b, True),
    "xor.b32": (lambda a, b: a ^ b, True),
    "min.u32": (min, True),
    "max.s32": (lambda a, b: max(signed(a, 32), signed(b, 32)), True),
    "div.u32": (div, True),
    "rem.u32": (lambda a, b: a % b, True),
}
COMPARE = {
    "eq.s32": lambda a, b: a == b,
    "ne.s32": lambda a, b: a != b,
    "lt.s32": lambda a, b: signed(a, 32) < signed(b, 32),
    "ge.u32": lambda a, b: a >= b,
}


class Out(Exception):
    """a thread ends early"""


class Kernel:
    """A program as a list of steps: (text, function of the registers) or a construct of lists."""

    def __init__(self, seed):
        self.rng = random.Random(seed or 0)
        self.words = ["tx", "ty", "lane", "p0", "p1", "p2", "p3", "tx", "lane"]
        self.longs = ["b0", "b1"]
        self.count = self.labels = 0
        # two to count with, two that something wraps around
        self.params = [self.rng.randrange(200) if self.rng.random() < 0.8 else self.rng.choice(EDGES)
                       for _ in range(2)]
        self.params += [self.rng.choice((1 << 31, 1 << 32)) - self.rng.randrange(1, 40) if self.rng.random() < 0.7 else
                        self.rng.randrange(1 << self.rng.choice((5, 12, 32))) for _ in range(2)]
        # as addresses are, and anywhere
        self.bases = [0x600000000000 + 256 * self.rng.randrange(1024),
                      256 * self.rng.randrange(1 << 56)]
        if seed is None:
            self.steps = self.far_meeting()
            return
        self.steps = self.formation() if self.rng.random() < 0.7 else self.block(2, 14)

    def new(self, kind):
        self.count += 1
        return "%s%d" % (kind, self.count)

    def constant(self, op):
        if op in ("shl.b32", "shr.u32", "shr.s32"):
            return self.rng.randrange(1, 8) if self.rng.random() < 0.9 else self.rng.randrange(32)
        if op in ("and.b32",):
            return self.rng.choice((1, 3, 7, 15, 31, 28, 96, 64, 0xFFFFFFFE, 0xFFFFFFF0, 0xFFFFFFC0, 0x7FFFFFF8))
        if op in ("or.b32", "xor.b32"):
            return self.rng.choice((1, 2, 3, 16, 31, 64))
        if op in ("div.u32", "rem.u32"):
            return self.rng.choice((2, 3, 8, 12, 32))
        if op == "mul.lo.s32":
            return self.rng.choice((2, 3, 4, 5, 9, 18, M32, 0xFFFFFFFC))
        return self.rng.choice((1, 2, 8, 32, 33, 64, 128, M32, 0xFFFFFFE0))

    def alu(self):
        op = self.rng.choice(list(OPS) + ["add.s32", "add.s32", "shr.u32", "and.b32", "shl.b32"])
        do, fixed = OPS[op]
        a, d = self.rng.choice(self.words), self.new("r")
        if fixed or self.rng.random() < 0.4:
            b = self.constant(op)
            step = ("%s %%%s, %%%s, %d;" % (op, d, a, b), lambda r, d=d, a=a, b=b: r.update({d: do(r[a], b) & M32}))
        else:
            b = self.rng.choice(self.words)
            step = ("%s %%%s, %%%s, %%%s;" % (op, d, a, b),
                    lambda r, d=d, a=a, b=b: r.update({d: do(r[a], r[b]) & M32}))
        self.words.append(d)
        return [step]

    def remainder(self):
        """x - (x & ~m), as compilers write x % (m + 1) of what may be negative"""
        a, t, d = self.rng.choice(self.words), self.new("r"), self.new("r")
        m = self.rng.choice((1, 3, 7, 15))
        self.words.append(d)
        return [("and.b32 %%%s, %%%s, %d;" % (t, a, M32 & ~m), lambda r: r.update({t: r[a] & ~m})),
                ("sub.s32 %%%s, %%%s, %%%s;" % (d, a, t), lambda r: r.update({d: r[a] - r[t] & M32}))]

    def wide(self):
        a, d = self.rng.choice(self.words), self.new("q")
        b = self.rng.choice(self.longs)
        sign = self.rng.choice("su")
        m = self.rng.choice((1, 4, 8, 18, 34, 36, 144))

        def value(r):
            return signed(r[a], 32) if sign == "s" else r[a]
        how = self.rng.randrange(6)
        if how == 0:
            step = ("cvt.%s64.%s32 %%%s, %%%s;" % (sign, sign, d, a), lambda r: r.update({d: value(r) & M64}))
        elif how == 1:
            step = ("mul.wide.%s32 %%%s, %%%s, %d;" % (sign, d, a, m), lambda r: r.update({d: value(r) * m & M64}))
        elif how == 2:
            step = ("mad.wide.%s32 %%%s, %%%s, %d, %%%s;" % (sign, d, a, m, b),
                    lambda r: r.update({d: value(r) * m + r[b] & M64}))
        elif how == 3:
            c = self.rng.choice(self.longs)
            step = ("add.s64 %%%s, %%%s, %%%s;" % (d, b, c), lambda r: r.update({d: r[b] + r[c] & M64}))
        elif how == 4:
            step = ("mul.lo.s64 %%%s, %%%s, %d;" % (d, b, m), lambda r: r.update({d: r[b] * m & M64}))
        else:       # a wider register than the type: extended once more
            to = self.rng.choice("su")
            step = ("cvt.%s32.%s32 %%%s, %%%s;" % (to, sign, d, a), lambda r: r.update(
                {d: (signed(r[a], 32) if to == "s" else r[a]) & M64}))
        self.longs.append(d)
        return [step]

    def hidden(self, value):
        """a register that has a constant, which only the analysis of what lanes hold finds out"""
        c = self.new("r")
        return c, [("and.b32 %%%s, %%p0, 0;" % c, lambda r: r.update({c: 0})),
                   ("add.s32 %%%s, %%%s, %d;" % (c, c, value), lambda r: r.update({c: value}))]

    def fetch(self):
        """one to three loads at an address of a size's multiples"""
        size = self.rng.choice((1, 2, 4, 4, 4))
        a, q, b = self.rng.choice(self.words), self.new("q"), self.rng.choice(("b0", "b1"))
        m = size * self.rng.choice((1, 1, 2, 9, 17))
        sign = self.rng.choice("su")
        steps = [("mul.wide.%s32 %%%s, %%%s, %d;" % (sign, q, a, m), lambda r: r.update(
            {q: (signed(r[a], 32) if sign == "s" else r[a]) * m & M64})),
                 ("add.s64 %%%s, %%%s, %%%s;" % (q, q, b), lambda r: r.update({q: r[q] + r[b] & M64}))]
        if self.rng.random() < 0.5:
            c = self.rng.choice(self.longs)
            steps += [("and.b64 %%mask, %%%s, -%d;" % (c, size), lambda r: r.update({"mask": r[c] & -size & M64})),
                      ("add.s64 %%%s, %%%s, %%mask;" % (q, q), lambda r: r.update({q: r[q] + r["mask"] & M64}))]
        for _ in range(self.rng.randrange(1, 4)):
            off = size * self.rng.choice((0, 0, 1, 4, -1, 576))
            steps += self.take("ld.global%s.u%d %%v, [%%%s+%d];" % (self.rng.choice((".nc", "")), 8 * size, q, off),
                               lambda r, off=off: load(r[q] + off & M64, size))
        self.longs.append(q)
        return steps

    def take(self, text, value):
        return [(text, lambda r: r.update({"v": value(r)})),
                ("mad.lo.s32 %acc, %acc, 33, %v;", lambda r: r.update({"acc": r["acc"] * 33 + r["v"] & M32}))]

    def shared(self):
        """an address within shared memory: some bits of some value, further apart"""
        a, t = self.rng.choice(self.words), self.new("r")
        m, c = self.rng.choice(((31, 5), (63, 4), (15, 9), (7, 33), (1, 100)))
        off = self.rng.randrange(SHARED - m * c)
        return [("and.b32 %%%s, %%%s, %d;" % (t, a, m), lambda r: r.update({t: r[a] & m})),
                ("mad.lo.s32 %%%s, %%%s, %d, %%sh;" % (t, t, 4 * c), lambda r: r.update({t: r[t] * 4 * c}))] + \
            self.take("ld.shared.u32 %%v, [%%%s+%d];" % (t, 4 * off), lambda r: word(r[t] + 4 * off))

    def predicate(self):
        a, c, p = self.rng.choice(self.words), self.rng.choice(list(COMPARE)), self.new("c")
        steps = []
        if self.rng.random() < 0.6:
            t, m = self.new("r"), self.rng.choice((1, 8, 16, 32, 64))
            steps, b = [("and.b32 %%%s, %%%s, %d;" % (t, a, m), lambda r, a=a: r.update({t: r[a] & m}))], 0
            a, c = t, "ne.s32"
        else:
            b = self.rng.choice(EDGES)
        return p, steps + [("setp.%s %%%s, %%%s, %d;" % (c, p, a, b),
                            lambda r: r.update({p: COMPARE[c](r[a], b)}))]

    def branch(self, depth):
        p, steps = self.predicate()
        merged = [(self.new("r"), self.new("q")) for _ in range(2)]
        sides = []
        for _ in range(2):
            known = len(self.words), len(self.longs)
            side = self.block(depth - 1, 4)
            for word_reg, long_reg in merged:
                side += self.set_word(word_reg) + self.set_long(long_reg)
            sides.append(side)
            del self.words[known[0]:], self.longs[known[1]:]
        self.words += [w for w, _ in merged]
        self.longs += [q for _, q in merged]
        return steps + [("if", p, sides[0], sides[1])]

    def set_word(self, d):
        a, b = self.rng.choice(self.words), self.rng.choice((0, 0, 32, 64, 1, 5))
        return [("add.s32 %%%s, %%%s, %d;" % (d, a, b), lambda r: r.update({d: r[a] + b & M32}))]

    def set_long(self, d):
        a, b = self.rng.choice(self.longs), self.rng.choice((0, 64, 1152))
        return [("add.s64 %%%s, %%%s, %d;" % (d, a, b), lambda r: r.update({d: r[a] + b & M64}))]

    def loop(self, depth):
        """as often as some bits of a value say; words and addresses move on from turn to turn"""
        a, t = self.rng.choice(self.words), self.new("r")
        s, m = self.rng.choice(((0, 3), (3, 3), (5, 3), (4, 1), (0, 1)))
        w, q = self.new("r"), self.new("q")
        step, far = self.rng.choice((32, 64, 1, 128)), self.rng.choice((0, 128, 1088, 2304))
        steps = [("shr.u32 %%%s, %%%s, %d;" % (t, a, s), lambda r: r.update({t: r[a] >> s})),
                 ("and.b32 %%%s, %%%s, %d;" % (t, t, m), lambda r: r.update({t: r[t] & m}))]
        if self.rng.random() < 0.5:
            steps += [("add.s32 %%%s, %%%s, 1;" % (t, t), lambda r: r.update({t: r[t] + 1}))]
        steps += self.set_word(w) + self.set_long(q)
        known = len(self.words), len(self.longs)
        self.words += [w] * 3
        self.longs += [q] * 2
        body = self.block(depth - 1, 5) + self.fetch()
        del self.words[known[0]:], self.longs[known[1]:]
        body += [("add.s32 %%%s, %%%s, %d;" % (w, w, step), lambda r: r.update({w: r[w] + step & M32})),
                 ("add.s64 %%%s, %%%s, %d;" % (q, q, far), lambda r: r.update({q: r[q] + far & M64})),
                 ("add.s32 %%%s, %%%s, -1;" % (t, t), lambda r: r.update({t: r[t] - 1}))]
        self.words.append(w)
        self.longs.append(q)
        return steps + [("loop", t, body)]

    def choice(self):
        p, steps = self.predicate()
        a, b, d = self.rng.choice(self.words), self.rng.choice(self.words), self.new("r")
        self.words.append(d)
        return steps + [("selp.b32 %%%s, %%%s, %%%s, %%%s;" % (d, a, b, p),
                         lambda r: r.update({d: r[a] if r[p] else r[b]}))]

    def block(self, depth, n):
        steps = []
        for _ in range(self.rng.randrange(n // 2, n + 1)):
            what = self.rng.random()
            if depth and what < 0.14:
                steps += self.loop(depth)
            elif depth and what < 0.24:
                steps += self.branch(depth)
            else:
                steps += self.rng.choice((self.alu, self.alu, self.alu, self.wide, self.wide, self.fetch,
                                          self.fetch, self.shared, self.remainder, self.choice))()
        return steps

    # ---- as matrix-vector kernels are: rows that lanes go along in formation ----

    def op(self, op, a, b, d=None):
        """one instruction; a and b are registers or constants"""
        d = d or self.new("r")
        do = OPS[op][0]
        return d, [("%s %%%s, %s, %s;" % (op, d, *("%%%s" % x if isinstance(x, str) else x for x in (a, b))),
                    lambda r: r.update({d: do(*(r[x] if isinstance(x, str) else x for x in (a, b))) & M32}))]

    def place(self):
        """q, o: which piece a lane is at, and where in it"""
        x, steps = "tx", []
        if self.rng.random() < 0.7:
            t, one = self.op("shl.b32", "ty", 5)
            x, two = self.op("add.s32", t, "tx")
            steps = one + two
        if self.rng.random() < 0.3:
            x, one = self.op("add.s32", x, self.rng.choice((32, 64, 4, M32, 0xFFFFFFE0)))
            steps += one
        if self.rng.random() < 0.15:    # apart from each other
            x, one = self.op("and.b32", x, M32 & -8)
            x, two = self.op("add.s32", x, self.rng.choice((1, 4, 7)))
            steps += one + two
        if self.rng.random() < 0.15:    # from anywhere
            x, one = self.op("add.s32", x, self.rng.choice(("p0", "p1", 3)))
            steps += one
        s = self.rng.choice((1, 2, 3, 4))
        if self.rng.random() < 0.4:     # as if it could be negative
            t, one = self.op("shr.s32", x, 31)
            t, two = self.op("shr.u32", t, 32 - s)
            y, three = self.op("add.s32", x, t)
            steps += one + two + three
        else:
            y = x
        q, one = self.op(self.rng.choice(("shr.s32", "shr.u32")), y, s)
        if self.rng.random() < 0.5:
            o, two = self.op("and.b32", x, (1 << s) - 1)
        else:
            t, two = self.op("and.b32", y, M32 & -(1 << s))
            o, three = self.op("sub.s32", x, t)
            two += three
        steps += one + two
        if self.rng.random() < 0.5:
            o, one = self.op(self.rng.choice(("or.b32", "xor.b32", "add.s32", "sub.s32")), o, self.rng.choice((1, 16, 3)))
            steps += one
        if self.rng.random() < 0.3:     # backwards
            if self.rng.random() < 0.5:
                o, one = self.op("and.b32", "tx", 31)
                steps += one
            o, one = self.op("sub.s32", self.rng.choice((7, 15, 40)), o)
            steps += one
        if self.rng.random() < 0.3:     # on from there
            q, one = self.op("add.s32", q, self.rng.choice((4, 1, 8)))
            q, two = self.op(self.rng.choice(("shr.u32", "shr.s32", "and.b32")), q, self.rng.choice((1, 2, 3)))
            steps += one + two
        if self.rng.random() < 0.15:    # by a factor, or as many bits, that a register has
            op, c = self.rng.choice((("mul.lo.s32", 3), ("mul.lo.s32", 4), ("shl.b32", 2), ("shr.u32", 1), ("and.b32", 12)))
            name, one = self.hidden(c)
            q, two = self.op(op, q, name)
            if self.rng.random() < 0.3:
                three = self.new("r")
                two += [("max.relu.s32 %%%s, %%%s, -5;" % (three, o), lambda r, o=o: r.update(
                    {three: max(signed(r[o], 32), 0)}))]
                o = three
            steps += one + two
        if self.rng.random() < 0.1:     # as above, but of something else
            t, one = self.op("and.b32", "p0", M32 & -(1 << s))
            o, two = self.op("sub.s32", x, t)
            steps += one + two
        if self.rng.random() < 0.3:
            o, one = self.op(self.rng.choice(("shr.u32", "and.b32")), o, self.rng.choice((1, 2, 28)))
            steps += one
        return q, o, steps

    def at(self, q, o, scale, into, size, nc=".nc"):
        """a few loads of a lane: its piece, and its place in it"""
        a, b = self.new("q"), self.new("q")
        sign, sign2 = self.rng.choice("su"), self.rng.choice("su")
        base = self.rng.choice(("b0", "b1"))

        def value(r, name, how):
            return signed(r[name], 32) if how == "s" else r[name]
        if self.rng.random() < 0.5:
            steps = [("mul.wide.%s32 %%%s, %%%s, %d;" % (sign, a, q, scale),
                      lambda r: r.update({a: value(r, q, sign) * scale & M64}))]
        else:
            steps = [("cvt.%s64.%s32 %%%s, %%%s;" % (sign, sign, a, q), lambda r: r.update({a: value(r, q, sign) & M64})),
                     ("mul.lo.s64 %%%s, %%%s, %d;" % (a, a, scale), lambda r: r.update({a: r[a] * scale & M64}))]
        steps += [("mad.wide.%s32 %%%s, %%%s, %d, %%%s;" % (sign2, b, o, into, base),
                   lambda r: r.update({b: value(r, o, sign2) * into + r[base] & M64})),
                  ("add.s64 %%%s, %%%s, %%%s;" % (a, a, b), lambda r: r.update({a: r[a] + r[b] & M64}))]
        for off in self.rng.sample((0, size, 4 * size, -2 * size, 144 * size), self.rng.randrange(2, 5)):
            steps += self.take("ld.global%s.u%d %%v, [%%%s+%d];" % (nc, 8 * size, a, off),
                               lambda r, off=off: load(r[a] + off & M64, size))
        self.last = a
        return steps

    def again(self, kind, q, trips, step, body):
        """a loop; a word and an address move on"""
        inner = body + self.along(self.far) + self.move(self.far, self.rng.choice((0, 288, 2304))) + [
            ("add.s32 %%%s, %%%s, %d;" % (q, q, step), lambda r: r.update({q: r[q] + step & M32})),
            ("add.s32 %%%s, %%%s, -1;" % (trips, trips), lambda r: r.update({trips: r[trips] - 1}))]
        return [(kind, trips, inner)]

    def along(self, a):
        """loads from an address that there is, which may be any"""
        steps = []
        for off in self.rng.sample((0, 1, 36, -4, 1152), self.rng.randrange(1, 3)):
            steps += self.take("ld.global.nc.u8 %%v, [%%%s+%d];" % (a, off),
                               lambda r, off=off: load(r[a] + off & M64, 1))
        return steps

    def move(self, a, by):
        return [("add.s64 %%%s, %%%s, %d;" % (a, a, by), lambda r: r.update({a: r[a] + by & M64}))]

    def formation(self):
        q, o, steps = self.place()
        size = self.rng.choice((1, 2, 4, 4))
        scale, into = size * self.rng.choice((9, 17, 1, 36)), size * self.rng.choice((1, 2, 4))
        end, sum_ = self.rng.choice(("p0", "p1")), self.rng.choice(("p2", "p3"))
        cur, one = self.op("add.s32", q, 0)
        t, two = self.op("sub.s32", end, cur)
        i, three = self.op("add.s32", q, sum_)
        steps += one + two + three + self.at(i, o, scale, into, size)
        self.far = self.last
        if self.rng.random() < 0.3:     # all of it by some lanes only, or several times
            steps += self.some(q, self.walk(cur, o, t, sum_, scale, into, size))
        else:
            steps += self.walk(cur, o, t, sum_, scale, into, size)
        steps += self.along(self.far)
        if self.rng.random() < 0.4:
            steps += self.fork(cur, i, o, scale, into, size)
        self.words += [q, o, cur]
        if self.rng.random() < 0.5:
            steps += self.at(cur, o, scale, into, size) + self.at(i, o, scale, into, size)
        if self.rng.random() < 0.3:
            steps += self.block(1, 6)
        return steps

    def fork(self, cur, i, o, scale, into, size):
        """one of two addresses, whichever all lanes choose; they may wrap in either"""
        bit, p, d = self.new("r"), self.new("c"), self.new("q")
        steps = [("and.b32 %%%s, %%p0, 1;" % bit, lambda r: r.update({bit: r["p0"] & 1})),
                 ("setp.ne.s32 %%%s, %%%s, 0;" % (p, bit), lambda r: r.update({p: r[bit] != 0}))]
        sides = []
        for index in self.rng.sample((i, i, cur), 2):
            side = self.at(index, o, scale, into, size)
            last = self.last
            if self.rng.random() < 0.5:     # some, or all, leave before they meet the others
                side += self.leave()
            sides.append(side + [("add.s64 %%%s, %%%s, 64;" % (d, last),
                                  lambda r, last=last: r.update({d: r[last] + 64 & M64}))])
        return steps + [("if", p, *sides)] + self.along(d)

    def far_meeting(self):
        """lanes part in one way, which some leave, and must not meet with those of the other where both go on"""
        self.params = [1, 3, 100, 0]
        d, a, b, zero = (self.new("q") for _ in range(4))
        x, steps = self.op("add.s32", "tx", "p2")
        bit, one = self.op("and.b32", "p0", 1)
        p = self.new("c")
        steps += one + [("setp.ne.s32 %%%s, %%%s, 0;" % (p, bit), lambda r: r.update({p: r[bit] != 0}))]

        def away(q, by, offsets):
            y, side = self.op("shr.u32", x, by)
            side += [("mul.wide.u32 %%%s, %%%s, 36;" % (q, y), lambda r: r.update({q: r[y] * 36})),
                     ("add.s64 %%%s, %%%s, %%b0;" % (q, q), lambda r: r.update({q: r[q] + r["b0"] & M64}))]
            return side + self.words_at(q, offsets)

        this = away(a, 7, (0, 8, 16)) + self.leave("lane", 31) + [
            ("add.s64 %%%s, %%%s, 0;" % (d, a), lambda r: r.update({d: r[a]}))]
        that = away(b, 8, (4, 12, 20)) + [
            ("mul.wide.u32 %%%s, %%tx, 0;" % zero, lambda r: r.update({zero: 0})),
            ("add.s64 %%%s, %%%s, %%b0;" % (d, zero), lambda r: r.update({d: r["b0"]}))]
        return steps + [("if", p, this, that)] + self.words_at(d, (24, 28, 32))

    def words_at(self, q, offsets):
        steps = []
        for off in offsets:
            steps += self.take("ld.global.u32 %%v, [%%%s+%d];" % (q, off), lambda r, off=off: load(r[q] + off & M64, 4))
        return steps

    def leave(self, name=None, value=None):
        c = self.new("c")
        if name is None:
            name, value = self.rng.choice((("lane", 31), ("p1", 3), ("lane", 7)))
        return [("setp.eq.s32 %%%s, %%%s, %d;" % (c, name, value), lambda r: r.update({c: r[name] == value})),
                ("out", c)]

    def some(self, q, walk):
        if self.rng.random() < 0.5:
            p, steps = self.predicate()
            return steps + [("if", p, walk, self.move(self.far, 1))]
        n, steps = self.op("and.b32", self.rng.choice(("p0", "p1", "lane", q)), 1)
        return steps + self.op("add.s32", n, 1, n)[1] + [("do", n, walk + self.op("add.s32", n, M32, n)[1])]

    def walk(self, cur, o, t, sum_, scale, into, size):
        steps = []
        if self.rng.random() < 0.7:     # an odd step before the others
            odd, one = self.op("and.b32", t, self.rng.choice((1, 16, 32, 64)))
            p = self.new("c")
            steps += one + [("setp.ne.s32 %%%s, %%%s, 0;" % (p, odd), lambda r: r.update({p: r[odd] != 0}))]
            moved = self.op("add.s32", cur, self.rng.choice((32, 64, 5)), cur)[1] + self.move(self.far, 4)
            steps.append(("if", p, self.at(cur, o, scale, into, size) + moved,
                          self.at(cur, o, scale, into, size) if self.rng.random() < 0.2 else []))
        steps += self.along(self.far)
        if self.rng.random() < 0.7:     # and a few odd ones
            n, one = self.op("shr.u32", t, self.rng.choice((2, 5, 5, 6)))
            n, two = self.op("and.b32", n, 3)
            steps += one + two + self.again("loop", cur, n, 32, self.at(cur, o, scale, into, size))
        i, one = self.op("add.s32", cur, sum_)
        n, two = self.op("and.b32", self.rng.choice(("p0", t, "lane")), 1)
        two += self.op("add.s32", n, 1, n)[1]
        steps += one + self.at(i, o, scale, into, size) + two + self.along(self.last)
        body = self.at(cur, o, scale, into, size) + self.at(i, o, scale, into, size)
        last = self.last
        steps += self.again("do", cur, n, 64, body)
        return steps + self.along(self.rng.choice((last, self.far)))

    # ---- as PTX ----

    def text(self, steps):
        out = []
        for step in steps:
            if step[0] == "if":
                self.labels += 1
                other, end = "E%d" % self.labels, "F%d" % self.labels
                out += ["@!%%%s bra %s;" % (step[1], other)] + self.text(step[2]) + ["bra %s;" % end, other + ":"]
                out += self.text(step[3]) + [end + ":"]
            elif step[0] == "out":
                out.append("@%%%s bra OUT;" % step[1])
            elif step[0] in ("loop", "do"):
                self.labels += 1
                top, end = "L%d" % self.labels, "M%d" % self.labels
                if step[0] == "loop":
                    out += ["setp.eq.s32 %%z, %%%s, 0;" % step[1], "@%%z bra %s;" % end]
                out += [top + ":"] + self.text(step[2])
                out += ["setp.ne.s32 %%z, %%%s, 0;" % step[1], "@%%z bra %s;" % top, end + ":"]
            else:
                out.append(step[0])
        return out

    # ---- as a thread does it ----

    def execute(self, steps, r):
        for step in steps:
            if step[0] == "if":
                self.execute(step[2] if r[step[1]] else step[3], r)
            elif step[0] == "out":
                if r[step[1]]:
                    raise Out
            elif step[0] in ("loop", "do"):
                while r[step[1]]:
                    self.execute(step[2], r)
            else:
                step[1](r)

    def result(self, thread, width):
        r = {"tx": thread % width, "ty": thread // width, "lane": thread % 32, "acc": 1, "sh": 0,
             "b0": self.bases[0], "b1": self.bases[1]}
        for i, p in enumerate(self.params):
            r["p%d" % i] = p
        try:
            self.execute(self.steps, r)
        except Out:
            pass
        return r["acc"]


PROLOGUE = """
	ld.param.u64 %out, [out];
	ld.param.u64 %b0, [b0];
	ld.param.u64 %b1, [b1];
	ld.param.u32 %p0, [p0];
	ld.param.u32 %p1, [p1];
	ld.param.u32 %p2, [p2];
	ld.param.u32 %p3, [p3];
	mov.u32 %tx, %tid.x;
	mov.u32 %ty, %tid.y;
	mov.u32 %lane, %laneid;
	mov.u32 %sh, words;
	mov.u32 %w, %ntid.x;
	mad.lo.s32 %me, %ty, %w, %tx;
	mov.u32 %v, %me;
FILL:
	mul.lo.u32 %acc, %v, 2654435761;
	shr.u32 %w, %v, 7;
	xor.b32 %acc, %acc, %w;
	shl.b32 %w, %v, 2;
	add.u32 %w, %w, %sh;
	st.shared.u32 [%w], %acc;
	add.u32 %v, %v, 64;
	setp.lt.u32 %z, %v, 1024;
	@%z bra FILL;
	bar.sync 0;
	mov.u32 %acc, 1;"""
EPILOGUE = """
OUT:
	mul.wide.u32 %b0, %me, 4;
	add.s64 %out, %out, %b0;
	st.global.u32 [%out], %acc;
	ret;
}"""


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(".version 8.0\n.target sm_75\n.address_size 64")
    for n in range(count):
        k = Kernel(seed * 100003 + n if n else None)
        # the arguments, then what each thread is to find, for each block
        want = [v for b in k.bases for v in (b & M32, b >> 32)] + k.params
        for width, _ in BLOCKS:
            want += [k.result(t, width) for t in range(64)]
        print(".visible .global .align 8 .b32 want_%d[%d] = {%s};" % (n, len(want), ", ".join(map(str, want))))
        print(".visible .entry kernel_%d(.param .u64 out, .param .u64 b0, .param .u64 b1, .param .u64 p0,"
              " .param .u64 p1, .param .u64 p2, .param .u64 p3)\n{" % n)
        body = k.text(k.steps)
        for kind, type_, low in (("r", "b32", 0), ("q", "b64", 0), ("c", "pred", 0)):
            print("\t.reg .%s %%%s<%d>;" % (type_, kind, k.count + 1))
        print("\t.reg .b32 %tx, %ty, %lane, %p0, %p1, %p2, %p3, %sh, %w, %me, %v, %acc;")
        print("\t.reg .b64 %out, %b0, %b1, %mask;\n\t.reg .pred %z;")
        print("\t.shared .align 4 .b8 words[4096];" + PROLOGUE)
        print("\n".join("\t" + line if line[-1] != ":" else line for line in body) + EPILOGUE)


main()
