// SPDX-License-Identifier: Apache-2.0
// The walk over the tree by the rows of options. It knows types, not options.
//
// Nothing stops at the first error: each value is read for itself, so that one run of `sallyport check`
// shows all that is wrong.
#include "conf/option.h"

#include <stdarg.h>

enum {
	KEY_MAX = 32,      // [octets] longer than any key that a typing error could mean
	TYPING_ERRORS = 2, // edits within which a key is offered as "did you mean"
};

void conf_say_at(struct conf_load *c, enum conf_severity severity, const struct conf_node *node,
	const char *format, ...)
{
	char text[CONF_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	conf_say(&c->messages, severity, node != NULL ? node->line : 0, node != NULL ? node->column : 0, "%s",
		text);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

// Levenshtein distance of two short words; KEY_MAX when one is too long to be compared.
static uint32_t typing_errors(const char *a, const char *b)
{
	uint32_t row[KEY_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > KEY_MAX || lb > KEY_MAX)
		return KEY_MAX;
	for (uint32_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 0; i < la; i++) {
		uint32_t corner = row[0];
		row[0] = (uint32_t)i + 1;
		for (size_t j = 0; j < lb; j++) {
			uint32_t replaced = corner + (a[i] != b[j]);
			corner = row[j + 1];
			row[j + 1] = least(replaced, least(row[j], corner) + 1);
		}
	}
	return row[lb];
}

static const char *nearest_key(const struct conf_section *s, const char *key)
{
	uint32_t best = TYPING_ERRORS + 1;
	const char *found = NULL;

	for (uint32_t i = 0; i < s->count; i++) {
		uint32_t n = typing_errors(key, s->option[i].key);
		if (n < best && n < strlen(key)) {
			best = n;
			found = s->option[i].key;
		}
	}
	return found;
}

static void say_unknown(struct conf_load *c, const struct conf_section *s, const struct conf_node *key)
{
	const char *near = nearest_key(s, key->text);
	char all[CONF_TEXT_MAX / 2] = "";
	size_t used = 0;

	if (near != NULL) {
		conf_error(c, key, "unknown key \"%.40s\"; did you mean \"%s\"?", key->text, near);
		return;
	}
	for (uint32_t i = 0; i < s->count && used < sizeof(all); i++)
		used += (size_t)snprintf(
			all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "", s->option[i].key);
	conf_error(c, key, "unknown key \"%.40s\"; known here: %s", key->text, all);
}

static void find_unknown(struct conf_load *c, const struct conf_section *s, const struct conf_node *map)
{
	for (const struct conf_node *n = map->first; n != NULL; n = n->next) {
		bool known = false;
		for (uint32_t i = 0; i < s->count && !known; i++)
			known = strcmp(s->option[i].key, n->key->text) == 0;
		if (!known)
			say_unknown(c, s, n->key);
	}
}

static void say_form(struct conf_load *c, const struct conf_option *o, const struct conf_node *n)
{
	conf_error(c, n, "%s: \"%.60s\" does not fit; write %s", o->key, n->text, o->form);
}

static bool parse_decimal(const char *text, uint64_t *out)
{
	uint64_t v = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 12 || strspn(text, "0123456789") != n)
		return false;
	for (; *text != '\0'; text++)
		v = v * 10 + (uint64_t)(*text - '0');
	*out = v;
	return true;
}

static void store(void *field, uint32_t size, uint32_t value)
{
	uint8_t v8 = (uint8_t)value;
	uint16_t v16 = (uint16_t)value;

	if (size == sizeof(v8))
		memcpy(field, &v8, sizeof(v8));
	else if (size == sizeof(v16))
		memcpy(field, &v16, sizeof(v16));
	else
		memcpy(field, &value, sizeof(value));
}

static void set_number(
	struct conf_load *c, const struct conf_option *o, void *field, const struct conf_node *n)
{
	uint64_t v;

	if (!parse_decimal(n->text, &v) || v < o->min || v > o->max) {
		conf_error(c, n, "%s: \"%.40s\" is not a number from %u to %u; write one, unit %s", o->key,
			n->text, o->min, o->max, o->unit != NULL ? o->unit : "none");
		return;
	}
	store(field, o->size, (uint32_t)v);
}

static void set_bool(struct conf_load *c, const struct conf_option *o, void *field, const struct conf_node *n)
{
	static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}};

	for (uint32_t i = 0; i < ARRAY_LEN(words); i++) {
		for (uint32_t v = 0; v < 2; v++) {
			if (strcmp(n->text, words[i][v]) == 0) {
				store(field, o->size, v);
				return;
			}
		}
	}
	conf_error(c, n, "%s: \"%.40s\" is neither yes nor no; write one of them", o->key, n->text);
}

static void set_choice(
	struct conf_load *c, const struct conf_option *o, void *field, const struct conf_node *n)
{
	char all[CONF_TEXT_MAX / 2] = "";
	size_t used = 0;

