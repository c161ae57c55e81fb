// SPDX-License-Identifier: Apache-2.0
// Methods by name; names are case-sensitive (RFC3261#7.1).
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

enum { METHOD_NAME_MAX = 12 };

static const struct method_row {
	uint8_t len;
	char name[METHOD_NAME_MAX];
} rows[SIP_METHOD_COUNT] = {
#define METHOD(id, text) [id] = {sizeof(text) - 1, text}
	METHOD(SIP_UNKNOWN_METHOD, ""), METHOD(SIP_INVITE, "INVITE"), METHOD(SIP_ACK, "ACK"), METHOD(SIP_BYE, "BYE"),
	METHOD(SIP_CANCEL, "CANCEL"), METHOD(SIP_OPTIONS, "OPTIONS"), METHOD(SIP_REGISTER, "REGISTER"),
	METHOD(SIP_PRACK, "PRACK"), METHOD(SIP_UPDATE, "UPDATE"), METHOD(SIP_INFO, "INFO"),
	METHOD(SIP_MESSAGE, "MESSAGE"), METHOD(SIP_REFER, "REFER"), METHOD(SIP_SUBSCRIBE, "SUBSCRIBE"),
	METHOD(SIP_NOTIFY, "NOTIFY"), METHOD(SIP_PUBLISH, "PUBLISH"),
#undef METHOD
};

enum sip_method method_lookup(const uint8_t *buf, uint32_t end, struct span s)
{
	for (unsigned i = SIP_INVITE; i < SIP_METHOD_COUNT; i++) {
		uint32_t k = 0, len = rows[i].len;
		if (len != s.to - s.from)
			continue;
		while (k < len && k < METHOD_NAME_MAX && octet_at(buf, end, s.from + k) == (uint8_t)rows[i].name[k])
			k++;
		if (k == len)
			return (enum sip_method)i;
	}
	return SIP_UNKNOWN_METHOD;
}

enum sip_method sip_method_of(struct bytes name)
{
	if (name.len > SIP_HEADER_LINE_MAX)
		return SIP_UNKNOWN_METHOD;
	return method_lookup(name.at, (uint32_t)name.len, (struct span){0, (uint32_t)name.len});
}

struct bytes sip_method_name(enum sip_method m)
{
	const struct method_row *row = &rows[(unsigned)m < SIP_METHOD_COUNT ? m : SIP_UNKNOWN_METHOD];
	return bytes_make(row->name, row->len);
}
