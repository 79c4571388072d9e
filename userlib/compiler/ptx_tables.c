// SPDX-License-Identifier: MIT
/* The tables ptx_*.def as data, and hashed look-ups by spelling. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_tables.h"

/* ---- types ---- */

static const struct {
	const char *name;
	u8 bits;
	char cls;
} type_info[T_COUNT] = {
	[T_NONE] = { "none", 0, '?' },
#define TYPE(id, n, b, c) [T_##id] = { n, b, #c[0] },
#include "ptx_types.def"
#undef TYPE
};

const char *ir_type_name(enum ir_type t)
{
	return t < T_COUNT ? type_info[t].name : "?";
}

unsigned int ir_type_bits(enum ir_type t)
{
	return t < T_COUNT ? type_info[t].bits : 0;
}

char ir_type_class(enum ir_type t)
{
	return t < T_COUNT ? type_info[t].cls : '?';
}

unsigned int ir_type_bytes(enum ir_type t)
{
	return (ir_type_bits(t) + 7) / 8;
}

/* ---- opcodes ---- */

#define B_(t)   (1ull << T_##t)
#define G(g)    ((u128)1 << GRP_##g)
#define S_BITS  (B_(B16) | B_(B32) | B_(B64))
#define S_I32   (B_(U32) | B_(S32))
#define S_I64   (B_(U64) | B_(S64))
#define S_INT   (B_(U16) | B_(S16) | S_I32 | S_I64)
#define S_SINT  (B_(S16) | B_(S32) | B_(S64))
#define S_HALF  (B_(F16) | B_(BF16))
#define S_HALF2 (B_(F16X2) | B_(BF16X2))
#define S_FLT   (S_HALF | S_HALF2 | B_(F32) | B_(F32X2) | B_(F64))
#define S_PACK  (B_(U16X2) | B_(S16X2))
#define S_QUAD  (B_(U8X4) | B_(S8X4))
#define S_F8X2  (B_(E4M3X2) | B_(E5M2X2) | B_(E2M3X2) | B_(E3M2X2) | B_(E2M1X2) | B_(UE8M0X2) | B_(S2F6X2))
#define S_F8X4 \
	(B_(E4M3X4) | B_(E5M2X4) | B_(E2M3X4) | B_(E3M2X4) | B_(E2M1X4) | B_(E4M3X2) | B_(E5M2X2) | B_(E4M3) | B_(E5M2))
#define S_CVT  (B_(U8) | B_(S8) | S_INT | S_FLT | B_(TF32) | S_F8X2 | S_F8X4 | S_PACK)
#define S_MEM  (B_(B8) | B_(B128) | B_(U8) | B_(S8) | S_BITS | S_INT | S_FLT)
#define S_ATOM (S_BITS | B_(B128) | S_INT | S_FLT)
#define S_TEXD (B_(U32) | B_(S32) | B_(F32) | B_(F16) | B_(F16X2) | B_(B32))
#define S_TEXC (B_(S32) | B_(F32))
#define S_MMAC (B_(F16) | B_(F32) | B_(S32) | B_(F64))
#define S_MMA                                                                                                       \
	(B_(F16) | B_(BF16) | B_(TF32) | B_(F64) | B_(F32) | B_(S32) | B_(U8) | B_(S8) | B_(U4) | B_(S4) | B_(B1) | \
	 B_(E4M3) | B_(E5M2) | B_(E2M3) | B_(E3M2) | B_(E2M1))

_Static_assert(T_COUNT <= 64, "type sets are 64-bit masks");
_Static_assert(GRP_COUNT <= 128, "group sets are 128-bit masks");

struct type_sets {
	u8 min, max;
	u64 set[PTX_MAX_TYPES];
};
#define NARG(...)                    NARG_(__VA_ARGS__, 5, 4, 3, 2, 1)
#define NARG_(a, b, c, d, e, n, ...) n
#define TYO(min, ...)                   \
	{                               \
		min, NARG(__VA_ARGS__), \
		{                       \
			__VA_ARGS__     \
		}                       \
	}
#define TY0               \
	{                 \
		0, 0,     \
		{         \
			0 \
		}         \
	}
#define TY1(a)            \
	{                 \
		1, 1,     \
		{         \
			a \
		}         \
	}
#define TY2(a, b)            \
	{                    \
		2, 2,        \
		{            \
			a, b \
		}            \
	}
