/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/cni_result.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_text.h"
#include "common/base/strbuf.h"

/* What a failure of a stage is, unless an errno tells more. */
static const enum cni_code CODES[] = {
	[CNI_STAGE_ENVIRONMENT] = CNI_CODE_ENVIRONMENT,
	[CNI_STAGE_STDIN] = CNI_CODE_IO,
	[CNI_STAGE_NETCONF] = CNI_CODE_DECODING,
	[CNI_STAGE_DOCUMENT] = CNI_CODE_DOCUMENT,
	[CNI_STAGE_NETNS] = CNI_CODE_RULES,
	[CNI_STAGE_RULES] = CNI_CODE_RULES,
	[CNI_STAGE_CHECK] = CNI_CODE_RULES,
};

static const struct {
	enum cni_stage stage;
	int errnum;
	enum cni_code code;
} SPECIAL_CODES[] = {
	{CNI_STAGE_NETCONF, -EPROTONOSUPPORT, CNI_CODE_VERSION},
	{CNI_STAGE_NETCONF, -EINVAL, CNI_CODE_CONFIG},
	{CNI_STAGE_NETNS, -ENOTUNIQ, CNI_CODE_HOST},
	{CNI_STAGE_RULES, -ENOPROTOOPT, CNI_CODE_KERNEL},
	{CNI_STAGE_RULES, -ENOENT, CNI_CODE_KERNEL},
	{CNI_STAGE_RULES, -EAFNOSUPPORT, CNI_CODE_KERNEL},
	{CNI_STAGE_CHECK, -ENOPROTOOPT, CNI_CODE_KERNEL},
	{CNI_STAGE_CHECK, -ENOENT, CNI_CODE_KERNEL},
	{CNI_STAGE_CHECK, -EAFNOSUPPORT, CNI_CODE_KERNEL},
	{CNI_STAGE_CHECK, -EUCLEAN, CNI_CODE_DIFFERENCE},
	{CNI_STAGE_CHECK, -EBUSY, CNI_CODE_DIFFERENCE},
};

enum cni_code cni_result_code(enum cni_stage stage, int errnum)
{
	if (errnum == -ENOMEM || errnum == -EAGAIN)
		return CNI_CODE_TRY_LATER;
	for (size_t i = 0; i < sizeof(SPECIAL_CODES) / sizeof(*SPECIAL_CODES); i++) {
		if (SPECIAL_CODES[i].stage == stage && SPECIAL_CODES[i].errnum == errnum)
			return SPECIAL_CODES[i].code;
	}
	return CODES[stage];
}

/* What a code means, for whoever reads the error without the SPEC at hand. */
static const char *code_meaning(enum cni_code code)
{
	switch (code) {
	case CNI_CODE_VERSION:
		return "CNI version not supported";
	case CNI_CODE_ENVIRONMENT:
		return "environment variables not valid";
	case CNI_CODE_IO:
		return "network configuration not read";
	case CNI_CODE_DECODING:
		return "network configuration not decoded";
	case CNI_CODE_CONFIG:
		return "network configuration not valid";
	case CNI_CODE_TRY_LATER:
		return "passing condition, to be tried again";
	case CNI_CODE_DOCUMENT:
		return "redirect document of the pod not valid";
	case CNI_CODE_RULES:
		return "redirect rules not in force";
	case CNI_CODE_HOST:
		return "network namespace is the host's";
	case CNI_CODE_DIFFERENCE:
		return "redirect rules in force are not those of the pod";
	case CNI_CODE_KERNEL:
		return "kernel lacks what redirect rules need";
	}
	return "";
}

const char *cni_result_version(const char *version)
{
	static const char *const VERSIONS[] = {"0.3.0", "0.3.1", "0.4.0", "1.0.0",
					       CNI_VERSION_NEWEST};

	for (size_t i = 0; i < sizeof(VERSIONS) / sizeof(*VERSIONS); i++) {
		if (strcmp(version, VERSIONS[i]) == 0)
			return VERSIONS[i];
	}
	return NULL;
}

int cni_result_error(const char *cni_version, enum cni_code code, const struct err *failure,
		     char **ret_text, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	json_auto_t *object =
		json_pack("{s:s, s:i, s:s, s:s}", "cniVersion", cni_version, "code", (int)code,
			  "msg", failure->msg, "details", code_meaning(code));
	CLEANUP(freep) char *text = json_text(object, JSON_COMPACT);

	if (text == NULL)
		return err_set(err, ENOMEM, "out of memory");
	strbuf_puts(&out, text);
	strbuf_puts(&out, "\n");
	return strbuf_finish(&out, ret_text, err);
}

const char *cni_result_versions(void)
{
	return "{\"cniVersion\":\"" CNI_VERSION_NEWEST "\",\"supportedVersions\":"
	       "[\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"" CNI_VERSION_NEWEST "\"]}\n";
}
