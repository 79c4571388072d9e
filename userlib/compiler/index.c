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
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '{' || c == '}' || c == '/';
}

#define LOAD(p)    _mm_loadu_si128((const __m128i *)(p))
#define MASK(v, c) _mm_cmpeq_epi8(v, _mm_set1_epi8(c))

/* Line ends from @p up to @end, 16 bytes at a time. */
static u32 count_lines(const char *p, const char *end)
{
	__m128i sum = _mm_setzero_si128();
	u32 n = 0;

	while (end - p >= 16) {
		/* a byte counts to 255 at most, so gather after each 255 */
		const char *stop = end - p > 16 * 255 ? p + 16 * 255 : p + ((end - p) & ~15);
		__m128i bytes = _mm_setzero_si128();

		for (; p < stop; p += 16)
			bytes = _mm_sub_epi8(bytes, MASK(LOAD(p), '\n'));
		sum = _mm_add_epi64(sum, _mm_sad_epu8(bytes, _mm_setzero_si128()));
	}
	for (; p < end; p++)
		n += *p == '\n';
	return n + _mm_cvtsi128_si32(sum) + _mm_cvtsi128_si32(_mm_srli_si128(sum, 8));
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

/**
 * struct walk - the scan's state
 * @counted: line ends before this are in @line; the rest is counted when a
 *	line number is wanted
 * @depth: open braces
 * @text: the PTX
 * @end: its end
 * @s: receives what is found
 * @line: of @counted
 */
struct walk {
	const char *text, *end, *counted;
	struct body_scan *s;
	u32 line, depth;
};

static u32 line_at(struct walk *w, const char *p)
{
	w->line += count_lines(w->counted, p);
	w->counted = p;
	return w->line;
}

/* At ".sh": a declaration, not a suffix such as ld.shared? */
static void note_shared(struct walk *w, const char *p)
{
	static const char word[] = ".shared";
	const char *q = p + sizeof(word) - 1;
	struct body_scan *s = w->s;

	if (w->end - p < (long)sizeof(word) || memcmp(p, word, sizeof(word) - 1))
		return;
	if ((!blank(*q) && *q != '.') || (p > w->text && !blank(p[-1])))
		return;
	if (s->nshared < sizeof(s->shared) / sizeof(s->shared[0])) {
		s->shared[s->nshared] = p;
		s->shared_line[s->nshared] = line_at(w, p);
	}
	s->nshared++;
}

/*
 * One interesting byte. Returns where to go on: p + 1, or further; NULL at
 * the closing brace.
 */
static inline const char *event(struct walk *w, const char *p)
{
	switch (*p) {
	case '{':
		w->depth++;
		return p + 1;
	case '}':
		if (--w->depth)
			return p + 1;
		w->s->close = p;
		w->s->line = line_at(w, p);
		return NULL;
	case '.':
		note_shared(w, p);
		return p + 1;
	default:
		return skip_quiet(p, w->end);
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
		if (interesting(p, w->end))
			p = event(w, p);
		else
			p++;
	}
}

/* Bits of the interesting bytes among 16. */
static inline u32 classify(const char *p)
{
	__m128i v = LOAD(p), hit, dot;

	dot = _mm_and_si128(_mm_and_si128(MASK(v, '.'), MASK(LOAD(p + 1), 's')), MASK(LOAD(p + 2), 'h'));
	hit = _mm_or_si128(_mm_or_si128(MASK(v, '{'), MASK(v, '}')), _mm_or_si128(MASK(v, '/'), MASK(v, '"')));
	return _mm_movemask_epi8(_mm_or_si128(hit, dot));
}

static u32 line_ends(const char *p)
{
	u32 low = _mm_movemask_epi8(MASK(LOAD(p), '\n'));

	return low | (u32)_mm_movemask_epi8(MASK(LOAD(p + 16), '\n')) << 16;
}

/*
 * The hits of one block of 32. Returns where to go on, or NULL at the closing
 * brace. Line comments are the commonest hit and mostly end in the block.
 */
static const char *block(struct walk *w, const char *p, u32 hits)
{
	const char *q;

	while (hits) {
		u32 bit = __builtin_ctz(hits);

		if (p[bit] == '/' && p[bit + 1] == '/') {
			u32 rest = line_ends(p) & ~0u << bit;

			if (!rest) {
				q = memchr(p + 32, '\n', w->end - p - 32);
				return q ? q : w->end;
			}
			hits &= ~0u << __builtin_ctz(rest);
			continue;
		}
		q = event(w, p + bit);
		if (q != p + bit + 1) /* jumped, or done: look anew from there */
			return q;
		hits &= hits - 1;
	}
	return p + 32;
}

void scan_body(const char *text, const char *end, u32 line, struct body_scan *s)
{
	struct walk w = {
		.text = text,
		.end = end,
		.counted = text,
		.s = s,
		.line = line,
		.depth = 1,
	};
	const char *p = text;

	s->close = NULL;
	s->nshared = 0;
	while (p && end - p >= 34) {
		u32 hits = classify(p) | classify(p + 16) << 16;

		p = hits ? block(&w, p, hits) : p + 32;
	}
	scan_tail(&w, p);
}