#define TY3(a, b, c)            \
	{                       \
		3, 3,           \
		{               \
			a, b, c \
		}               \
	}

static const struct {
	const char *name, *sig;
	struct type_sets types;
	u128 req, opt;
	u32 flags;
} op_rows[OP_COUNT] = {
#define OP(id, n, sig, types, req, opt, flags) [OP_##id] = { n, sig, types, req, opt, flags },
#include "ptx_ops.def"
#undef OP
};

static struct ptx_op ops[OP_COUNT];

/* ---- modifiers ---- */

static struct ptx_mod mods[] = {
	{ 0 },
#define GROUP(g)
#define MOD(g, id, s) { s, GRP_##g, id, 0 },
#define ENDGROUP(g)
#include "ptx_mods.def"
#undef GROUP
#undef MOD
#undef ENDGROUP
};

#define NMODS (sizeof(mods) / sizeof(mods[0]))

const char *ir_mod_name(enum ir_group g, unsigned int value)
{
	for (size_t i = 1; i < NMODS; i++)
		if (mods[i].group == g && mods[i].value == value)
			return mods[i].name;
	return "?";
}

/* ---- special registers ---- */

static const struct {
	const char *name;
	u8 type, count;
	u16 first;
} sreg_rows[] = {
#define SREG(id, n, t)     { n, T_##t, 1, SREG_##id },
#define SREGN(id, n, c, t) { n, T_##t, c, SREG_##id },
#include "ptx_sregs.def"
#undef SREG
#undef SREGN
};

static char sreg_names[SREG_COUNT][40];
static u8 sreg_types[SREG_COUNT];

const char *ir_sreg_name(enum ir_sreg s)
{
	return s < SREG_COUNT ? sreg_names[s] : "?";
}

enum ir_type ir_sreg_type(enum ir_sreg s)
{
	return s < SREG_COUNT ? sreg_types[s] : T_NONE;
}

/* ---- hashing ---- */

/*
 * One open-addressed table for all spellings; the kind is part of the entry.
 * Names are few and fixed, so a quarter full and linear probing will do.
 */
enum kind { K_FREE, K_OP, K_OP_FIRST, K_TYPE, K_MOD, K_SREG };

struct slot {
	u32 hash;
	u8 kind, len;
	u16 value;
	const char *name;
};

#define SLOTS 4096
static struct slot slots[SLOTS];

#define FNV_INIT 2166136261u
static inline u32 fnv(u32 h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (u8)s[i]) * 16777619u;
	return h;
}

u32 ptx_hash(const char *s, size_t len)
{
	return fnv(FNV_INIT, s, len);
}

static inline u32 slot_of(u32 hash, enum kind kind)
{
	hash += kind * 0x9e3779b9u;
	return (hash ^ hash >> 15) & (SLOTS - 1);
}

static struct slot *find(u32 hash, enum kind kind, const char *s, size_t len)
{
	u32 i = slot_of(hash, kind);

	for (; slots[i].kind; i = (i + 1) & (SLOTS - 1))
		if (slots[i].hash == hash && slots[i].kind == kind && slots[i].len == len &&
		    !memcmp(slots[i].name, s, len))
			return &slots[i];
	return NULL;
}

static struct slot *insert(enum kind kind, const char *s, size_t len, u16 value)
{
	u32 hash = ptx_hash(s, len), i = slot_of(hash, kind);

	while (slots[i].kind)
		i = (i + 1) & (SLOTS - 1);
	slots[i] = (struct slot){ hash, kind, len, value, s };
	return &slots[i];
}

/* ---- start ---- */

static const char *decode_token(const char *s, struct ptx_opnd *o)
{
	memset(o, 0, sizeof(*o));
	if (*s == '|') {
		o->bar = true;
		s++;
	}
	o->role = *s++;
	o->type = *s++;
	for (; *s && *s != ' '; s++) {
		if (*s == 'v')
			o->by_vec = true;
		else if (*s == '*')
			o->any_vec = true;
		else if (*s == '?')
			o->optional = true;
		else
			o->when = *s;
	}
	return *s ? s + 1 : s;
}

