/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/kube_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "common/io/file_read.h"

enum {
	KEEPALIVE_IDLE_S = 20, /* a peer that is gone is noticed in about a minute, event or not */
	KEEPALIVE_INTERVAL_S = 5, /* nine of them, unless the kernel is told otherwise */
};

struct kube_transfer {
	CURLM *multi; /* the handle that it was added to; NULL: none */
	CURL *easy;
	struct curl_slist *headers;
	char *url;
	const struct kube_transfer_request *request;
	struct strbuf received; /* the body, or a line that is not whole yet */
	bool is_done;
	int stopped;   /* the errno for which a body or line was not taken; 0: none */
	CURLcode code; /* once it is done */
	char detail[CURL_ERROR_SIZE]; /* libcurl's words for it */
};

/* Reads the token into a header line, which must not be able to hold more than one. */
static int read_authorization(const char *token_file, char **ret_header, struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	size_t length = 0;
	int r = file_read_path(token_file, KUBE_TOKEN_SIZE_MAX, &text, &length, err);

	if (r < 0)
		return r;
	char *token = text + strspn(text, " \t\r\n");
	token[strcspn(token, " \t\r\n")] = '\0';
	if (*token == '\0')
		return err_set(err, EINVAL, "%s: holds no token", token_file);
	char *header = NULL;
	if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
		return err_set(err, ENOMEM, "out of memory");
	*ret_header = header;
	return 0;
}

static int add_header(struct kube_transfer *transfer, const char *line, struct err *err)
{
	struct curl_slist *headers = curl_slist_append(transfer->headers, line);

	if (headers == NULL)
		return err_set(err, ENOMEM, "out of memory");
	transfer->headers = headers;
	return 0;
}

static int add_headers(struct kube_transfer *transfer, const char *token_file, struct err *err)
{
	CLEANUP(freep) char *authorization = NULL;
	char type[128];
	int r = read_authorization(token_file, &authorization, err);

	if (r == 0)
		r = add_header(transfer, authorization, err);
	if (r == 0)
		r = add_header(transfer, "Accept: application/json", err);
	if (r < 0 || transfer->request->body == NULL)
		return r;
	snprintf(type, sizeof(type), "Content-Type: %s", transfer->request->content_type);
	r = add_header(transfer, type, err);
	/* libcurl would ask first whether a body over 1 MiB is wanted, and wait. */
	return r < 0 ? r : add_header(transfer, "Expect:", err);
}

/* Adds to what was received, up to a bound. */
static bool keep(struct kube_transfer *transfer, const char *part, size_t length, size_t max)
{
	if (length > max - transfer->received.length)
		transfer->stopped = EFBIG;
	else
		strbuf_append(&transfer->received, part, length);
	if (transfer->received.is_failed)
		transfer->stopped = ENOMEM;
	return transfer->stopped == 0;
}

static bool take_line(struct kube_transfer *transfer)
{
	const struct kube_transfer_request *request = transfer->request;
	size_t length = transfer->received.length;

	transfer->received.length = 0;
	if (length > 0 && !request->line(request->context, transfer->received.data, length))
		transfer->stopped = ECANCELED;
	return transfer->stopped == 0;
}

static bool take_lines(struct kube_transfer *transfer, const char *part, size_t length)
{
	const char *end = part + length;
	const char *newline;

	while ((newline = memchr(part, '\n', (size_t)(end - part))) != NULL) {
		if (!keep(transfer, part, (size_t)(newline - part), KUBE_WATCH_LINE_SIZE_MAX) ||
		    !take_line(transfer))
			return false;
		part = newline + 1;
	}
	return keep(transfer, part, (size_t)(end - part), KUBE_WATCH_LINE_SIZE_MAX);
}

/* CURLOPT_WRITEFUNCTION: another number than the length ends the transfer. */
static size_t receive(char *part, size_t size, size_t count, void *context)
{
	struct kube_transfer *transfer = context;
	size_t length = size * count;
	bool is_taken = transfer->request->line != NULL && kube_transfer_status(transfer) == 200
				? take_lines(transfer, part, length)
				: keep(transfer, part, length, KUBE_REPLY_SIZE_MAX);

	return is_taken ? length : length + 1;
}

/* Beside who is believed (the CA file, and the name in the URL), what keeps a connection short
 * lived when its peer is gone. */
