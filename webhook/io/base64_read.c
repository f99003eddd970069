/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/base64_read.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

int base64_read(const char *text, char **ret_data, size_t *ret_length, struct err *err)
{
	size_t text_length = strlen(text);
	size_t length = BASE64_DECODE_LENGTH(text_length);
	CLEANUP(freep) char *data = malloc(length + 1);
	struct base64_decode_ctx decoder;

	if (data == NULL)
		return err_set(err, ENOMEM, "out of memory");
	base64_decode_init(&decoder);
	if (!base64_decode_update(&decoder, &length, (uint8_t *)data, text_length, text) ||
	    !base64_decode_final(&decoder))
		return err_set(err, EINVAL, "this is no base64");
	data[length] = '\0';
	*ret_data = TAKE(data);
	*ret_length = length;
	return 0;
}
