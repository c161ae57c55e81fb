// SPDX-License-Identifier: Apache-2.0
// Texts of a scenario. A pattern fits a whole line: `*` stands for anything, `$name` for its value, or, when
// it has none yet, for one or more octets that are no space; it then keeps the shortest that lets the rest
// fit.
#include "scene.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static int var_find(const struct scene_vars *v, struct bytes name)
{
	for (uint32_t i = 0; i < v->count; i++)
		if (bytes_equal(bytes_of_string(v->var[i].name), name))
			return (int)i;
	return -1;
}

static bool let_bytes(struct scene_vars *v, struct bytes name, struct bytes value)
{
	int i = var_find(v, name);

	if (name.len == 0 || name.len >= SCENE_NAME_MAX || value.len >= SCENE_VALUE_MAX)
		return false;
	if (i < 0 && v->count == SCENE_VARS_MAX)
		return false;
	if (i < 0)
		i = (int)v->count++;
	memcpy(v->var[i].name, name.at, name.len);
	v->var[i].name[name.len] = 0;
	memcpy(v->var[i].value, value.at, value.len);
	v->var[i].value[value.len] = 0;
	return true;
}

bool scene_let(struct scene_vars *v, const char *name, struct bytes value)
{
	return let_bytes(v, bytes_of_string(name), value);
}

void scene_forget(struct scene_vars *v, const char *name)
{
	int i = var_find(v, bytes_of_string(name));

	if (i >= 0)
		v->var[i] = v->var[--v->count];
}

static struct bytes name_at(struct bytes in, size_t i)
{
	size_t n = 0;

	while (i + n < in.len && (isalnum(in.at[i + n]) || in.at[i + n] == '_'))
		n++;
	return bytes_make(in.at + i, n);
}

static bool append(char *out, size_t cap, size_t *n, struct bytes b)
{
	if (*n + b.len >= cap)
		return false;
	memcpy(out + *n, b.at, b.len);
	*n += b.len;
	out[*n] = 0;
	return true;
}

bool scene_expand(const struct scene_vars *v, struct bytes in, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < in.len; i++) {
		struct bytes piece = bytes_make(in.at + i, 1);
		if (in.at[i] == '$' && i + 1 < in.len) {
			struct bytes name = name_at(in, i + 1);
			int var = var_find(v, name);
			if (name.len > 0 && var < 0) {
				snprintf(out, cap, "%.*s", (int)name.len, (const char *)name.at);
				return false;
			}
			if (name.len > 0)
				piece = bytes_of_string(v->var[var].value);
			i += name.len > 0 ? name.len : 1;
		}
		if (!append(out, cap, &n, piece))
			return false;
	}
	return true;
}

bool scene_line(struct bytes *rest, struct bytes *line)
{
	if (rest->len == 0)
		return false;
	const uint8_t *lf = memchr(rest->at, '\n', rest->len);
	size_t n = lf != NULL ? (size_t)(lf - rest->at) : rest->len;
	*line = bytes_make(rest->at, n);
	if (n > 0 && line->at[n - 1] == '\r')
		line->len--;
	n += lf != NULL;
	*rest = bytes_make(rest->at + n, rest->len - n);
	return true;
}

static size_t body_len(struct bytes block)
{
	struct bytes line;
	size_t n = 0;
	bool body = false;

	while (scene_line(&block, &line)) {
		n += body ? line.len + 2 : 0;
		body = body || line.len == 0;
	}
	return n;
}

bool scene_message(const struct scene_vars *v, struct bytes block, char *out, size_t cap, size_t *len)
{
	static char expanded[SCENE_MESSAGE_MAX];
	struct scene_vars with = *v;
	char digits[24];
	struct bytes rest, line;
	bool empty = false;

	*len = 0;
	// The length is that of the body as expanded, so it is counted in a first round.
	scene_let(&with, "length", BYTES("0"));
	if (!scene_expand(&with, block, expanded, sizeof(expanded)))
		return snprintf(out, cap, "%s", expanded) < 0;
	snprintf(digits, sizeof(digits), "%zu", body_len(bytes_of_string(expanded)));
	scene_let(&with, "length", bytes_of_string(digits));
	if (!scene_expand(&with, block, expanded, sizeof(expanded)))
		return false;
	rest = bytes_of_string(expanded);
	while (scene_line(&rest, &line)) {
		empty = empty || line.len == 0;
		if (!append(out, cap, len, line) || !append(out, cap, len, BYTES("\r\n")))
			return false;
	}
	return empty || append(out, cap, len, BYTES("\r\n"));
}

static bool fits(struct scene_vars *v, struct bytes p, struct bytes s);

static struct bytes after(struct bytes b, size_t n)
{
	return bytes_make(b.at + n, b.len - n);
}

static bool fits_any(struct scene_vars *v, struct bytes p, struct bytes s)
{
	for (size_t n = 0; n <= s.len; n++)
		if (fits(v, after(p, 1), after(s, n)))
			return true;
	return false;
}

