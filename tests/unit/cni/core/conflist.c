/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/conflist.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

#define HEAD "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":["
#define OURS                                                                                       \
	"{\"type\":\"sidewire-cni\",\"capabilities\":{\"io.kubernetes.cri.pod-annotations\":true}" \
	"}"

/* What runtimes can load, and we can be chained to; else the sentence. */
static const struct {
	const char *name;
	const char *text;
	const char *message; /* NULL: it may be changed */
	int code;
} CHECKS[] = {
	{"one plugin", HEAD "{\"type\":\"ptp\"}]}", NULL, 0},
	{"behind us alone", HEAD OURS ",{\"type\":\"ptp\"}]}", NULL, 0},
	{"the oldest version",
	 "{\"cniVersion\":\"0.3.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"ptp\"}]}", NULL, 0},
	{"several versions, all known",
	 "{\"cniVersions\":[\"1.0.0\",\"1.1.0\"],\"name\":\"n\",\"plugins\":[{\"type\":\"ptp\"}]}",
	 NULL, 0},
	{"nested arrays of that name",
	 "{\"x\":{\"plugins\":[1]},\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":"
	 "\"ptp\",\"plugins\":[]}]}",
	 NULL, 0},
	{"no JSON", "{\"plugins\":[", "not valid JSON at line 1, column 12: ", -EINVAL},
	{"empty", "", "not valid JSON at line 1, column 0: ", -EINVAL},
	{"a byte order mark", "\xef\xbb\xbf" HEAD "]}", "not valid JSON at line 1, column ",
	 -EINVAL},
	{"two values", HEAD "{\"type\":\"ptp\"}]} {}", "not valid JSON at line 1, column ",
	 -EINVAL},
	{"an array", "[]", "a JSON object was expected, found array", -EINVAL},
	{"the same key twice", "{\"name\":\"n\",\"plugins\":[],\"plugins\":[{\"type\":\"ptp\"}]}",
	 "not valid JSON at line 1, column 34: duplicate object key", -EINVAL},
	{"for one plugin", "{\"name\":\"n\",\"type\":\"ptp\"}",
	 "there is no 'plugins' in it: it is no conflist", -EINVAL},
	{"plugins is null", "{\"name\":\"n\",\"plugins\":null}",
	 "there is no 'plugins' in it: it is no conflist", -EINVAL},
	{"plugins is an object", "{\"name\":\"n\",\"plugins\":{}}",
	 "'plugins' must be an array, found object", -EINVAL},
	{"no name", "{\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"ptp\"}]}", "it has no name",
	 -EINVAL},
	{"the name is a number",
	 "{\"cniVersion\":\"1.0.0\",\"name\":1,\"plugins\":[{\"type\":\"ptp\"}]}",
	 "'name' must be a string, found integer", -EINVAL},
	{"no plugin", HEAD "]}", "it has no plugin to be chained to", -EINVAL},
	{"none but us", HEAD OURS "]}", "it has no plugin to be chained to", -EINVAL},
	{"a plugin is a text", HEAD "\"ptp\"]}", "the plugin at place 1 has no type", -EINVAL},
	{"a plugin without type", HEAD "{\"type\":\"ptp\"},{}]}",
	 "the plugin at place 2 has no type", -EINVAL},
	{"an empty type", HEAD "{\"type\":\"\"}]}", "the plugin at place 1 has no type", -EINVAL},
	{"no version, which means 0.1.0", "{\"name\":\"n\",\"plugins\":[{\"type\":\"ptp\"}]}",
	 "its cniVersion is '', and sidewire-cni speaks 0.3.0 to 1.1.0", -EPROTONOSUPPORT},
	{"an old version",
	 "{\"cniVersion\":\"0.2.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"ptp\"}]}",
	 "its cniVersion is '0.2.0', and sidewire-cni speaks 0.3.0 to 1.1.0", -EPROTONOSUPPORT},
	{"one of several is newer",
	 "{\"cniVersion\":\"1.0.0\",\"cniVersions\":[\"1.0.0\",\"1.2.0\"],\"name\":\"n\","
	 "\"plugins\":[{\"type\":\"ptp\"}]}",
	 "its cniVersion is '1.2.0', and sidewire-cni speaks 0.3.0 to 1.1.0", -EPROTONOSUPPORT},
};

static void test_checks(void)
{
	for (size_t i = 0; i < sizeof(CHECKS) / sizeof(*CHECKS); i++) {
		CLEANUP(conflist_release) struct conflist list = {0};
		struct conf_text text = {CHECKS[i].text, strlen(CHECKS[i].text)};
		struct err err = {0};
		int r = conflist_read(text, &list, &err);

		if (r == 0)
			r = conflist_check(&list, &err);
		ASSERT_ROW(CHECKS[i].name, r == CHECKS[i].code);
		if (CHECKS[i].message == NULL)
			continue;
		/* What jansson says behind the place is its own. */
		bool is_ours = strncmp(err.msg, CHECKS[i].message, strlen(CHECKS[i].message)) == 0;
		ASSERT_TEXT(CHECKS[i].name, is_ours ? CHECKS[i].message : err.msg,
			    CHECKS[i].message);
	}
}

