// SPDX-License-Identifier: Apache-2.0
// One row per header field: name, compact form, shape, treatment towards a peering and towards the core zone,
// what is done when it is missing, may its value be empty, and the grammar of one value.
//
// Towards a peering everything that shows topology, software or subscribers is ours or stripped (LRF-C2, SF-C3),
// and what RFC 3325 and its kin call trusted goes only where the peer is trusted. Unknown headers are stripped
// there (SF-I11): the strict policy is an allow-list.
#include "wire/sip/header.h"
#include "wire/sip/check.h"

#define ROW(ID, NAME, COMPACT, SHAPE, PEERING, CORE, MISSING, EMPTY, CHECK)                                   \
	[SIP_HDR_##ID] = {                                                                                    \
		.id = SIP_HDR_##ID, .name = NAME, .compact = COMPACT, .shape = SIP_SHAPE_##SHAPE,             \
		.to_peering = SIP_TREAT_##PEERING, .to_core = SIP_TREAT_##CORE, .if_missing = SIP_MISSING_##MISSING, \
		.name_len = sizeof(NAME) - 1, .may_be_empty = EMPTY, .check = CHECK, .bad = "Bad " NAME,      \
		.missing = "Missing " NAME, .twice = "Duplicate " NAME, .many = "Too Many " NAME " Values",   \
	}