static const struct {
	CURLoption option;
	long value;
} NUMBERS[] = {
	{CURLOPT_SSL_VERIFYPEER, 1},
	{CURLOPT_SSL_VERIFYHOST, 2},
	{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
	{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
	{CURLOPT_NOSIGNAL, 1},
	{CURLOPT_CONNECTTIMEOUT_MS, KUBE_CONNECT_TIMEOUT_MS},
	{CURLOPT_TCP_KEEPALIVE, 1},
	{CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
	{CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
};

static CURLcode set_numbers(struct kube_transfer *transfer)
{
	CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS,
					 (long)transfer->request->timeout_ms);

	for (size_t i = 0; code == CURLE_OK && i < sizeof(NUMBERS) / sizeof(*NUMBERS); i++)
		code = curl_easy_setopt(transfer->easy, NUMBERS[i].option, NUMBERS[i].value);
	return code;
}

/* What libcurl takes by address: strings, which it copies, and what lives as long as the transfer.
 */
static CURLcode set_addresses(struct kube_transfer *transfer,
			      const struct kube_client_options *options)
{
	const struct {
		CURLoption option;
		const void *value;
	} addresses[] = {
		{CURLOPT_URL, transfer->url},
		{CURLOPT_PROTOCOLS_STR, "https"},
		{CURLOPT_PROXY, ""}, /* not even the one of $https_proxy */
		{CURLOPT_CAINFO, options->ca_file},
		{CURLOPT_CAPATH, NULL}, /* Debian's libcurl would trust all of /etc/ssl/certs too */
		{CURLOPT_USERAGENT, options->user_agent},
		{CURLOPT_HTTPHEADER, transfer->headers},
		{CURLOPT_CUSTOMREQUEST, transfer->request->method},
		{CURLOPT_WRITEDATA, transfer},
		{CURLOPT_ERRORBUFFER, transfer->detail},
		{CURLOPT_PRIVATE, transfer},
	};
	const char *body = transfer->request->body;
	CURLcode code = CURLE_OK;

	/* Even without a body this would make it a POST. */
	if (body != NULL)
		code = curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body);
	for (size_t i = 0; code == CURLE_OK && i < sizeof(addresses) / sizeof(*addresses); i++)
		code = curl_easy_setopt(transfer->easy, addresses[i].option, addresses[i].value);
	return code;
}

/* Fills in a transfer that has nothing but its request. */
static int prepare(struct kube_transfer *transfer, const struct kube_client_options *options,
		   struct err *err)
{
	int r = add_headers(transfer, options->token_file, err);

	if (r < 0)
		return r;
	if (asprintf(&transfer->url, "%s%s", options->server, transfer->request->path) < 0) {
		transfer->url = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		return err_set(err, ENOMEM, "out of memory");
	CURLcode code = set_numbers(transfer);
	if (code == CURLE_OK)
		code = set_addresses(transfer, options);
	if (code == CURLE_OK)
		code = curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, receive);
	if (code != CURLE_OK)
		return err_set(err, code == CURLE_OUT_OF_MEMORY ? ENOMEM : EIO, "libcurl: %s",
			       curl_easy_strerror(code));
	return 0;
}

int kube_transfer_start(CURLM *multi, const struct kube_client_options *options,
			const struct kube_transfer_request *request,
			struct kube_transfer **ret_transfer, struct err *err)
{
	CLEANUP(kube_transfer_freep)
	struct kube_transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return err_set(err, ENOMEM, "out of memory");
	transfer->request = request;
	int r = prepare(transfer, options, err);
	if (r < 0)
		return r;
	CURLMcode code = curl_multi_add_handle(multi, transfer->easy);
	if (code != CURLM_OK)
		return err_set(err, code == CURLM_OUT_OF_MEMORY ? ENOMEM : EIO, "libcurl: %s",
			       curl_multi_strerror(code));
	transfer->multi = multi;
	*ret_transfer = TAKE(transfer);
	return 0;
}

void kube_transfer_free(struct kube_transfer *transfer)
{
	if (transfer == NULL)
		return;
	if (transfer->multi != NULL)
		curl_multi_remove_handle(transfer->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	strbuf_release(&transfer->received);
	free(transfer->url);
	free(transfer);
}

void kube_transfer_freep(struct kube_transfer **transfer)
{
	int saved = errno;

	kube_transfer_free(TAKE(*transfer));
	errno = saved;
}

void kube_transfer_reap(CURLM *multi)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		struct kube_transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer->is_done = true;
		transfer->code = message->data.result;
	}
}

bool kube_transfer_is_done(const struct kube_transfer *transfer)
{
	return transfer->is_done;
}

long kube_transfer_status(const struct kube_transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

unsigned long kube_transfer_retry_after_s(const struct kube_transfer *transfer)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
	return seconds > 0 ? (unsigned long)seconds : 0;
}

/* Says why there is no whole answer. */
static int fail(const struct kube_transfer *transfer, struct err *err)
{
	if (transfer->stopped == EFBIG)
		return err_set(err, EFBIG, "the reply, or one line of it, is too large");
	if (transfer->stopped == ECANCELED)
		return err_set(err, ECANCELED, "ended by its reader");
	if (transfer->stopped == ENOMEM || transfer->code == CURLE_OUT_OF_MEMORY)
		return err_set(err, ENOMEM, "out of memory");
	bool is_untrusted = transfer->code == CURLE_PEER_FAILED_VERIFICATION ||
			    transfer->code == CURLE_SSL_CACERT_BADFILE;
	return err_set(err, is_untrusted ? EPROTO : EIO, "%s",
		       transfer->detail[0] != '\0' ? transfer->detail
						   : curl_easy_strerror(transfer->code));
}

int kube_transfer_finish(const struct kube_transfer *transfer, struct kube_reply *ret_reply,
			 struct err *err)
{
	struct kube_reply reply = {.status = kube_transfer_status(transfer)};
	const struct strbuf *received = &transfer->received;
	struct err no_json;

	if (transfer->code != CURLE_OK)
		return fail(transfer, err);
	/* What is no JSON object is left out, and the status stands alone. */
	if (received->length > 0 &&
	    json_read_text(received->data, received->length, &reply.object, &no_json) == -ENOMEM)
		return err_set(err, ENOMEM, "out of memory");
	*ret_reply = reply;
	return 0;
}
