// SPDX-License-Identifier: Apache-2.0
// Rows: one table says of each kind which columns it has, where they stand in the struct, what they may hold, which are the
// key and which must be there. Setters, getters, comparison, import, export and the database all go by this table (RFC 7877).
#include "registry/row.h"

#include "registry/row_value.h"

#include <stddef.h>
#include <stdio.h>

enum { QUOTED_MAX = 48 }; // octets of a refused value that its fault repeats

enum column_type { NAME, TEXT, NUMBER, FLAG, U16, COST, HOURS, DOMAIN, TRANSPORT, ADDRESS };

struct column {
	uint16_t offset; // in struct row
	uint16_t size;   // of the field, with its NUL
	uint8_t type;    // enum column_type
	bool required;
};

struct kind {
	const char *name;
	uint32_t keys, count;
	const char *columns[ROW_COLUMNS_MAX + 1];
	struct column column[ROW_COLUMNS_MAX];
};

#define COLUMN(field, type, required)                                                                        \
	{                                                                                                    \
		offsetof(struct row, u.field), sizeof(((struct row *)0)->u.field), type, required            \
	}

// Two routes of a group may have the same peer at different hours: hours are part of their key.
static const struct kind kinds[ROW_KINDS] = {
	[ROW_PEER] = {"peer", 1, 2, {"name", "organization", NULL},
		{COLUMN(peer.name, NAME, true), COLUMN(peer.organization, TEXT, false)}},
	[ROW_GROUP] = {"group", 1, 2, {"name", "cost_ceiling", NULL},
		{COLUMN(group.name, NAME, true), COLUMN(group.cost_ceiling, COST, false)}},
	[ROW_ROUTE] = {"route", 3, 6, {"group", "peer", "hours", "priority", "weight", "cost", NULL},
		{COLUMN(route.group, NAME, true), COLUMN(route.peer, NAME, true), COLUMN(route.hours, HOURS, false),
			COLUMN(route.priority, U16, false), COLUMN(route.weight, U16, false),
			COLUMN(route.cost, COST, false)}},
	[ROW_RANGE] = {"range", 2, 5, {"prefix", "exact", "owner", "to", "rn", NULL},
		{COLUMN(range.prefix, NUMBER, true), COLUMN(range.exact, FLAG, false), COLUMN(range.owner, NAME, true),
			COLUMN(range.to, NAME, true), COLUMN(range.rn, NUMBER, false)}},
	[ROW_DOMAIN] = {"domain", 1, 3, {"domain", "owner", "to", NULL},
		{COLUMN(domain.domain, DOMAIN, true), COLUMN(domain.owner, NAME, true), COLUMN(domain.to, NAME, true)}},
	[ROW_SED] = {"sed", 3, 5, {"peer", "transport", "address", "priority", "weight", NULL},
		{COLUMN(sed.peer, NAME, true), COLUMN(sed.transport, TRANSPORT, true), COLUMN(sed.address, ADDRESS, true),
			COLUMN(sed.priority, U16, false), COLUMN(sed.weight, U16, false)}},
};

static const char *const transports[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "dtls"};

static const struct kind *kind_of(uint32_t kind)
{
	return kind < ROW_KINDS ? &kinds[kind] : &kinds[0]; // kinds[0] has no columns
}

const char *const *row_columns(enum row_kind kind, uint32_t *keys)
{
	*keys = kind_of(kind)->keys;
	return kind_of(kind)->columns;
}

const char *row_kind_name(enum row_kind kind)
{
	const char *name = kind_of(kind)->name;

	return name == NULL ? "?" : name;
}

enum row_kind row_kind_of(struct bytes name)
{
	for (uint32_t k = 1; k < ROW_KINDS; k++) {
		if (bytes_equal(name, bytes_of_string(kinds[k].name)))
			return (enum row_kind)k;
	}
	return ROW_KINDS;
}

bool row_column_is_number(enum row_kind kind, uint32_t i)
{
	const struct kind *k = kind_of(kind);

	return i < k->count && (k->column[i].type == FLAG || k->column[i].type == U16 || k->column[i].type == COST);
}