// clang-format off
const struct sip_hdr_desc sip_hdr_rows[SIP_HDR_COUNT] = {
	[SIP_HDR_OTHER] = {
		.id = SIP_HDR_OTHER, .name = "", .shape = SIP_SHAPE_MULTI, .to_peering = SIP_TREAT_STRIP,
		.to_core = SIP_TREAT_PASS, .may_be_empty = 1, .bad = "Bad Header Field", .missing = "Missing Header Field",
		.twice = "Duplicate Header Field", .many = "Too Many Header Fields",
	},
	ROW(ACCEPT, "Accept", 0, LIST, PASS, PASS, FINE, 1, check_media),
	ROW(ACCEPT_CONTACT, "Accept-Contact", 'a', LIST, STRIP, PASS, FINE, 0, check_token_params),
	ROW(ACCEPT_ENCODING, "Accept-Encoding", 0, LIST, STRIP, STRIP, FINE, 1, check_token_params),
	ROW(ACCEPT_LANGUAGE, "Accept-Language", 0, LIST, PASS, PASS, FINE, 1, check_token_params),
	ROW(ALERT_INFO, "Alert-Info", 0, LIST, STRIP, STRIP, FINE, 0, check_info),
	ROW(ALLOW, "Allow", 0, LIST, OWN, OWN, FINE, 1, check_token),
	ROW(ALLOW_EVENTS, "Allow-Events", 'u', LIST, STRIP, STRIP, FINE, 0, check_token),
	ROW(ATTESTATION_INFO, "Attestation-Info", 0, SINGLE, STRIP, TRUST, FINE, 0, check_token),
	ROW(AUTHENTICATION_INFO, "Authentication-Info", 0, SINGLE, STRIP, STRIP, FINE, 0, check_auth_params),
	ROW(AUTHORIZATION, "Authorization", 0, MULTI, STRIP, STRIP, FINE, 0, check_auth),
	ROW(CALL_ID, "Call-ID", 'i', SINGLE, OWN, OWN, REFUSE, 0, check_call_id),
	ROW(CALL_INFO, "Call-Info", 0, LIST, STRIP, STRIP, FINE, 0, check_info),
	ROW(CONTACT, "Contact", 'm', LIST, OWN, OWN, FINE, 0, check_contact),
	ROW(CONTENT_DISPOSITION, "Content-Disposition", 0, SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(CONTENT_ENCODING, "Content-Encoding", 'e', LIST, PASS, PASS, FINE, 0, check_token),
	ROW(CONTENT_ID, "Content-ID", 0, SINGLE, STRIP, PASS, FINE, 0, check_content_id),
	ROW(CONTENT_LANGUAGE, "Content-Language", 0, LIST, PASS, PASS, FINE, 0, check_token),
	ROW(CONTENT_LENGTH, "Content-Length", 'l', SINGLE, OWN, OWN, SUPPLY, 0, check_number),
	ROW(CONTENT_TYPE, "Content-Type", 'c', SINGLE, OWN, OWN, FINE, 0, check_media),
	ROW(CSEQ, "CSeq", 0, SINGLE, OWN, OWN, REFUSE, 0, check_cseq),
	ROW(DATE, "Date", 0, SINGLE, TRUST, PASS, FINE, 0, check_date),
	ROW(DIVERSION, "Diversion", 0, LIST, TRUST, PASS, FINE, 0, check_name_addr),
	ROW(ERROR_INFO, "Error-Info", 0, LIST, STRIP, STRIP, FINE, 0, check_info),
	ROW(EVENT, "Event", 'o', SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(EXPIRES, "Expires", 0, SINGLE, PASS, PASS, FINE, 0, check_number),
	ROW(FROM, "From", 'f', SINGLE, OWN, OWN, REFUSE, 0, check_addr),
	ROW(GEOLOCATION, "Geolocation", 0, LIST, TRUST, PASS, FINE, 0, check_info),
	ROW(GEOLOCATION_ROUTING, "Geolocation-Routing", 0, SINGLE, TRUST, PASS, FINE, 0, check_token_params),
	ROW(HISTORY_INFO, "History-Info", 0, LIST, TRUST, PASS, FINE, 0, check_name_addr),
	ROW(IDENTITY, "Identity", 'y', MULTI, PASS, PASS, FINE, 0, check_identity),
	ROW(INFO_PACKAGE, "Info-Package", 0, SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(IN_REPLY_TO, "In-Reply-To", 0, LIST, STRIP, STRIP, FINE, 0, check_call_id),
	ROW(MAX_BREADTH, "Max-Breadth", 0, SINGLE, PASS, PASS, FINE, 0, check_number),
	ROW(MAX_FORWARDS, "Max-Forwards", 0, SINGLE, OWN, OWN, SUPPLY, 0, check_number),
	ROW(MIME_VERSION, "MIME-Version", 0, SINGLE, PASS, PASS, FINE, 0, check_mime_version),
	ROW(MIN_EXPIRES, "Min-Expires", 0, SINGLE, PASS, PASS, FINE, 0, check_number),
	ROW(MIN_SE, "Min-SE", 0, SINGLE, NEGOTIATE, NEGOTIATE, FINE, 0, check_delta),
	ROW(ORGANIZATION, "Organization", 0, SINGLE, STRIP, STRIP, FINE, 1, NULL),
	ROW(ORIGINATION_ID, "Origination-Id", 0, SINGLE, STRIP, TRUST, FINE, 0, check_token),
	ROW(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0, LIST, TRUST, TRUST, FINE, 0, check_token_params),
	ROW(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, LIST, TRUST, TRUST, FINE, 0, check_identity_addr),
	ROW(P_CHARGING_VECTOR, "P-Charging-Vector", 0, SINGLE, TRUST, TRUST, FINE, 0, check_charging),
	ROW(P_EARLY_MEDIA, "P-Early-Media", 0, LIST, TRUST, PASS, FINE, 0, check_token),
	ROW(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, LIST, STRIP, STRIP, FINE, 0, check_identity_addr),
	ROW(PATH, "Path", 0, LIST, STRIP, STRIP, FINE, 0, check_name_addr),
	ROW(PRIORITY, "Priority", 0, SINGLE, PASS, PASS, FINE, 0, check_token),
	ROW(PRIVACY, "Privacy", 0, SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, MULTI, STRIP, STRIP, FINE, 0, check_auth),
	ROW(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, MULTI, STRIP, STRIP, FINE, 0, check_auth),
	ROW(PROXY_REQUIRE, "Proxy-Require", 0, LIST, NEGOTIATE, NEGOTIATE, FINE, 0, check_token),
	ROW(RACK, "RAck", 0, SINGLE, OWN, OWN, FINE, 0, check_rack),
	ROW(REASON, "Reason", 0, LIST, PASS, PASS, FINE, 0, check_token_params),
	ROW(RECORD_ROUTE, "Record-Route", 0, LIST, OWN, OWN, FINE, 0, check_name_addr),
	ROW(RECV_INFO, "Recv-Info", 0, LIST, PASS, PASS, FINE, 1, check_token_params),
	ROW(REFER_SUB, "Refer-Sub", 0, SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(REFER_TO, "Refer-To", 'r', SINGLE, OWN, OWN, FINE, 0, check_addr),
	ROW(REFERRED_BY, "Referred-By", 'b', SINGLE, STRIP, PASS, FINE, 0, check_addr),
	ROW(REJECT_CONTACT, "Reject-Contact", 'j', LIST, STRIP, PASS, FINE, 0, check_token_params),
	ROW(REPLACES, "Replaces", 0, SINGLE, OWN, OWN, FINE, 0, check_replaces),
	ROW(REPLY_TO, "Reply-To", 0, SINGLE, STRIP, STRIP, FINE, 0, check_addr),
	ROW(REQUEST_DISPOSITION, "Request-Disposition", 'd', LIST, STRIP, PASS, FINE, 0, check_token),
	ROW(REQUIRE, "Require", 0, LIST, NEGOTIATE, NEGOTIATE, FINE, 0, check_token),
	ROW(RESOURCE_PRIORITY, "Resource-Priority", 0, LIST, TRUST, TRUST, FINE, 0, check_token),
	ROW(RETRY_AFTER, "Retry-After", 0, SINGLE, PASS, PASS, FINE, 0, check_delta),
	ROW(ROUTE, "Route", 0, LIST, OWN, OWN, FINE, 0, check_name_addr),
	ROW(RSEQ, "RSeq", 0, SINGLE, OWN, OWN, FINE, 0, check_number),
	ROW(SERVER, "Server", 0, SINGLE, STRIP, STRIP, FINE, 0, check_products),
	ROW(SERVICE_ROUTE, "Service-Route", 0, LIST, STRIP, STRIP, FINE, 0, check_name_addr),
	ROW(SESSION_EXPIRES, "Session-Expires", 'x', SINGLE, NEGOTIATE, NEGOTIATE, FINE, 0, check_delta),
	ROW(SESSION_ID, "Session-ID", 0, SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(SIP_ETAG, "SIP-ETag", 0, SINGLE, PASS, PASS, FINE, 0, check_token),
	ROW(SIP_IF_MATCH, "SIP-If-Match", 0, SINGLE, PASS, PASS, FINE, 0, check_token),
	ROW(SUBJECT, "Subject", 's', SINGLE, PASS, PASS, FINE, 1, NULL),
	ROW(SUBSCRIPTION_STATE, "Subscription-State", 0, SINGLE, PASS, PASS, FINE, 0, check_token_params),
	ROW(SUPPORTED, "Supported", 'k', LIST, NEGOTIATE, NEGOTIATE, FINE, 1, check_token),
	ROW(TIMESTAMP, "Timestamp", 0, SINGLE, OWN, OWN, FINE, 0, check_timestamp),
	ROW(TO, "To", 't', SINGLE, OWN, OWN, REFUSE, 0, check_addr),
	ROW(UNSUPPORTED, "Unsupported", 0, LIST, NEGOTIATE, NEGOTIATE, FINE, 0, check_token),
	ROW(USER_AGENT, "User-Agent", 0, SINGLE, STRIP, STRIP, FINE, 0, check_products),
	ROW(USER_TO_USER, "User-to-User", 0, LIST, PASS, PASS, FINE, 0, check_uui),
	ROW(VIA, "Via", 'v', LIST, OWN, OWN, REFUSE, 0, check_via),
	ROW(WARNING, "Warning", 0, LIST, STRIP, STRIP, FINE, 0, check_warning),
	ROW(WWW_AUTHENTICATE, "WWW-Authenticate", 0, MULTI, STRIP, STRIP, FINE, 0, check_auth),
};
// clang-format on

struct bytes sip_hdr_name(enum sip_hdr id)
{
	const struct sip_hdr_desc *d = sip_hdr_desc(id);
	return bytes_make(d->name, d->name_len);
}

bool sip_hdr_passes(enum sip_hdr id, struct sip_hdr_way way)
{
	const struct sip_hdr_desc *d = sip_hdr_desc(id);
	uint8_t treat = way.to_core ? d->to_core : d->to_peering;

	if (d->id == SIP_HDR_OTHER)
		return !way.strict;
	return treat == SIP_TREAT_PASS || (treat == SIP_TREAT_TRUST && way.trusted);
}
