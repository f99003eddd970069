/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/undo_digest.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What the API server fills in where a container lacks it: a text, or else a number. */
static const struct api_default {
	const char *member;
	const char *text;
	json_int_t number;
} DEFAULTS[] = {
	{"apiVersion", "v1", 0}, /* of a fieldRef */
	{"divisor", "0", 0},     /* of a resourceFieldRef */
	{"failureThreshold", NULL, 3},
	{"imagePullPolicy", "Always", 0}, /* which of the two depends on the image's tag */
	{"imagePullPolicy", "IfNotPresent", 0},
	{"path", "/", 0}, /* of an httpGet, as is the scheme */
	{"periodSeconds", NULL, 10},
	{"protocol", "TCP", 0}, /* of a port */
	{"scheme", "HTTP", 0},
	{"successThreshold", NULL, 1},
	{"timeoutSeconds", NULL, 1},
};
enum { DEFAULT_COUNT = sizeof(DEFAULTS) / sizeof(*DEFAULTS) };

/* FNV-1a, 64 bits. */
static const uint64_t HASH_BEGIN = 0xcbf29ce484222325;
static const uint64_t HASH_PRIME = 0x100000001b3;

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
	while (length-- > 0)
		hash = (hash ^ (unsigned char)*bytes++) * HASH_PRIME;
	return hash;
}

/* The bytes of a number, the lowest first on every machine. */
static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	for (unsigned int shift = 0; shift < 64; shift += 8)
		hash = (hash ^ (number >> shift & 0xff)) * HASH_PRIME;
	return hash;
}

/* Whether it is as good as absent: the API server fills it in, or does not store it. */
static bool is_default(const char *name, const json_t *value)
{
	if (json_is_false(value) || (json_is_string(value) && json_string_length(value) == 0))
		return true;
	for (size_t i = 0; i < DEFAULT_COUNT; i++) {
		const struct api_default *filled = &DEFAULTS[i];

		if (strcmp(filled->member, name) != 0)
			continue;
		if (filled->text != NULL
			    ? json_is_string(value) &&
				      strcmp(json_string_value(value), filled->text) == 0
			    : json_is_integer(value) && json_integer_value(value) == filled->number)
			return true;
	}
	return false;
}

static uint64_t hash_value(json_t *value);

/* A sum, in which the members' order makes no difference. */
static uint64_t hash_members(json_t *object)
{
	uint64_t sum = 0;
	const char *name;
	json_t *member;

	json_object_foreach(object, name, member) {
		uint64_t hash = hash_value(member);

		if (!is_default(name, member))
			sum += hash_bytes(hash, name, strlen(name));
	}
	return sum;
}

static uint64_t hash_elements(json_t *list)
{
	uint64_t all = HASH_BEGIN;
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element)
		all = hash_number(all, hash_value(element));
	return all;
}

static uint64_t hash_value(json_t *value)
{
	uint64_t hash = hash_number(HASH_BEGIN, json_typeof(value));
	double real = json_real_value(value);
	uint64_t bits;

	/* Of all these what the value is not is empty, or zero. */
	memcpy(&bits, &real, sizeof(bits));
	hash = hash_number(hash, bits);
	hash = hash_number(hash, (uint64_t)json_integer_value(value));
	hash = hash_number(hash,
			   json_is_object(value) ? hash_members(value) : hash_elements(value));
	return hash_bytes(hash, json_string_value(value), json_string_length(value));
}

void undo_digest(const char *name, json_t *value, char ret_text[static UNDO_DIGEST_SIZE])
{
	if (value == NULL || (name != NULL && is_default(name, value))) {
		snprintf(ret_text, UNDO_DIGEST_SIZE, UNDO_DIGEST_ABSENT);
		return;
	}
	uint64_t hash = hash_value(value);

	snprintf(ret_text, UNDO_DIGEST_SIZE, "%08" PRIx32, (uint32_t)(hash ^ hash >> 32));
}