// COLUMN: "VALUE" WHAT. What a stranger wrote is shown in printable ASCII only.
static void fault_write(struct row_fault *fault, const char *column, struct bytes value, const char *what)
{
	char quoted[QUOTED_MAX + 1];
	size_t n = value.len < QUOTED_MAX ? value.len : QUOTED_MAX;

	for (size_t i = 0; i < n; i++)
		quoted[i] = value.at[i] >= 0x20 && value.at[i] < 0x7f ? (char)value.at[i] : '?';
	quoted[n] = '\0';
	snprintf(fault->text, sizeof(fault->text), "%s: \"%s%s\" %s", column, quoted, n < value.len ? "..." : "", what);
}

static const char *text_set(void *field, const struct column *c, struct bytes value, const char *fault)
{
	if (fault != NULL && (c->required || value.len > 0))
		return fault;
	memset(field, 0, c->size);
	if (value.len > 0)
		memcpy(field, value.at, value.len);
	return NULL;
}

static const char *flag_set(uint8_t *field, struct bytes value)
{
	bool yes = bytes_equal(value, BYTES("1")) || bytes_equal(value, BYTES("yes"));

	if (!yes && value.len > 0 && !bytes_equal(value, BYTES("0")) && !bytes_equal(value, BYTES("no")))
		return "is neither; write 1 or yes, 0 or no";
	*field = yes;
	return NULL;
}

static const char *decimal_set(void *field, const struct column *c, struct bytes value)
{
	uint32_t number;
	const char *fault = row_value_decimal(value, c->type == U16 ? UINT16_MAX : ROW_COST_MAX, &number);

	if (fault != NULL)
		return fault;
	if (c->type == U16)
		*(uint16_t *)field = (uint16_t)number;
	else
		*(uint32_t *)field = number;
	return NULL;
}

static const char *transport_set(uint8_t *field, struct bytes value)
{
	for (uint8_t t = 0; t < TRANSPORT_COUNT; t++) {
		if (bytes_equal(value, bytes_of_string(transports[t]))) {
			*field = t;
			return NULL;
		}
	}
	return "is no transport; write tls, tcp, udp or dtls";
}

static const char *address_set(struct address *field, struct bytes value)
{
	struct address a;
	const char *fault = row_value_address(value, &a);

	if (fault == NULL)
		*field = a;
	return fault;
}

static const char *column_set(void *field, const struct column *c, struct bytes value)
{
	switch ((enum column_type)c->type) {
	case NAME:
		return text_set(field, c, value, row_value_name(value));
	case TEXT:
		return text_set(field, c, value, row_value_text(value));
	case NUMBER:
		return text_set(field, c, value, row_value_number(value));
	case HOURS:
		return text_set(field, c, value, row_value_hours(value));
	case DOMAIN:
		return text_set(field, c, value, row_value_domain(value));
	case FLAG:
		return flag_set(field, value);
	case U16:
	case COST:
		return decimal_set(field, c, value);
	case TRANSPORT:
		return transport_set(field, value);
	case ADDRESS:
		return address_set(field, value);
	}
	return "is of no known type";
}

static bool is_text(const struct column *c)
{
	return c->type == NAME || c->type == TEXT || c->type == NUMBER || c->type == HOURS || c->type == DOMAIN;
}

result row_set_at(struct row *row, uint32_t i, struct bytes value, struct row_fault *fault)
{
	const struct kind *k = kind_of(row->kind);

	if (i >= k->count) {
		snprintf(fault->text, sizeof(fault->text), "%s has no column %u; see the manual for those there are",
			row_kind_name(row->kind), i);
		return FAIL(E_UNSUPPORTED);
	}
	const struct column *c = &k->column[i];
	if (value.len >= (is_text(c) ? c->size : ADDRESS_TEXT_MAX)) {
		fault_write(fault, k->columns[i], value, "is too long; shorten it");
		return FAIL(E_TOO_LONG);
	}
	const char *what = column_set((uint8_t *)row + c->offset, c, value);
	if (what != NULL) {
		fault_write(fault, k->columns[i], value, what);
		return FAIL(E_SYNTAX);
	}
	return OK;
}

