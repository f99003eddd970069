/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/cni_call.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define ID "0123abc"
#define NETNS "/var/run/netns/x"

static const struct {
	const char *name;
	struct cni_environment environment; /* command, container id, netns, interface, path */
	enum cni_command command;
	const char *netns; /* what the call then holds */
} good[] = {
	{"ADD", {"ADD", ID, NETNS, "eth0", NULL}, CNI_COMMAND_ADD, NETNS},
	{"CHECK", {"CHECK", ID, NETNS, "eth0", NULL}, CNI_COMMAND_CHECK, NETNS},
	{"DEL", {"DEL", ID, NETNS, "eth0", NULL}, CNI_COMMAND_DEL, NETNS},
	{"DEL without netns", {"DEL", ID, NULL, "eth0", NULL}, CNI_COMMAND_DEL, NULL},
	{"DEL with an empty netns", {"DEL", ID, "", "eth0", NULL}, CNI_COMMAND_DEL, NULL},
	{"GC", {"GC", NULL, NULL, NULL, "/opt/cni/bin"}, CNI_COMMAND_GC, NULL},
	{"STATUS", {"STATUS", NULL, NULL, NULL, NULL}, CNI_COMMAND_STATUS, NULL},
	{"VERSION", {"VERSION", NULL, NULL, NULL, NULL}, CNI_COMMAND_VERSION, NULL},
	{"not needed, not looked at",
	 {"VERSION", "-", NULL, "a/b", NULL},
	 CNI_COMMAND_VERSION,
	 NULL},
	{"every kind of character",
	 {"ADD", "A-z_0.9", NETNS, "eth0.1@if7", NULL},
	 CNI_COMMAND_ADD,
	 NETNS},
	{"longest interface", {"ADD", ID, NETNS, "abcdefghijklmno", NULL}, CNI_COMMAND_ADD, NETNS},
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct cni_call call = {0};
		struct err err = {0};

		ASSERT_ROW(good[i].name, cni_call_decode(&good[i].environment, &call, &err) == 0);
		ASSERT_ROW(good[i].name, call.command == good[i].command);
		if (good[i].netns == NULL)
			ASSERT_ROW(good[i].name, call.netns == NULL);
		else
			ASSERT_TEXT(good[i].name, call.netns, good[i].netns);
	}
}

#define COMMAND_UNKNOWN " is unknown: expected ADD, DEL, CHECK, GC, STATUS or VERSION"
#define ID_GRAMMAR " is no container id: letters, digits and _.-, a letter or digit first"
#define INTERFACE_GRAMMAR " is no interface name: up to 15 characters, no blank, / or :"

static const struct {
	const char *name;
	struct cni_environment environment;
	const char *message;
} bad[] = {
	{"no command",
	 {NULL, ID, NETNS, "eth0", NULL},
	 "CNI_COMMAND is not set: this program is a CNI plugin, which container runtimes call"},
	{"empty command",
	 {"", ID, NETNS, "eth0", NULL},
	 "CNI_COMMAND is not set: this program is a CNI plugin, which container runtimes call"},
	{"unknown command",
	 {"UPDATE", ID, NETNS, "eth0", NULL},
	 "CNI_COMMAND 'UPDATE'" COMMAND_UNKNOWN},
	{"small letters", {"add", ID, NETNS, "eth0", NULL}, "CNI_COMMAND 'add'" COMMAND_UNKNOWN},
	{"ADD with nothing",
	 {"ADD", NULL, NULL, NULL, NULL},
	 "ADD needs variables that are not set: CNI_CONTAINERID CNI_NETNS CNI_IFNAME"},
	{"ADD with empty ones",
	 {"ADD", "", "", "", NULL},
	 "ADD needs variables that are not set: CNI_CONTAINERID CNI_NETNS CNI_IFNAME"},
	{"CHECK without netns",
	 {"CHECK", ID, "", "eth0", NULL},
	 "CHECK needs variables that are not set: CNI_NETNS"},
	{"DEL without id",
	 {"DEL", NULL, NULL, "eth0", NULL},
	 "DEL needs variables that are not set: CNI_CONTAINERID"},
	{"DEL without interface",
	 {"DEL", ID, NETNS, NULL, NULL},
	 "DEL needs variables that are not set: CNI_IFNAME"},
	{"GC without path",
	 {"GC", ID, NETNS, "eth0", NULL},
	 "GC needs variables that are not set: CNI_PATH"},
	{"id with a dash first",
	 {"ADD", "-abc", NETNS, "eth0", NULL},
	 "CNI_CONTAINERID '-abc'" ID_GRAMMAR},
	{"id with a slash",
	 {"ADD", "a/b", NETNS, "eth0", NULL},
	 "CNI_CONTAINERID 'a/b'" ID_GRAMMAR},
	{"id with a newline",
	 {"ADD", "a\n", NETNS, "eth0", NULL},
	 "CNI_CONTAINERID 'a\n'" ID_GRAMMAR},
	{"interface with 16",
	 {"ADD", ID, NETNS, "abcdefghijklmnop", NULL},
	 "CNI_IFNAME 'abcdefghijklmnop'" INTERFACE_GRAMMAR},
	{"interface .", {"ADD", ID, NETNS, ".", NULL}, "CNI_IFNAME '.'" INTERFACE_GRAMMAR},
	{"interface ..", {"DEL", ID, NETNS, "..", NULL}, "CNI_IFNAME '..'" INTERFACE_GRAMMAR},
	{"interface with a slash",
	 {"ADD", ID, NETNS, "a/b", NULL},
	 "CNI_IFNAME 'a/b'" INTERFACE_GRAMMAR},
	{"interface with a colon",
	 {"ADD", ID, NETNS, "a:b", NULL},
	 "CNI_IFNAME 'a:b'" INTERFACE_GRAMMAR},
	{"interface with a blank",
	 {"ADD", ID, NETNS, "a b", NULL},
	 "CNI_IFNAME 'a b'" INTERFACE_GRAMMAR},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cni_call call = {.netns = "untouched"};
		struct err err = {0};

		ASSERT_ROW(bad[i].name,
			   cni_call_decode(&bad[i].environment, &call, &err) == -EINVAL);
		ASSERT_TEXT(bad[i].name, err.msg, bad[i].message);
		ASSERT_TEXT(bad[i].name, call.netns, "untouched");
	}
}

static void test_names(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ASSERT_TEXT(good[i].name, cni_command_name(good[i].command),
			    good[i].environment.command);
}

/* Reports a missing variable; that it is missing is then no failure. */
static int decode_incomplete(const void *input, struct err *err)
{
	struct cni_call call;
	int r = cni_call_decode(input, &call, err);

	return r == -EINVAL ? 0 : r;
}

static void test_allocations(void)
{
	const struct cni_environment incomplete = {.command = "ADD"};

	alloc_fail_sweep("a missing variable", decode_incomplete, &incomplete);
}

static CU_TestInfo tests[] = {{"what each command needs", test_good},
			      {"what is refused", test_bad},
			      {"commands have their names", test_names},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/cni_call", tests)
