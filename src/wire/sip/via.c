// SPDX-License-Identifier: Apache-2.0
// One Via value (RFC3261#20.42): who sent it, over what, and where answers go (RFC3581 rport).
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"
#include "terms/transport.h"

enum { VIA_TRANSPORT_OTHER = 255, VIA_TTL_MAX = 255 };

static uint8_t via_transport(const uint8_t *buf, uint32_t end, struct span s)
{
	if (SCAN_IS(buf, end, s, "udp"))
		return TRANSPORT_UDP;
	if (SCAN_IS(buf, end, s, "tcp"))
		return TRANSPORT_TCP;
	if (SCAN_IS(buf, end, s, "tls"))
		return TRANSPORT_TLS;
	if (SCAN_IS(buf, end, s, "dtls-udp")) // RFC 7345 names it UDP/TLS elsewhere; Via says DTLS-UDP
		return TRANSPORT_DTLS;
	return VIA_TRANSPORT_OTHER;
}

// "SIP / 2.0 / transport" at *AT.
static result via_protocol(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_via *out)
{
	uint32_t from = *at;
	uint32_t i = scan_class(buf, end, from, OCT_TOKEN);
	REQUIRE(SCAN_IS(buf, end, ((struct span){from, i}), "sip"), E_SYNTAX);
	i = scan_lws(buf, end, i);
	REQUIRE(octet_at(buf, end, i) == '/', E_SYNTAX);
	from = scan_lws(buf, end, i + 1);
	i = scan_class(buf, end, from, OCT_TOKEN);
	REQUIRE(SCAN_IS(buf, end, ((struct span){from, i}), "2.0"), E_SYNTAX);
	i = scan_lws(buf, end, i);
	REQUIRE(octet_at(buf, end, i) == '/', E_SYNTAX);
	from = scan_lws(buf, end, i + 1);
	i = scan_class(buf, end, from, OCT_TOKEN);
	REQUIRE(i > from, E_SYNTAX);
	out->transport_name = (struct span){from, i};
	out->transport = via_transport(buf, end, out->transport_name);
	*at = scan_lws(buf, end, i);
	REQUIRE(*at > i, E_SYNTAX);
	return OK;
}

// "host [: port]" at *AT.
static result via_sent_by(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_via *out)
{
	uint32_t i = scan_host(buf, end, *at);
	REQUIRE(i != 0, E_SYNTAX);
	out->host = (struct span){*at, i};
	i = scan_lws(buf, end, i);
	if (octet_at(buf, end, i) == ':') {
		i = scan_port(buf, end, scan_lws(buf, end, i + 1), &out->port);
		REQUIRE(i != 0, E_SYNTAX);
		out->has_port = true;
		i = scan_lws(buf, end, i);
	}
	*at = i;
	return OK;
}

// received=IP. RFC3261's grammar has IPv6 without brackets, senders write both (RFC5118#4.5): an address it must be.
static result via_received(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_via *out)
{
	uint32_t i = scan_lws(buf, end, *at);
	REQUIRE(octet_at(buf, end, i) == '=', E_SYNTAX);
	uint32_t from = scan_lws(buf, end, i + 1);
	i = scan_ipv6(buf, end, from);
	if (i == 0)
		i = scan_host(buf, end, from);
	REQUIRE(i != 0, E_SYNTAX);
	out->received = (struct span){from, i};
	*at = scan_lws(buf, end, i);
	return OK;
}

static result via_param_take(const uint8_t *buf, uint32_t n, uint32_t end, const struct sip_param *p, struct sip_via *out)
{
	uint32_t number;

	if (SCAN_IS(buf, end, p->name, "branch")) {
		REQUIRE(p->has_value && octet_in(octet_at(buf, end, p->value.from), OCT_TOKEN), E_SYNTAX);
		out->branch = p->value;
	} else if (SCAN_IS(buf, end, p->name, "rport")) {
		out->has_rport = true;
		if (p->has_value)
			TRY(sip_number_parse(buf, n, p->value, 65535, &number));
	} else if (SCAN_IS(buf, end, p->name, "maddr")) {
		REQUIRE(p->has_value && scan_host(buf, end, p->value.from) == p->value.to, E_SYNTAX);
		out->maddr = p->value;
	} else if (SCAN_IS(buf, end, p->name, "ttl")) {
		REQUIRE(p->has_value, E_SYNTAX);
		TRY(sip_number_parse(buf, n, p->value, VIA_TTL_MAX, &number));
	}
	return OK;
}

static result via_params(const uint8_t *buf, uint32_t n, uint32_t end, uint32_t at, struct sip_via *out)
{
	struct param_set set = param_set_begin(at + 1, ';');

	if (at < end)
		out->params = (struct span){at + 1, end};
	while (at < end) {
		struct sip_param p;
		uint32_t from = scan_lws(buf, end, at + 1);
		uint32_t to = scan_class(buf, end, from, OCT_TOKEN);
		if (octet_at(buf, end, at) == ';' && SCAN_IS(buf, end, ((struct span){from, to}), "received")) {
			p.name = (struct span){from, to};
			at = to;
			TRY(via_received(buf, end, &at, out));
		} else {
			TRY(scan_param(buf, end, &at, &p));
			TRY(via_param_take(buf, n, end, &p, out));
		}
		TRY(param_set_add(buf, end, &set, p.name));
	}
	return OK;
}

result sip_via_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_via *out)
{
	*out = (struct sip_via){.whole = s, .transport = VIA_TRANSPORT_OTHER};
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	uint32_t i = s.from;
	TRY(via_protocol(buf, s.to, &i, out));
	TRY(via_sent_by(buf, s.to, &i, out));
	return via_params(buf, n, s.to, i, out);
}
