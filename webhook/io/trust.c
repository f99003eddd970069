/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/trust.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/io/base64_read.h"
#include "webhook/io/x509.h"

static void trust_list_release(gnutls_x509_trust_list_t *list)
{
	/* 1: the certificates too. */
	if (*list != NULL)
		gnutls_x509_trust_list_deinit(*list, 1);
}

static int add_certificate(struct ca_bundle *bundle, gnutls_x509_crt_t crt, struct err *err)
{
	struct ca_certificate *certificate = &bundle->certificates[bundle->count];
	int r = x509_to_pem(crt, &certificate->pem, err);

	if (r < 0)
		return r;
	certificate->is_authority = gnutls_x509_crt_get_ca_status(crt, NULL) > 0;
	certificate->validity.not_before = gnutls_x509_crt_get_activation_time(crt);
	certificate->validity.not_after = gnutls_x509_crt_get_expiration_time(crt);
	bundle->count++;
	return 0;
}

/* Reads PEM. -EINVAL for what is no bundle to keep. */
static int read_pem(const char *pem, size_t length, struct ca_bundle *bundle, struct err *err)
{
	CLEANUP(x509_list_release) struct x509_list list = {0};
	int r = x509_list_read(pem, length, 0, &list, err);

	if (r == 0 && list.count > CA_CERTIFICATES_MAX)
		r = err_set(err, EINVAL, "more than %d certificates", CA_CERTIFICATES_MAX);
	for (unsigned int i = 0; r == 0 && i < list.count; i++)
		r = add_certificate(bundle, list.items[i], err);
	return r;
}

int trust_read(const char *base64, struct ca_bundle *ret_bundle, struct err *err)
{
	CLEANUP(ca_bundle_release) struct ca_bundle bundle = {.count = 0};
	CLEANUP(freep) char *pem = NULL;
	size_t length = 0;
	int r = 0;

	if (base64 != NULL && *base64 != '\0')
		r = base64_read(base64, &pem, &length, err);
	if (r == 0 && length > 0)
		r = read_pem(pem, length, &bundle, err);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ca_bundle_release(&bundle);
		bundle.is_foreign = true;
	}
	*ret_bundle = bundle;
	bundle = (struct ca_bundle){.count = 0};
	return 0;
}

/* The bundle as GnuTLS' list of trusted authorities. */
static int make_trust_list(const struct ca_bundle *bundle, gnutls_x509_trust_list_t *list,
			   struct err *err)
{
	int r = 0;

	if (gnutls_x509_trust_list_init(list, 0) < 0)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < bundle->count; i++) {
		CLEANUP(x509_list_release) struct x509_list one = {0};
		const char *pem = bundle->certificates[i].pem;

		r = x509_list_read(pem, strlen(pem), 0, &one, err);
		/* The trust list takes the certificate over. */
		if (r == 0 && gnutls_x509_trust_list_add_cas(*list, one.items, 1, 0) == 1)
			one.items[0] = NULL;
	}
	return r;
}

/* Records what the verification found, in GnuTLS' words. */
static int refuse(unsigned int status, struct err *err)
{
	gnutls_datum_t text = {0};

	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return err_set(err, ENOMEM, "out of memory");
	err_set(err, EINVAL, "%.*s", (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
	/* Each sentence ends in a blank. */
	for (size_t end = strlen(err->msg); end > 0 && err->msg[end - 1] == ' '; end--)
		err->msg[end - 1] = '\0';
	return -EINVAL;
}

int trust_verify(const struct ca_bundle *bundle, const char *certificate, const char *dns_name,
		 struct err *err)
{
	CLEANUP(trust_list_release) gnutls_x509_trust_list_t list = NULL;
	CLEANUP(x509_list_release) struct x509_list chain = {0};
	CLEANUP(freep) char *name = strdup(dns_name);
	char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
	unsigned int status = 0;
	int r = x509_list_read(certificate, strlen(certificate), 0, &chain, err);

	if (r == 0 && name == NULL)
		r = err_set(err, ENOMEM, "out of memory");
	if (r == 0)
		r = make_trust_list(bundle, &list, err);
	if (r < 0)
		return r;
	gnutls_typed_vdata_st data[] = {
		{GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)name, 0},
		{GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)purpose, 0},
	};
	int code =
		gnutls_x509_trust_list_verify_crt2(list, chain.items, chain.count, data,
						   sizeof(data) / sizeof(*data), 0, &status, NULL);
	if (code < 0)
		return x509_failed(code, "the certificate cannot be verified", err);
	return status != 0 ? refuse(status, err) : 0;
}
