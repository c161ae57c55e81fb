// SPDX-License-Identifier: Apache-2.0
// The way through the house on one screen: cheapest refusal first.
#include "flow/gates.h"

#define ANY STEP_NO_CONTROL

static const struct step every_message[] = {
	{STEP_SOURCE, "source", gate_source, ANY, "SF-I10 SF-A1 SF-I4"},
	{STEP_SOURCE_RATE, "source-rate", gate_source_rate, CONTROL_RATES, "SF-A1"},
	{STEP_SYNTAX, "syntax", gate_syntax, ANY, "SF-I11 SF-A3"},
	{STEP_PEER, "peer", gate_peer, ANY, "SF-I10"},
	{STEP_TRANSPORT_FLOOR, "transport-floor", gate_transport_floor, CONTROL_TRANSPORT_IDENTITY, "LRF-I3 SF-C1"},
	{STEP_TRANSACTION, "transaction", gate_transaction, ANY, "SF-A5 SF-A8 SF-I1"},
};

static const struct step response[] = {
	{STEP_RESPONSE_TOKEN, "response-token", gate_response_token, ANY, "SF-I5 SF-I6 SF-I7 SF-I8"},
	{STEP_RESPONSE_SOURCE, "response-source", gate_response_source, ANY, "SF-I5 SF-I6 SF-I7 SF-I8"},
	{STEP_RESPONSE_BODY, "response-body", gate_response_body, ANY, "SF-C3 LRF-C2"},
	{STEP_RESPONSE_DELIVER, "deliver", gate_response_deliver, ANY, ""},
};

// Never identity, admission or destination: a BYE is not refused for load.
static const struct step in_dialog[] = {
	{STEP_DIALOG_TOKEN, "dialog-token", gate_dialog_token, ANY, "SF-I1"},
	{STEP_DIALOG_OWNER, "dialog-owner", gate_dialog_owner, ANY, "SF-I1"},
	{STEP_DIALOG_METHOD, "method", gate_dialog_method, ANY, "SF-I4"},
	{STEP_DIALOG_SHARE, "share", gate_share, ANY, "SF-A1 SF-A5"},
	{STEP_DIALOG_HEADERS, "headers", gate_headers, CONTROL_HEADERS, "SF-I11"},
	{STEP_DIALOG_BODY, "body", gate_body, ANY, "SF-C3 LRF-C2"},
	{STEP_DIALOG_DELIVER, "deliver", gate_dialog_deliver, ANY, ""},
};

#define BEFORE_ROUTING                                                                                       \
	{STEP_SERVICE, "in-service", gate_service, ANY, "BE-4"},                                             \
	{STEP_METHOD, "method", gate_method, ANY, "SF-I4"},                                                  \
	{STEP_RATE, "rate", gate_rate, CONTROL_RATES, "SF-A1"},                                              \
	{STEP_SHARE, "share", gate_share, ANY, "SF-A1 SF-A5"},                                               \
	{STEP_ADMISSION, "admission", gate_admission, ANY, "SF-A1 SF-A5 BE-5"},                    \
	{STEP_HEADERS, "headers", gate_headers, CONTROL_HEADERS, "SF-I11"},                                  \
	{STEP_BODY, "body", gate_body, ANY, "SF-C3 LRF-C2"},                                                 \
	{STEP_VIEW, "view", gate_view, ANY, "LUF-C2 LUF-C1"},                                                \
	{STEP_DESTINATION, "destination", gate_destination, CONTROL_NUMBERS, "SF-I12"},                      \
	{STEP_IDENTITY, "identity", gate_identity, CONTROL_NUMBERS, "SF-I3"},                                \
	{STEP_HARVEST, "harvest", gate_harvest, ANY, "LUF-C1"},                                              \
	{STEP_LOOKUP, "look-up", gate_lookup, ANY, "LUF-C1 LUF-C3 SF-I12"},                                  \
	{STEP_ROUTE, "route", gate_route, ANY, "LRF-I2 LRF-I3 LRF-A3"},                                     \
	{STEP_REDIRECT, "redirect", gate_redirect, ANY, "LUF-C2 LRF-C1"}

static const struct step invite[] = {
	BEFORE_ROUTING,
	{STEP_MEDIA_POLICY, "media-policy", gate_media_policy, ANY, "MF-C2 SF-I9"},
	{STEP_SEND, "send", gate_send, ANY, "SF-C3 LRF-C2"},
};

static const struct step standalone[] = {
	BEFORE_ROUTING,
	{STEP_SEND_STANDALONE, "send", gate_send_standalone, ANY, "SF-C3"},
};

#define LIST(title, steps) {(title), (steps), (uint32_t)ARRAY_LEN(steps)}

const struct step_list steps_every_message = LIST("every message", every_message);
const struct step_list steps_response = LIST("response", response);
const struct step_list steps_in_dialog = LIST("in-dialog request", in_dialog);
const struct step_list steps_invite = LIST("dialog-forming request", invite);
const struct step_list steps_standalone = LIST("standalone request", standalone);

const struct step *step_by_id(enum step_id id)
{
	const struct step_list *const lists[] = {&steps_every_message, &steps_response, &steps_in_dialog, &steps_invite,
		&steps_standalone};
	for (uint32_t i = 0; i < ARRAY_LEN(lists); i++)
		for (uint32_t k = 0; k < lists[i]->count; k++)
			if (lists[i]->step[k].id == id)
				return &lists[i]->step[k];
	return &every_message[0];
}
