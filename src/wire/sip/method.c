// SPDX-License-Identifier: Apache-2.0
// Methods by name; names are case-sensitive (RFC3261#7.1).
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

static const struct bytes method_name[SIP_METHOD_COUNT] = {
	[SIP_UNKNOWN_METHOD] = {(const uint8_t *)"", 0},
#define METHOD(id, text) [id] = {(const uint8_t *)(text), sizeof(text) - 1}
	METHOD(SIP_INVITE, "INVITE"), METHOD(SIP_ACK, "ACK"), METHOD(SIP_BYE, "BYE"),
	METHOD(SIP_CANCEL, "CANCEL"), METHOD(SIP_OPTIONS, "OPTIONS"), METHOD(SIP_REGISTER, "REGISTER"),
	METHOD(SIP_PRACK, "PRACK"), METHOD(SIP_UPDATE, "UPDATE"), METHOD(SIP_INFO, "INFO"),
	METHOD(SIP_MESSAGE, "MESSAGE"), METHOD(SIP_REFER, "REFER"), METHOD(SIP_SUBSCRIBE, "SUBSCRIBE"),
	METHOD(SIP_NOTIFY, "NOTIFY"), METHOD(SIP_PUBLISH, "PUBLISH"),
#undef METHOD
};

enum sip_method method_lookup(const uint8_t *buf, uint32_t end, struct span s)
{
	for (unsigned i = SIP_INVITE; i < SIP_METHOD_COUNT; i++) {
		struct bytes name = method_name[i];
		uint32_t k = 0;
		if (name.len != s.to - s.from)
			continue;
		while (k < name.len && octet_at(buf, end, s.from + k) == name.at[k])
			k++;
		if (k == name.len)
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
	return method_name[(unsigned)m < SIP_METHOD_COUNT ? m : SIP_UNKNOWN_METHOD];
}