static const struct {
	const char *name;
	const char *plugins;
	enum conflist_entry entry;
} ENTRIES[] = {
	{"absent", "{\"type\":\"ptp\"},{\"type\":\"sidewire-cni2\"}", CONFLIST_ENTRY_ABSENT},
	{"a name in another member", "{\"type\":\"ptp\",\"x\":\"sidewire-cni\"}",
	 CONFLIST_ENTRY_ABSENT},
	{"last", "{\"type\":\"ptp\"}," OURS, CONFLIST_ENTRY_IN_PLACE},
	{"another order, blanks",
	 "{\"type\":\"ptp\"},{ \"capabilities\": {\"io.kubernetes.cri.pod-annotations\" : true},"
	 "\n\"type\" :\"sidewire\\u002dcni\" }",
	 CONFLIST_ENTRY_IN_PLACE},
	{"someone behind us", "{\"type\":\"ptp\"}," OURS ",{\"type\":\"tuning\"}",
	 CONFLIST_ENTRY_IN_PLACE},
	{"first", OURS ",{\"type\":\"ptp\"}", CONFLIST_ENTRY_WRONG},
	{"twice", "{\"type\":\"ptp\"}," OURS "," OURS, CONFLIST_ENTRY_WRONG},
	{"twice, once in another version", "{\"type\":\"ptp\"},{\"type\":\"sidewire-cni\"}," OURS,
	 CONFLIST_ENTRY_WRONG},
	{"without the capability", "{\"type\":\"ptp\"},{\"type\":\"sidewire-cni\"}",
	 CONFLIST_ENTRY_WRONG},
	{"with the capability off",
	 "{\"type\":\"ptp\"},{\"type\":\"sidewire-cni\",\"capabilities\":{\"io.kubernetes.cri.pod-"
	 "annotations\":false}}",
	 CONFLIST_ENTRY_WRONG},
	{"with another capability",
	 "{\"type\":\"ptp\"},{\"type\":\"sidewire-cni\",\"capabilities\":{\"io.kubernetes.cri.pod-"
	 "annotations\":true,\"bandwidth\":true}}",
	 CONFLIST_ENTRY_WRONG},
	{"with another member",
	 "{\"type\":\"ptp\"},{\"type\":\"sidewire-cni\",\"capabilities\":{\"io.kubernetes.cri.pod-"
	 "annotations\":true},\"log\":1}",
	 CONFLIST_ENTRY_WRONG},
};

#define WITH_BACKEND(value)                             \
	"{\"type\":\"sidewire-cni\",\"capabilities\":{" \
	"\"io.kubernetes.cri.pod-annotations\":true},\"backend\":" value "}"

static const struct {
	const char *name;
	const char *plugins;
	enum conflist_entry entry;
	enum backend_choice backend; /* that it shall name */
} BACKENDS[] = {
	{"with the backend", "{\"type\":\"ptp\"}," WITH_BACKEND("\"nftables\""),
	 CONFLIST_ENTRY_IN_PLACE, BACKEND_NFTABLES},
	{"with another backend", "{\"type\":\"ptp\"}," WITH_BACKEND("\"nftables\""),
	 CONFLIST_ENTRY_WRONG, BACKEND_IPTABLES},
	{"with a backend that is no text", "{\"type\":\"ptp\"}," WITH_BACKEND("2"),
	 CONFLIST_ENTRY_WRONG, BACKEND_NFTABLES},
	{"without a backend that it shall name", "{\"type\":\"ptp\"}," OURS, CONFLIST_ENTRY_WRONG,
	 BACKEND_IPTABLES},
	{"with a backend that it shall not name",
	 "{\"type\":\"ptp\"}," WITH_BACKEND("\"nftables\""), CONFLIST_ENTRY_WRONG, BACKEND_AUTO},
};

static enum conflist_entry entry_of(const char *plugins, enum backend_choice backend)
{
	CLEANUP(conflist_release) struct conflist list = {0};
	char text[1024];
	struct err err = {0};

	snprintf(text, sizeof(text), HEAD "%s]}", plugins);
	CU_ASSERT_FATAL(conflist_read((struct conf_text){text, strlen(text)}, &list, &err) == 0);
	list.backend = backend;
	return conflist_find_entry(&list);
}

static void test_entries(void)
{
	for (size_t i = 0; i < sizeof(ENTRIES) / sizeof(*ENTRIES); i++)
		ASSERT_ROW(ENTRIES[i].name,
			   entry_of(ENTRIES[i].plugins, BACKEND_AUTO) == ENTRIES[i].entry);
}

static void test_backends(void)
{
	for (size_t i = 0; i < sizeof(BACKENDS) / sizeof(*BACKENDS); i++)
		ASSERT_ROW(BACKENDS[i].name,
			   entry_of(BACKENDS[i].plugins, BACKENDS[i].backend) == BACKENDS[i].entry);
}

static CU_TestInfo tests[] = {
	{"what may be changed, and why not", test_checks},
	{"how our entry stands", test_entries},
	{"how it names a backend", test_backends},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/conflist", tests)
