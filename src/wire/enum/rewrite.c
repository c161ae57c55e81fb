// SPDX-License-Identifier: Apache-2.0
// Compile, match, substitute: each bounded, everything freed on every way out.
#include "wire/enum/rewrite.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct matcher {
	pcre2_compile_context *compile;
	pcre2_match_context *limits;
	pcre2_code *code;
	pcre2_match_data *data;
};

static void matcher_free(struct matcher *m)
{
	pcre2_match_data_free(m->data);
	pcre2_code_free(m->code);
	pcre2_match_context_free(m->limits);
	pcre2_compile_context_free(m->compile);
}

// No Unicode, no \C, no callouts; "$" means the very end; a number holds no line ends anyway.
static result matcher_new(const struct pattern_parts *p, struct matcher *m)
{
	const uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL |
				 (p->nocase ? PCRE2_CASELESS : 0);
	int error;
	PCRE2_SIZE offset;
	m->compile = pcre2_compile_context_create(NULL);
	m->limits = pcre2_match_context_create(NULL);
	REQUIRE(m->compile != NULL && m->limits != NULL, E_NO_MEMORY);
	pcre2_set_max_pattern_length(m->compile, REWRITE_PATTERN_MAX);
	pcre2_set_parens_nest_limit(m->compile, REWRITE_GROUPS_MAX);
	pcre2_set_match_limit(m->limits, REWRITE_STEPS_MAX);
	pcre2_set_depth_limit(m->limits, REWRITE_DEPTH_MAX);
	pcre2_set_heap_limit(m->limits, REWRITE_HEAP_KIB);
	m->code = pcre2_compile(p->pattern.at, p->pattern.len, options, &error, &offset, m->compile);
	REQUIRE(m->code != NULL, E_SYNTAX);
	m->data = pcre2_match_data_create_from_pattern(m->code, NULL);
	return m->data != NULL ? OK : FAIL(E_NO_MEMORY);
}

static result match(struct matcher *m, const char *text, const char **why)
{
	size_t n = strnlen(text, NUMBER_MAX);
	int found = pcre2_match(m->code, (PCRE2_SPTR)text, n, 0, 0, m->data, m->limits);
	*why = "the regular expression takes too long";
	REQUIRE(found > 0 || found == PCRE2_ERROR_NOMATCH, E_TOO_MANY);
	*why = "the regular expression does not match the number";
	REQUIRE(found > 0, E_NOT_FOUND);
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
	*why = "the regular expression matches a part of the number only";
	return at[0] == 0 && at[1] == n ? OK : FAIL(E_NOT_FOUND);
}

static result put(char *out, size_t *n, const void *from, size_t len)
{
	REQUIRE(len < REWRITE_URI_MAX - *n, E_TOO_LONG);
	memcpy(out + *n, from, len);
	*n += len;
	return OK;
}

static result put_group(struct matcher *m, uint32_t group, const char *text, char *out, size_t *n)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
	size_t length = strnlen(text, NUMBER_MAX);
	REQUIRE(group < pcre2_get_ovector_count(m->data), E_SYNTAX);
	PCRE2_SIZE from = at[2 * group], to = at[2 * group + 1];
	REQUIRE(from != PCRE2_UNSET && from <= to && to <= length, E_SYNTAX); // a group that took no part
	return put(out, n, text + from, to - from);
}

// "\1" to "\9" are what the groups matched; "\" before the delimiter or another mark is that mark (RFC3402#3.2).
static result substitute(struct matcher *m, struct bytes replacement, const char *text, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < replacement.len; i++) {
		uint8_t c = replacement.at[i];
		REQUIRE(c > 0x20 && c < 0x7f, E_SYNTAX); // a URI has no others
		if (c != '\\') {
			TRY(put(out, &n, &c, 1));
			continue;
		}
		REQUIRE(++i < replacement.len, E_SYNTAX);
		c = replacement.at[i];
		if (c >= '1' && c <= '9')
			TRY(put_group(m, (uint32_t)(c - '0'), text, out, &n));
		else {
			REQUIRE(c > 0x20 && c < 0x7f && c != '0', E_SYNTAX);
			TRY(put(out, &n, &c, 1));
		}
	}
	out[n] = '\0';
	return OK;
}

static result rewrite(struct matcher *m, struct bytes expression, const char *text, char *out, const char **why)
{
	struct pattern_parts p;
	*why = "the substitution expression has no three delimiters (RFC3402#3.2)";
	TRY(pattern_split(expression, &p));
	*why = "the regular expression is not one of POSIX, or too large";
	TRY(pattern_check(p.pattern));
	TRY(matcher_new(&p, m));
	TRY(match(m, text, why));
	*why = "the replacement is no text of a URI, or names a group that matched nothing";
	return substitute(m, p.replacement, text, out);
}

result enum_rewrite(struct bytes expression, const char *text, char out[REWRITE_URI_MAX], const char **why)
{
	struct matcher m = {NULL, NULL, NULL, NULL};
	out[0] = '\0';
	result r = rewrite(&m, expression, text, out, why);
	if (!is_ok(r))
		out[0] = '\0';
	matcher_free(&m);
	return r;
}