	for (uint32_t i = 0; o->choices[i] != NULL; i++) {
		if (strcmp(n->text, o->choices[i]) == 0) {
			store(field, o->size, i);
			return;
		}
		if (used < sizeof(all))
			used += (size_t)snprintf(
				all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "", o->choices[i]);
	}
	conf_error(c, n, "%s: \"%.40s\" is not known; choose one of: %s", o->key, n->text, all);
}

static void set_text(struct conf_load *c, const struct conf_option *o, void *field, const struct conf_node *n)
{
	if (n->text_len < o->min || n->text_len > o->max || n->text_len >= o->size) {
		conf_error(c, n, "%s: %u octets long; write %u to %u octets", o->key, n->text_len, o->min,
			o->max);
		return;
	}
	memset(field, 0, o->size);
	memcpy(field, n->text, n->text_len);
}

static void set_scalar(
	struct conf_load *c, const struct conf_option *o, void *target, const struct conf_node *n)
{
	void *field = (uint8_t *)target + o->offset;

	if (n->kind != TREE_SCALAR) {
		conf_error(c, n, "%s: a single value is expected; write %s", o->key, o->form);
		return;
	}
	switch (o->type) {
	case CONF_NUMBER:
		set_number(c, o, field, n);
		break;
	case CONF_BOOL:
		set_bool(c, o, field, n);
		break;
	case CONF_CHOICE:
		set_choice(c, o, field, n);
		break;
	case CONF_TEXT:
		set_text(c, o, field, n);
		break;
	default:
		if (!o->set(c, target, n))
			say_form(c, o, n);
		break;
	}
}

static bool count_fits(struct conf_load *c, const struct conf_option *o, const struct conf_node *n)
{
	if (n->count >= o->min && n->count <= o->max)
		return true;
	conf_error(c, n, "%s: %u items; write %u to %u", o->key, n->count, o->min, o->max);
	return false;
}

static void set_list(
	struct conf_load *c, const struct conf_option *o, void *target, const struct conf_node *n)
{
	if (n->kind == TREE_SCALAR) {
		set_scalar(c, o, target, n);
		return;
	}
	if (n->kind != TREE_LIST) {
		conf_error(c, n, "%s: a list is expected; write [%s]", o->key, o->form);
		return;
	}
	if (!count_fits(c, o, n))
		return;
	for (const struct conf_node *item = n->first; item != NULL; item = item->next)
		set_scalar(c, o, target, item);
}

static void set_maps(
	struct conf_load *c, const struct conf_option *o, void *target, const struct conf_node *n)
{
	if (n->kind != TREE_LIST) {
		conf_error(c, n, "%s: a list is expected; begin each item with \"- \"", o->key);
		return;
	}
	if (!count_fits(c, o, n))
		return;
	for (const struct conf_node *item = n->first; item != NULL; item = item->next) {
		void *into = o->item(c, target, item);
		if (into != NULL)
			conf_parse_section(c, o->section, into, item);
	}
}

// A default is read by the same code as a written value; a list's items stand apart by commas.
static void set_initial(struct conf_load *c, const struct conf_option *o, void *target)
{
	const char *from = o->initial;
	char item[KEY_MAX * 2];

	while (from != NULL && *from != '\0') {
		size_t len = o->type == CONF_LIST ? strcspn(from, ",") : strlen(from);
		struct conf_node n = {.kind = TREE_SCALAR, .text = item};
		if (len >= sizeof(item))
			return;
		memcpy(item, from, len);
		item[len] = '\0';
		n.text_len = (uint32_t)len;
		set_scalar(c, o, target, &n);
		from += len;
		from += strspn(from, ", ");
	}
}

static void set_absent(
	struct conf_load *c, const struct conf_option *o, void *target, const struct conf_node *section)
{
	if (o->required && section != NULL)
		conf_error(c, section, "%s is missing; add \"%s: %s\"", o->key, o->key, o->form);
	else if (o->type == CONF_MAP)
		conf_parse_section(c, o->section, target, NULL);
	else
		set_initial(c, o, target);
}

static void set_option(
	struct conf_load *c, const struct conf_option *o, void *target, const struct conf_node *n)
{
	if (o->type == CONF_MAP)
		conf_parse_section(c, o->section, target, n);
	else if (o->type == CONF_MAPS)
		set_maps(c, o, target, n);
	else if (o->type == CONF_LIST)
		set_list(c, o, target, n);
	else
		set_scalar(c, o, target, n);
}

void conf_parse_section(
	struct conf_load *c, const struct conf_section *section, void *target, const struct conf_node *node)
{
	if (node != NULL && node->kind != TREE_MAP) {
		conf_error(c, node, "a mapping is expected here; write {key: value, ...}");
		return;
	}
	if (node != NULL)
		find_unknown(c, section, node);
	for (uint32_t i = 0; i < section->count; i++) {
		const struct conf_option *o = &section->option[i];
		const struct conf_node *n = conf_tree_find(node, o->key);
		if (n != NULL)
			set_option(c, o, target, n);
		else
			set_absent(c, o, target, node);
	}
}
