// SPDX-License-Identifier: MIT
/*
 * Past a function body at memory speed: braces matched, comments and strings
 * skipped, lines counted, .shared declarations noted. Stage 1 of a module is
 * mostly this.
 */
#include <emmintrin.h>
#include <string.h>

#include "parse.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '{' ||
	       c == '}' || c == '/';
}

/* At ".sh": a declaration, not a suffix such as ld.shared? */
static void note_shared(struct body_scan *s, const char *text, const char *p,
			const char *end, u32 line)
{
	static const char word[] = ".shared";

	if (end - p < (long)sizeof(word) || memcmp(p, word, sizeof(word) - 1))
		return;
	p += sizeof(word) - 1;
	if (!blank(*p) && *p != '.')
		return;
	p -= sizeof(word) - 1;
	if (p > text && !blank(p[-1]))
		return;
	if (s->nshared < sizeof(s->shared) / sizeof(s->shared[0])) {
		s->shared[s->nshared] = p;
		s->shared_line[s->nshared] = line;
	}
	s->nshared++;
}

static u32 count_lines(const char *p, const char *end)
{
	u32 n = 0;

	while (p < end && (p = memchr(p, '\n', end - p))) {
		n++;
		p++;
	}
	return n;
}

/* Past a comment or string that starts at @p, or past the character. */
static const char *skip_quiet(const char *p, const char *end)
{
	const char *q;

	if (*p == '"') {
		for (p++; p < end && *p != '"'; p++)
			if (*p == '\\' && p + 1 < end)
				p++;
		return p < end ? p + 1 : end;
	}
	if (end - p < 2)
		return end;
	if (p[1] == '/') {
		q = memchr(p, '\n', end - p);
		return q ? q : end;
	}
	if (p[1] == '*') {
		for (p += 2; (p = memchr(p, '*', end - p)); p++) {
			if (p + 1 >= end)
				return end;
			if (p[1] == '/')
				return p + 2;
		}
		return end;
	}
	return p + 1;
}

struct walk {
	const char *text, *end;
	struct body_scan *s;
	u32 line;	/* of the byte about to be looked at */
	u32 depth;
};

/*
 * One interesting byte. Returns where to go on: p + 1, or further; NULL at
 * the closing brace.
 */
static inline const char *event(struct walk *w, const char *p)
{
	const char *q;

	switch (*p) {
	case '{':
		w->depth++;
		return p + 1;
	case '}':
		if (--w->depth)
			return p + 1;
		w->s->close = p;
		w->s->line = w->line;
		return NULL;
	case '.':
		note_shared(w->s, w->text, p, w->end, w->line);
		return p + 1;
	default:
		q = skip_quiet(p, w->end);
		w->line += count_lines(p, q);
		return q;
	}
}

static bool interesting(const char *p, const char *end)
{
	return *p == '{' || *p == '}' || *p == '/' || *p == '"' ||
	       (*p == '.' && end - p > 2 && p[1] == 's' && p[2] == 'h');
}

/* The last few bytes, one at a time. */
static void scan_tail(struct walk *w, const char *p)
{
	while (p && p < w->end) {
		if (*p == '\n')
			w->line++;
		if (interesting(p, w->end))
			p = event(w, p);
		else
			p++;
	}
}

#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define MASK(v, c) _mm_cmpeq_epi8(v, _mm_set1_epi8(c))

/* Bits of the interesting bytes among 16, and of the line ends. */
static inline u32 classify(const char *p, u32 *lines)
{
	__m128i v = LOAD(p), hit, dot;

	dot = _mm_and_si128(_mm_and_si128(MASK(v, '.'), MASK(LOAD(p + 1), 's')),
			    MASK(LOAD(p + 2), 'h'));
	hit = _mm_or_si128(_mm_or_si128(MASK(v, '{'), MASK(v, '}')),
			   _mm_or_si128(MASK(v, '/'), MASK(v, '"')));
	*lines = _mm_movemask_epi8(MASK(v, '\n'));
	return _mm_movemask_epi8(_mm_or_si128(hit, dot));
}

void scan_body(const char *text, const char *end, u32 line, struct body_scan *s)
{
	struct walk w = { .text = text, .end = end, .s = s, .line = line, .depth = 1 };
	const char *p = text, *q;

	s->close = NULL;
	s->nshared = 0;
	while (end - p >= 34) {
		u32 l0, l1, hits, lines, start = w.line;

		hits = classify(p, &l0);
		hits |= classify(p + 16, &l1) << 16;
		lines = l0 | l1 << 16;
		q = p + 32;
		while (hits) {
			u32 bit = __builtin_ctz(hits);

			w.line = start + __builtin_popcount(lines & ((1u << bit) - 1));
			q = event(&w, p + bit);
			if (!q)
				return;
			if (q != p + bit + 1)	/* jumped: look anew from there */
				break;
			q = p + 32;
			hits &= hits - 1;
		}
		if (q == p + 32 && !hits)
			w.line = start + __builtin_popcount(lines);
		p = q;
	}
	scan_tail(&w, p);
}