static void init_op(enum ir_op op)
{
	struct ptx_op *o = &ops[op];
	const char *s = op_rows[op].sig, *name = op_rows[op].name;
	size_t first = strcspn(name, ".");
	struct slot *slot;
	u16 comps = 1;

	o->name = name;
	o->min_types = op_rows[op].types.min;
	o->max_types = op_rows[op].types.max;
	memcpy(o->types, op_rows[op].types.set, sizeof(o->types));
	o->required = op_rows[op].req;
	o->allowed = op_rows[op].req | op_rows[op].opt;
	o->flags = op_rows[op].flags;
	while (*s && o->nopnds < PTX_MAX_OPNDS)
		s = decode_token(s, &o->opnds[o->nopnds++]);
	if (op == OP_PHI)
		return;
	for (s = name; *s; s++)
		comps += *s == '.';
	insert(K_OP, name, strlen(name), op);
	/* Under the first word: the most components a name of it has. */
	slot = find(ptx_hash(name, first), K_OP_FIRST, name, first);
	if (!slot)
		slot = insert(K_OP_FIRST, name, first, 0);
	if (comps > slot->value)
		slot->value = comps;
}

static void init_sregs(void)
{
	for (size_t i = 0; i < sizeof(sreg_rows) / sizeof(sreg_rows[0]); i++) {
		for (unsigned int n = 0; n < sreg_rows[i].count; n++) {
			u16 id = sreg_rows[i].first + n;
			char *p = sreg_names[id];

			p = stpcpy(p, sreg_rows[i].name);
			if (sreg_rows[i].count > 1) {
				if (n > 9)
					*p++ = '0' + n / 10;
				*p++ = '0' + n % 10;
				*p = 0;
			}
			sreg_types[id] = sreg_rows[i].type;
			insert(K_SREG, sreg_names[id], strlen(sreg_names[id]), id);
		}
	}
}

static void init(void)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++)
		init_op(op);
	for (int t = T_NONE + 1; t < T_COUNT; t++)
		insert(K_TYPE, type_info[t].name, strlen(type_info[t].name), t);
	/* Backwards, so that a chain starts with the first group. */
	for (size_t i = NMODS - 1; i; i--) {
		size_t len = strlen(mods[i].name);
		struct slot *s = find(ptx_hash(mods[i].name, len), K_MOD, mods[i].name, len);

		if (s) {
			mods[i].next = s->value;
			s->value = i;
		} else {
			insert(K_MOD, mods[i].name, len, i);
		}
	}
	init_sregs();
}

void ptx_tables_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init);
}

/* ---- look-ups ---- */

const struct ptx_op *ptx_op(enum ir_op op)
{
	return &ops[op < OP_COUNT ? op : OP_NONE];
}

const char *ir_op_name(enum ir_op op)
{
	return op < OP_COUNT && op_rows[op].name ? op_rows[op].name : "?";
}

u32 ir_op_flags(enum ir_op op)
{
	return op < OP_COUNT ? op_rows[op].flags : 0;
}

enum ir_op ptx_find_op(const char *s, size_t len, size_t *used)
{
	const char *end = s + len, *p = memchr(s, '.', len);
	size_t first = p ? (size_t)(p - s) : len;
	u32 hash = fnv(FNV_INIT, s, first);
	struct slot *slot = find(hash, K_OP_FIRST, s, first);
	enum ir_op best = OP_NONE;
	unsigned int comps;

	if (!slot)
		return OP_NONE;
	comps = slot->value;
	p = s + first;
	for (;;) {
		slot = find(hash, K_OP, s, p - s);
		if (slot) {
			best = slot->value;
			*used = p - s;
		}
		if (!--comps || p >= end)
			return best;
		/* take in the next component and its dot */
		const char *q = memchr(p + 1, '.', end - p - 1);

		if (!q)
			q = end;
		hash = fnv(hash, p, q - p);
		p = q;
	}
}

enum ir_type ptx_find_type(const char *s, size_t len)
{
	struct slot *slot = find(ptx_hash(s, len), K_TYPE, s, len);

	return slot ? slot->value : T_NONE;
}

const struct ptx_mod *ptx_find_mod(const char *s, size_t len)
{
	struct slot *slot = find(ptx_hash(s, len), K_MOD, s, len);

	return slot ? &mods[slot->value] : NULL;
}

const struct ptx_mod *ptx_mod_next(const struct ptx_mod *m)
{
	return m->next ? &mods[m->next] : NULL;
}

int ptx_find_sreg(const char *s, size_t len)
{
	struct slot *slot = find(ptx_hash(s, len), K_SREG, s, len);

	return slot ? slot->value : -1;
}
