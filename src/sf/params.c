// SPDX-License-Identifier: Apache-2.0
// Editing header values. The values were checked by wire/sip when they came in; nothing is validated twice.
#include "sf/params.h"

static struct bytes trim(struct bytes b)
{
	while (b.len > 0 && (b.at[0] == ' ' || b.at[0] == '\t' || b.at[0] == '\r' || b.at[0] == '\n')) {
		b.at++;
		b.len--;
	}
	while (b.len > 0 && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t' || b.at[b.len - 1] == '\r' ||
				    b.at[b.len - 1] == '\n'))
		b.len--;
	return b;
}

bool params_next(struct bytes *rest, struct bytes *param)
{
	bool quoted = false;
	size_t i = 0;

	if (rest->len == 0)
		return false;
	for (; i < rest->len; i++) {
		uint8_t c = rest->at[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == ';' && !quoted)
			break;
	}
	if (i > rest->len)
		i = rest->len;
	*param = trim(bytes_make(rest->at, i));
	size_t skip = i < rest->len ? i + 1 : i;
	*rest = bytes_make(rest->at + skip, rest->len - skip);
	return true;
}

// The name of "name=value" or "name".
static struct bytes params_name(struct bytes param)
{
	size_t n = 0;

	while (n < param.len && param.at[n] != '=')
		n++;
	return trim(bytes_make(param.at, n));
}

void params_write_unfolded(struct sip_writer *w, struct bytes b)
{
	size_t from = 0, i = 0;

	while (i < b.len) {
		if (b.at[i] != '\r' && b.at[i] != '\n') {
			i++;
			continue;
		}
		sip_write_octets(w, bytes_make(b.at + from, i - from));
		while (i < b.len && (b.at[i] == '\r' || b.at[i] == '\n' || b.at[i] == ' ' || b.at[i] == '\t'))
			i++;
		sip_write_string(w, " ");
		from = i;
	}
	sip_write_octets(w, bytes_make(b.at + from, b.len - from));
}

void params_write_except(struct sip_writer *w, struct bytes params, struct bytes drop1, struct bytes drop2)
{
	struct bytes p;

	while (params_next(&params, &p)) {
		struct bytes name = params_name(p);
		if (p.len == 0 || bytes_equal_nocase(name, drop1) || bytes_equal_nocase(name, drop2))
			continue;
		sip_write_string(w, ";");
		params_write_unfolded(w, p);
	}
}

void params_write_addr_without(struct sip_writer *w, const struct sip_msg *m, struct span value,
	const struct sip_addr *a, struct bytes drop)
{
	struct bytes whole = sip_bytes(m, value), params = sip_bytes(m, a->params);
	struct bytes front = whole;

	if (params.len > 0)
		front.len = (size_t)(params.at - whole.at);
	front = trim(front);
	if (front.len > 0 && params.len > 0 && front.at[front.len - 1] == ';')
		front.len--;
	params_write_unfolded(w, trim(front));
	params_write_except(w, params, drop, BYTES(""));
}
