// SPDX-License-Identifier: Apache-2.0
// The pattern of a substitution expression before any matcher sees it: one walk, no recursion.
#include "wire/enum/rewrite.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The next delimiter D that no backslash precedes, from AT on; the length of E when there is none.
static size_t delimiter_at(struct bytes e, size_t at, uint8_t d)
{
	for (; at < e.len && e.at[at] != d; at++)
		if (e.at[at] == '\\')
			at++;
	return at < e.len ? at : e.len;
}

result pattern_split(struct bytes e, struct pattern_parts *out)
{
	REQUIRE(e.len >= 3, E_SYNTAX);
	uint8_t d = e.at[0];
	REQUIRE(d > 0x20 && d < 0x7f && !is_digit(d) && d != '\\' && d != 'i', E_SYNTAX);
	size_t second = delimiter_at(e, 1, d);
	REQUIRE(second < e.len, E_SYNTAX);
	size_t third = delimiter_at(e, second + 1, d);
	REQUIRE(third < e.len, E_SYNTAX);
	struct bytes flags = bytes_make(e.at + third + 1, e.len - third - 1);
	out->nocase = flags.len == 1 && flags.at[0] == 'i';
	REQUIRE(flags.len == 0 || out->nocase, E_SYNTAX);
	out->pattern = bytes_make(e.at + 1, second - 1);
	out->replacement = bytes_make(e.at + second + 1, third - second - 1);
	return out->pattern.len > 0 && out->replacement.len > 0 ? OK : FAIL(E_SYNTAX);
}

struct walk {
	struct bytes p;
	size_t at;
	uint32_t groups, open;
	bool atom; // something that a repetition may follow
};

static uint8_t peek(const struct walk *w, size_t ahead)
{
	return w->at + ahead < w->p.len ? w->p.at[w->at + ahead] : 0;
}

// "[...]": no backslash, no collating symbols; "]" may stand first.
static result bracket(struct walk *w)
{
	w->at++;
	if (peek(w, 0) == '^')
		w->at++;
	if (peek(w, 0) == ']')
		w->at++;
	for (; w->at < w->p.len && peek(w, 0) != ']'; w->at++) {
		REQUIRE(peek(w, 0) != '\\' && peek(w, 0) != '[', E_SYNTAX);
	}
	REQUIRE(w->at < w->p.len, E_SYNTAX);
	w->at++;
	w->atom = true;
	return OK;
}

static result number(struct walk *w, uint32_t *out)
{
	*out = 0;
	REQUIRE(is_digit(peek(w, 0)), E_SYNTAX);
	for (; is_digit(peek(w, 0)); w->at++) {
		*out = *out * 10 + (uint32_t)(peek(w, 0) - '0');
		REQUIRE(*out <= REWRITE_REPEAT_MAX, E_TOO_MANY);
	}
	return OK;
}

// "*", "+", "?", "{m}", "{m,}", "{m,n}" behind an atom, once.
static result repetition(struct walk *w)
{
	uint32_t least, most;
	REQUIRE(w->atom, E_SYNTAX);
	w->atom = false;
	if (w->p.at[w->at++] != '{')
		return OK;
	TRY(number(w, &least));
	most = least;
	if (peek(w, 0) == ',') {
		w->at++;
		if (is_digit(peek(w, 0)))
			TRY(number(w, &most));
	}
	REQUIRE(peek(w, 0) == '}' && least <= most, E_SYNTAX);
	w->at++;
	return OK;
}

static result escape(struct walk *w)
{
	uint8_t c = peek(w, 1);
	REQUIRE(c > 0x20 && c < 0x7f && !is_alnum(c), E_SYNTAX);
	w->at += 2;
	w->atom = true;
	return OK;
}

static result group(struct walk *w)
{
	if (w->p.at[w->at] == '(') {
		REQUIRE(peek(w, 1) != '?' && peek(w, 1) != '*', E_SYNTAX);
		REQUIRE(++w->groups <= REWRITE_GROUPS_MAX, E_TOO_MANY);
		w->open++;
		w->atom = false;
	} else {
		REQUIRE(w->open > 0, E_SYNTAX);
		w->open--;
		w->atom = true;
	}
	w->at++;
	return OK;
}

static result step(struct walk *w)
{
	uint8_t c = w->p.at[w->at];
	REQUIRE(c >= 0x20 && c < 0x7f, E_SYNTAX);
	switch (c) {
	case '[':
		return bracket(w);
	case '*':
	case '+':
	case '?':
	case '{':
		return repetition(w);
	case '\\':
		return escape(w);
	case '(':
	case ')':
		return group(w);
	case '}':
	case ']':
		return FAIL(E_SYNTAX); // a literal one is escaped
	case '^':
	case '$':
	case '|':
		w->atom = false;
		break;
	default:
		w->atom = true;
		break;
	}
	w->at++;
	return OK;
}

result pattern_check(struct bytes pattern)
{
	struct walk w = {.p = pattern};
	REQUIRE(pattern.len > 0, E_SYNTAX);
	REQUIRE(pattern.len <= REWRITE_PATTERN_MAX, E_TOO_LONG);
	while (w.at < pattern.len)
		TRY(step(&w));
	return w.open == 0 ? OK : FAIL(E_SYNTAX);
}
