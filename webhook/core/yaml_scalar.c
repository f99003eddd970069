/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_scalar.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/word_list.h"

#define DIGITS "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"
#define OCTAL_DIGITS "01234567"

enum { NUMBER_SIZE = 128 }; /* a longer text is no number that anybody writes */

/* Booleans of YAML 1.1, in any case, as some readers take them. */
static bool is_yaml_1_1_boolean(const char *text)
{
	static const char *const WORDS[] = {"yes", "no", "on", "off", "y", "n", NULL};
	size_t i = 0;

	while (WORDS[i] != NULL && strcasecmp(WORDS[i], text) != 0)
		i++;
	return WORDS[i] != NULL;
}

static bool is_made_of(const char *text, const char *accepted)
{
	return *text != '\0' && text[strspn(text, accepted)] == '\0';
}

/* Whether the text is [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
	text += strspn(text, "+-") == 1;
	size_t whole = strspn(text, DIGITS);
	text += whole;
	size_t fraction = 0;
	if (*text == '.') {
		fraction = strspn(text + 1, DIGITS);
		text += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text != 'e' && *text != 'E')
		return *text == '\0';
	text += 1;
	text += strspn(text, "+-") == 1;
	return is_made_of(text, DIGITS);
}

static int own(json_t *value, json_t **ret_value, struct err *err)
{
	if (value == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*ret_value = value;
	return 0;
}

/* Reads digits of a base as a 64 bit integer. */
static int read_integer(const char *text, const char *digits, int base, json_t **ret_value,
			struct err *err)
{
	errno = 0;
	long long value = strtoll(digits, NULL, base);
	if (errno == ERANGE)
		return err_set(err, EINVAL, "the number %.40s does not fit into 64 bits", text);
	return own(json_integer(value), ret_value, err);
}

static int read_decimal(const char *text, json_t **ret_value, struct err *err)
{
	const char *digits = text + (strspn(text, "+-") == 1);

	if (digits[0] == '0' && digits[1] != '\0')
		return err_set(err, EINVAL,
			       "%.40s is octal for some readers and decimal for others: write it "
			       "without the leading zero, or as 0o..., or quote it",
			       text);
	return read_integer(text, text, 10, ret_value, err);
}

static int read_float(const char *text, json_t **ret_value, struct err *err)
{
	errno = 0;
	double value = strtod(text, NULL);
	if (errno == ERANGE)
		return err_set(err, EINVAL, "the number %.40s is out of range", text);
	return own(json_real(value), ret_value, err);
}

/* What both dialects read alike: 1 where it is that, 0 for anything else. */
static int read_word(const char *text, json_t **ret_value, struct err *err)
{
	static const char *const NULLS[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const TRUES[] = {"true", "True", "TRUE", NULL};
	static const char *const FALSES[] = {"false", "False", "FALSE", NULL};
	static const char *const NO_NUMBERS[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
						 "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
						 ".NaN",  ".NAN",  NULL};

	if (word_list_has(NO_NUMBERS, text))
		return err_set(err, EINVAL, "%s is no number of JSON", text);
	if (word_list_has(NULLS, text))
		*ret_value = json_null();
	else if (word_list_has(TRUES, text))
		*ret_value = json_true();
	else if (word_list_has(FALSES, text))
		*ret_value = json_false();
	else
		return 0;
	return 1;
}

int yaml_scalar_read(const char *text, json_t **ret_value, struct err *err)
{
	int r = read_word(text, ret_value, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (is_yaml_1_1_boolean(text))
		return err_set(err, EINVAL,
			       "%s is a boolean for some readers and a string for others: quote "
			       "it, or write true or false",
			       text);
	if (strncmp(text, "0x", 2) == 0 && is_made_of(text + 2, HEX_DIGITS))
		return read_integer(text, text + 2, 16, ret_value, err);
	if (strncmp(text, "0o", 2) == 0 && is_made_of(text + 2, OCTAL_DIGITS))
		return read_integer(text, text + 2, 8, ret_value, err);
	if (is_made_of(text + (strspn(text, "+-") == 1), DIGITS))
		return read_decimal(text, ret_value, err);
	if (is_float(text))
		return read_float(text, ret_value, err);
	return own(json_string(text), ret_value, err);
}

/* The base of an integer, and how long its prefix is; 0 for what is none. Without its sign. */
static int base_of(const char *digits, size_t *ret_prefix)
{
	static const struct {
		const char *prefix, *digits;
		int base;
	} BASES[] = {
		{"0x", HEX_DIGITS, 16},  {"0X", HEX_DIGITS, 16}, {"0o", OCTAL_DIGITS, 8},
		{"0O", OCTAL_DIGITS, 8}, {"0b", "01", 2},        {"0B", "01", 2},
		{"0", OCTAL_DIGITS, 8},
	};

	for (size_t i = 0; i < sizeof(BASES) / sizeof(*BASES); i++) {
		size_t prefix = strlen(BASES[i].prefix);

		if (strncmp(digits, BASES[i].prefix, prefix) != 0 ||
		    !is_made_of(digits + prefix, BASES[i].digits))
			continue;
		*ret_prefix = prefix;
		return BASES[i].base;
	}
	*ret_prefix = 0;
	return is_made_of(digits, DIGITS) && (*digits != '0' || digits[1] == '\0') ? 10 : 0;
}

/* Reads what begins as a number does, and may be none. */
static int read_number(const char *text, json_t **ret_value, struct err *err)
{
	char plain[NUMBER_SIZE] = "";
	char digits[NUMBER_SIZE];
	size_t length = 0;
	size_t prefix;

	for (const char *c = text; *c != '\0' && length < sizeof(plain) - 1; c++) {
		if (*c != '_')
			plain[length++] = *c;
	}
	plain[length] = '\0';
	size_t sign = strspn(plain, "+-") == 1;
	int base = base_of(plain + sign, &prefix);
	if (base != 0) {
		snprintf(digits, sizeof(digits), "%.*s%s", (int)sign, plain, plain + sign + prefix);
		return read_integer(text, digits, base, ret_value, err);
	}
	if (is_float(plain))
		return read_float(plain, ret_value, err);
	return own(json_string(text), ret_value, err);
}

int yaml_scalar_read_kubectl(const char *text, json_t **ret_value, struct err *err)
{
	static const char *const TRUES[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL};
	static const char *const FALSES[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL};
	int r = read_word(text, ret_value, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (word_list_has(TRUES, text))
		return own(json_true(), ret_value, err);
	if (word_list_has(FALSES, text))
		return own(json_false(), ret_value, err);
	if (strspn(text, "+-" DIGITS) > 0 && strlen(text) < NUMBER_SIZE)
		return read_number(text, ret_value, err);
	if (*text == '.' && is_float(text))
		return read_float(text, ret_value, err);
	return own(json_string(text), ret_value, err);
}
