// SPDX-License-Identifier: Apache-2.0
// Grammars of single values: names, domains, sockets, ranges, code points.
//
// Each reads the whole text or refuses it; nothing is guessed and nothing is cut off.
#include "conf/values.h"

#include <stdlib.h>

enum {
	LABEL_MAX = 63,        // RFC1035#2.3.4
	DOMAIN_OCTETS = 253,   // RFC1035#2.3.4: 255 on the wire
	PORT_MEDIA_MIN = 1024, // below it ports belong to other services
	DATE_OCTETS = 10,
	DAY_MS = 86400000,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool label_ok(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(label[i]) && label[i] != '-')
			return false;
	}
	return true;
}

bool conf_read_domain(const char *text, char out[DOMAIN_MAX])
{
	size_t len = strlen(text);

	if (len == 0 || len > DOMAIN_OCTETS)
		return false;
	for (const char *label = text;; label += strcspn(label, ".") + 1) {
		if (!label_ok(label, strcspn(label, ".")))
			return false;
		if (label[strcspn(label, ".")] == '\0')
			break;
	}
	memset(out, 0, DOMAIN_MAX);
	for (size_t i = 0; i < len; i++)
		out[i] = lower(text[i]);
	return true;
}

bool conf_read_name(const char *text, char out[NAME_MAX_LEN])
{
	size_t len = strlen(text);

	if (len == 0 || len >= NAME_MAX_LEN || !is_alnum(text[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(text[i]) && text[i] != '.' && text[i] != '_' && text[i] != '-')
			return false;
	}
	memset(out, 0, NAME_MAX_LEN);
	memcpy(out, text, len);
	return true;
}

bool conf_read_transport(const char *text, size_t len, uint8_t *out)
{
	static const struct {
		const char *word;
		enum transport transport;
	} words[] = {{"udp", TRANSPORT_UDP}, {"tcp", TRANSPORT_TCP}, {"tls", TRANSPORT_TLS}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].word) == len && memcmp(words[i].word, text, len) == 0) {
			*out = (uint8_t)words[i].transport;
			return true;
		}
	}
	return false;
}

static uint32_t digits_value(const char *text, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (uint32_t)(text[i] - '0');
	return v;
}

// Days since 1970-01-01 of a date in the Gregorian calendar, by counting years from March.
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool conf_read_date(const char *text, uint64_t *out_ms)
{
	uint32_t year, month, day;

	if (strlen(text) != DATE_OCTETS || text[4] != '-' || text[7] != '-')
		return false;
	for (size_t i = 0; i < DATE_OCTETS; i++) {
		if (i != 4 && i != 7 && !is_digit(text[i]))
			return false;
	}
	year = digits_value(text, 4);
	month = digits_value(text + 5, 2);
	day = digits_value(text + 8, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*out_ms = (uint64_t)(days_from_date(year, month, day) + 1) * DAY_MS;
	return true;
}

bool conf_set_domain(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, ((struct conf_draft *)target)->settings.domain);
}

bool conf_set_metrics(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct address a;

	if (!is_ok(address_parse(bytes_of_string(n->text), &a)) || a.port == 0)
		return false;
	if (address_classify(&a) != ADDRESS_LOOPBACK) {
		conf_error(c, n,
			"metrics: %s is not a loopback address (BE-1); write 127.0.0.1:PORT or [::1]:PORT "
			"and "
			"let a proxy with access control publish it",
			n->text);
		return true;
	}
	((struct conf_draft *)target)->settings.metrics = a;
	return true;
}

bool conf_set_registry(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_draft *d = target;

	UNUSED(c);
	bool known = (strncmp(n->text, "sqlite:", 7) == 0 && n->text_len > 7) ||
		     (strncmp(n->text, "postgresql://", 13) == 0 && n->text_len > 13);
	if (!known || n->text_len >= sizeof(d->private.registry))
		return false;
	memcpy(d->private.registry, n->text, n->text_len + 1);
	d->settings.registry = 1;
	return true;
}

bool conf_set_zone_name(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, ((struct conf_zone *)target)->zone.name);
}

bool conf_set_listener_name(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, ((struct conf_listener *)target)->listener.name);
}

bool conf_set_listener_zone(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, ((struct conf_listener *)target)->zone_name);
}

bool conf_set_sip(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct listener *l = &((struct conf_listener *)target)->listener;
	size_t word = strcspn(n->text, ":");
	struct sip_socket s;

	UNUSED(c);
	memset(&s, 0, sizeof(s)); // padding too: listeners are compared as memory at reload
	if (n->text[word] != ':' || !conf_read_transport(n->text, word, &s.transport))
		return false;
	if (!is_ok(address_parse(bytes_of_string(n->text + word + 1), &s.address)) || s.address.port == 0)
		return false;
	if (l->sip_count < LISTENER_SIP_MAX)
		l->sip[l->sip_count++] = s;
	return true;
}

static bool read_port(const char *text, size_t len, uint16_t *out)
{
	if (len == 0 || len > 5 || strspn(text, "0123456789") < len || digits_value(text, len) > UINT16_MAX)
		return false;
	*out = (uint16_t)digits_value(text, len);
	return true;
}

// "127.0.0.1:20000-24999": RTP takes the even ports, RTCP the odd one above (RFC3550#11).
bool conf_set_media_range(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct listener *l = &((struct conf_listener *)target)->listener;
	const char *ports = strrchr(n->text, ':');
	uint16_t first, last;
	size_t len;

	if (ports == NULL)
		return false;
	len = strcspn(ports + 1, "-");
	if (ports[1 + len] != '-' || !read_port(ports + 1, len, &first) ||
		!read_port(ports + len + 2, strlen(ports + len + 2), &last))
		return false;
	if (first < PORT_MEDIA_MIN || first % 2 != 0 || last % 2 != 1 || last <= first) {
		conf_error(c, n,
			"media: ports %u-%u; begin with an even port from 1024 on and end with a higher odd "
			"one",
			first, last);
		return true;
	}
	l->media_first = first;
	l->media_last = last;
	return is_ok(address_parse_host(bytes_make(n->text, (size_t)(ports - n->text)), 0, &l->media));
}

bool conf_set_advertise(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return is_ok(address_parse_host(
		bytes_of_string(n->text), 0, &((struct conf_listener *)target)->listener.advertise));
}

// A class name (RFC 2474, 2597, 3246) or the six bits as a number.
static bool read_dscp(const char *text, uint8_t *out)
{
	uint16_t number;

	if (strcmp(text, "ef") == 0) {
		*out = 46;
		return true;
	}
	if (strlen(text) == 3 && strncmp(text, "cs", 2) == 0 && text[2] >= '0' && text[2] <= '7') {
		*out = (uint8_t)((text[2] - '0') << 3);
		return true;
	}
	if (strlen(text) == 4 && strncmp(text, "af", 2) == 0 && text[2] >= '1' && text[2] <= '4' &&
		text[3] >= '1' && text[3] <= '3') {
		*out = (uint8_t)(((text[2] - '0') << 3) + ((text[3] - '0') << 1));
		return true;
	}
	if (!read_port(text, strlen(text), &number) || number > 63)
		return false;
	*out = (uint8_t)number;
	return true;
}

bool conf_set_dscp_sip(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return read_dscp(n->text, &((struct conf_listener *)target)->listener.dscp_sip);
}

bool conf_set_dscp_media(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return read_dscp(n->text, &((struct conf_listener *)target)->listener.dscp_media);
}