static bool fits_var(struct scene_vars *v, struct bytes p, struct bytes s, struct bytes name)
{
	struct bytes rest = after(p, 1 + name.len);
	int i = var_find(v, name);

	if (i >= 0) {
		struct bytes value = bytes_of_string(v->var[i].value);
		return bytes_begin(s, value) && fits(v, rest, after(s, value.len));
	}
	uint32_t count = v->count;
	for (size_t n = 1; n <= s.len && !isspace(s.at[n - 1]); n++) {
		v->count = count;
		if (let_bytes(v, name, bytes_make(s.at, n)) && fits(v, rest, after(s, n)))
			return true;
	}
	v->count = count;
	return false;
}

static bool fits(struct scene_vars *v, struct bytes p, struct bytes s)
{
	while (p.len > 0) {
		if (p.at[0] == '*')
			return fits_any(v, p, s);
		if (p.at[0] == '$' && name_at(p, 1).len > 0)
			return fits_var(v, p, s, name_at(p, 1));
		if (p.at[0] == '$' && p.len > 1)
			p = after(p, 1);
		if (s.len == 0 || s.at[0] != p.at[0])
			return false;
		p = after(p, 1);
		s = after(s, 1);
	}
	return s.len == 0;
}

bool scene_match_line(struct scene_vars *v, struct bytes pattern, struct bytes line)
{
	return fits(v, pattern, line);
}

struct lines {                // a message, cut
	uint32_t count, body; // index of the first line of the body
	struct bytes line[SCENE_LINES_MAX];
	bool used[SCENE_LINES_MAX];
};

static void cut(struct lines *l, struct bytes message)
{
	struct bytes line;

	memset(l, 0, sizeof(*l));
	l->body = UINT32_MAX;
	while (l->count < SCENE_LINES_MAX && scene_line(&message, &line)) {
		if (line.len == 0 && l->body == UINT32_MAX)
			l->body = l->count;
		else
			l->line[l->count++] = line;
	}
	if (l->body == UINT32_MAX)
		l->body = l->count;
}

static size_t name_len(struct bytes line)
{
	const uint8_t *colon = memchr(line.at, ':', line.len);

	return colon != NULL ? (size_t)(colon - line.at) : line.len;
}

static bool same_name(struct bytes a, struct bytes b)
{
	return bytes_equal_nocase(bytes_make(a.at, name_len(a)), bytes_make(b.at, name_len(b)));
}

// Names of header fields in any case, values as they are.
static bool fits_header(struct scene_vars *v, struct bytes pattern, struct bytes line)
{
	return same_name(pattern, line) &&
	       fits(v, after(pattern, name_len(pattern)), after(line, name_len(line)));
}

static bool match_one(struct scene_vars *v, struct lines *l, struct bytes pattern, bool body)
{
	for (uint32_t i = body ? l->body : 1; i < (body ? l->count : l->body); i++) {
		if (l->used[i])
			continue;
		if (!(body ? fits(v, pattern, l->line[i]) : fits_header(v, pattern, l->line[i])))
			continue;
		l->used[i] = true;
		return true;
	}
	return false;
}

// "!Name" in the header, "!pattern" in the body: no such line.
static bool match_none(struct scene_vars *v, const struct lines *l, struct bytes pattern, bool body)
{
	for (uint32_t i = body ? l->body : 1; i < (body ? l->count : l->body); i++)
		if (body ? fits(v, pattern, l->line[i]) : same_name(pattern, l->line[i]))
			return false;
	return true;
}

static bool match_lines(struct scene_vars *v, struct bytes pattern, struct lines *l, char why[256])
{
	struct bytes line;
	bool body = false;

	for (uint32_t n = 0; scene_line(&pattern, &line); n++) {
		bool ok = true;
		if (n == 0)
			ok = l->used[0] = l->count > 0 && fits(v, line, l->line[0]);
		else if (line.len == 0)
			body = true;
		else if (line.at[0] == '!')
			ok = match_none(v, l, after(line, 1), body);
		else
			ok = match_one(v, l, line, body);
		if (!ok) {
			snprintf(why, 256, "does not fit: %.*s", (int)line.len, (const char *)line.at);
			return false;
		}
	}
	return true;
}

bool scene_match(struct scene_vars *v, struct bytes pattern, struct bytes message, bool only, char why[256])
{
	static struct scene_vars before;
	static struct lines l;
	bool ok;

	before = *v;
	cut(&l, message);
	ok = match_lines(v, pattern, &l, why);
	for (uint32_t i = 0; ok && only && i < l.count; i++) {
		if (!l.used[i])
			snprintf(why, 256, "not expected: %.*s", (int)l.line[i].len,
				(const char *)l.line[i].at);
		ok = l.used[i];
	}
	if (!ok)
		*v = before;
	return ok;
}