result row_set(struct row *row, struct bytes column, struct bytes value, struct row_fault *fault)
{
	const struct kind *k = kind_of(row->kind);

	for (uint32_t i = 0; i < k->count; i++) {
		if (bytes_equal(column, bytes_of_string(k->columns[i])))
			return row_set_at(row, i, value, fault);
	}
	fault_write(fault, row_kind_name(row->kind), column, "is no column of it; see the manual for those there are");
	return FAIL(E_UNSUPPORTED);
}

static void row_address_text(const struct address *a, char *out)
{
	out[0] = '\0';
	if (a->family != 0)
		address_text(a, out);
}

void row_get(const struct row *row, uint32_t i, char *out)
{
	const struct kind *k = kind_of(row->kind);

	out[0] = '\0';
	if (i >= k->count)
		return;
	const struct column *c = &k->column[i];
	const void *field = (const uint8_t *)row + c->offset;
	if (is_text(c)) {
		size_t n = strnlen(field, c->size - 1u);
		memcpy(out, field, n);
		out[n] = '\0';
	} else if (c->type == ADDRESS) {
		row_address_text(field, out);
	} else if (c->type == TRANSPORT) {
		uint8_t t = *(const uint8_t *)field;
		snprintf(out, ROW_TEXT_MAX, "%s", t < TRANSPORT_COUNT ? transports[t] : "");
	} else {
		uint32_t n = c->type == FLAG ? *(const uint8_t *)field :
			     c->type == U16 ? *(const uint16_t *)field : *(const uint32_t *)field;
		snprintf(out, ROW_TEXT_MAX, "%u", n);
	}
}

// What is wrong with a field that may not have come through row_set(), or NULL.
static const char *field_fault(const void *field, const struct column *c)
{
	uint8_t scratch[ROW_TEXT_MAX];
	struct address a;

	switch ((enum column_type)c->type) {
	case FLAG:
		return *(const uint8_t *)field <= 1 ? NULL : "is neither 0 nor 1; set it by row_set";
	case TRANSPORT:
		return *(const uint8_t *)field < TRANSPORT_COUNT ? NULL : "is no transport; set it by row_set";
	case COST:
		return *(const uint32_t *)field <= ROW_COST_MAX ? NULL : "is out of range; write a smaller number";
	case U16:
		return NULL;
	case ADDRESS:
		row_address_text(field, (char *)scratch);
		return row_value_address(bytes_of_string((char *)scratch), &a);
	default:
		break;
	}
	size_t n = strnlen(field, c->size);
	return n == c->size ? "has no end; set it by row_set" : column_set(scratch, c, bytes_make(field, n));
}

result row_check(const struct row *row, struct row_fault *fault)
{
	const struct kind *k = kind_of(row->kind);
	char text[ROW_TEXT_MAX];

	if (k->count == 0) {
		snprintf(fault->text, sizeof(fault->text), "a row of no kind; write peer, group, route, range, domain or sed");
		return FAIL(E_MISSING);
	}
	for (uint32_t i = 0; i < k->count; i++) {
		const struct column *c = &k->column[i];
		const uint8_t *field = (const uint8_t *)row + c->offset;
		if (c->required && (c->type == ADDRESS ? ((const struct address *)(const void *)field)->family == 0 :
						is_text(c) && field[0] == '\0')) {
			snprintf(fault->text, sizeof(fault->text), "%s: is missing; every %s needs one", k->columns[i], k->name);
			return FAIL(E_MISSING);
		}
		const char *what = field_fault(field, c);
		if (what != NULL) {
			row_get(row, i, text);
			fault_write(fault, k->columns[i], bytes_of_string(text), what);
			return FAIL(E_SYNTAX);
		}
	}
	return OK;
}

static bool columns_equal(const struct row *a, const struct row *b, uint32_t from, uint32_t to)
{
	char x[ROW_TEXT_MAX], y[ROW_TEXT_MAX];

	for (uint32_t i = from; i < to; i++) {
		row_get(a, i, x);
		row_get(b, i, y);
		if (strcmp(x, y) != 0)
			return false;
	}
	return true;
}

bool row_equal(const struct row *a, const struct row *b)
{
	return a->kind == b->kind && columns_equal(a, b, 0, kind_of(a->kind)->count);
}

bool row_same_key(const struct row *a, const struct row *b)
{
	return a->kind == b->kind && columns_equal(a, b, 0, kind_of(a->kind)->keys);
}
