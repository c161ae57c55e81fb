// SPDX-License-Identifier: Apache-2.0
// The reference of all options, from the rows that the parser uses: what is printed is what holds.
#include "conf/option.h"

struct printer {
	FILE *to;
	enum conf_manual form;
};

static const char *type_word(const struct conf_option *o)
{
	switch (o->type) {
	case CONF_LIST:
		return "list of: ";
	case CONF_MAPS:
		return "list of sections: ";
	case CONF_MAP:
		return "section: ";
	default:
		return "";
	}
}

static void bounds_text(const struct conf_option *o, char out[64])
{
	out[0] = '\0';
	if (o->type == CONF_NUMBER)
		snprintf(out, 64, "%u to %u%s%s", o->min, o->max, o->unit != NULL ? " " : "",
			o->unit != NULL ? o->unit : "");
	else if (o->type == CONF_LIST || o->type == CONF_MAPS)
		snprintf(out, 64, "%u to %u items", o->min, o->max);
	else if (o->type == CONF_TEXT)
		snprintf(out, 64, "%u to %u octets", o->min, o->max);
}

static const char *default_text(const struct conf_option *o)
{
	if (o->required)
		return "required";
	if (strstr(o->manual, "Default:") != NULL)
		return "see there";
	return o->initial != NULL ? o->initial : "none";
}

// Sections have none of their own: their options have.
static const char *scope_text(const struct conf_option *o)
{
	if (o->type == CONF_MAP)
		return "";
	return o->scope == CONF_START ? "start" : "reload";
}

// "|" would end a table cell.
static void put_cell(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', to);
		fputc(*text, to);
	}
	fputs(" | ", to);
}

static void markdown_row(FILE *to, const struct conf_option *o)
{
	char bounds[64], value[CONF_TEXT_MAX * 2];

	bounds_text(o, bounds);
	snprintf(value, sizeof(value), "%s%s", type_word(o), o->form);
	fprintf(to, "| `%s` | ", o->key);
	put_cell(to, value);
	put_cell(to, bounds);
	put_cell(to, o->type == CONF_MAP ? "" : default_text(o));
	put_cell(to, scope_text(o));
	fprintf(to, "%s |\n", o->manual);
}

// scdoc reads "_", "*", "\" as marks: they are escaped.
static void scdoc_text(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("_*\\<>#", *text) != NULL)
			fputc('\\', to);
		fputc(*text, to);
	}
}

static void scdoc_row(FILE *to, const struct conf_option *o)
{
	char bounds[64];

	bounds_text(o, bounds);
	fputs("*", to);
	scdoc_text(to, o->key);
	fputs("*: ", to);
	scdoc_text(to, type_word(o));
	scdoc_text(to, o->form);
	fputs("\n\t", to);
	scdoc_text(to, o->manual);
	if (bounds[0] != '\0')
		fprintf(to, " Bounds: %s.", bounds);
	if (o->type != CONF_MAP && strstr(o->manual, "Default:") == NULL) {
		fputs(o->required ? " Required." : " Default: ", to);
		if (!o->required) {
			scdoc_text(to, default_text(o));
			fputs(".", to);
		}
	}
	if (o->type != CONF_MAP)
		fprintf(to, " Takes effect at %s.", scope_text(o));
	fputs("\n\n", to);
}

static void print_section(const struct printer *p, const struct conf_section *s, const char *path)
{
	char below[96];

	if (p->form == CONF_MANUAL_MARKDOWN)
		fprintf(p->to,
			"\n## %s\n\n| key | value | bounds | default | takes effect at | what it does |\n"
			"|---|---|---|---|---|---|\n",
			path);
	else
		fprintf(p->to, "# %s\n\n", path);
	for (uint32_t i = 0; i < s->count; i++) {
		if (p->form == CONF_MANUAL_MARKDOWN)
			markdown_row(p->to, &s->option[i]);
		else
			scdoc_row(p->to, &s->option[i]);
	}
	for (uint32_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->option[i];
		if (o->section == NULL)
			continue;
		snprintf(below, sizeof(below), "%s%s%s", s == &conf_root_section ? "" : path,
			s == &conf_root_section ? "" : ".", o->key);
		print_section(p, o->section, below);
	}
}

void conf_options_print(FILE *to, enum conf_manual form)
{
	struct printer p = {to, form};

	if (form == CONF_MANUAL_MARKDOWN)
		fputs("# Options of the configuration file\n\nMade from the option rows of `src/conf`; do "
		      "not edit.\n"
		      "`sallyport check FILE` prints every error with line, column and the mend.\n",
			to);
	else
		fputs("sallyport.yaml(5)\n\n# NAME\n\nsallyport.yaml - configuration of the Sallyport border "
		      "element\n\n"
		      "# DESCRIPTION\n\nYAML without anchors, aliases and tags. _sallyport check FILE_ "
		      "prints every error with "
		      "line, column and the mend.\n\n",
			to);
	print_section(&p, &conf_root_section, form == CONF_MANUAL_MARKDOWN ? "The whole file" : "OPTIONS");
}
