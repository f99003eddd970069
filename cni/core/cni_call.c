/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/cni_call.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

enum { INTERFACE_NAME_MAX = 15 }; /* IFNAMSIZ less its NUL */

/* Which variables a command needs (SPEC 1.1.0, section 2, "CNI operations"). */
static const struct command {
	const char *name;
	bool needs_container_id;
	bool needs_netns;
	bool needs_interface;
	bool needs_path;
} COMMANDS[] = {
	[CNI_COMMAND_ADD] = {"ADD", true, true, true, false},
	[CNI_COMMAND_DEL] = {"DEL", true, false, true, false},
	[CNI_COMMAND_CHECK] = {"CHECK", true, true, true, false},
	[CNI_COMMAND_GC] = {"GC", false, false, false, true},
	[CNI_COMMAND_STATUS] = {"STATUS", false, false, false, false},
	[CNI_COMMAND_VERSION] = {"VERSION", false, false, false, false},
};

enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(*COMMANDS) };

const char *cni_command_name(enum cni_command command)
{
	return COMMANDS[command].name;
}

static bool is_set(const char *value)
{
	return value != NULL && *value != '\0';
}

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool cni_is_identifier(const char *text)
{
	if (!is_alphanumeric(*text))
		return false;
	for (; *text != '\0'; text++) {
		if (!is_alphanumeric(*text) && strchr("_.-", *text) == NULL)
			return false;
	}
	return true;
}

static bool is_interface_name(const char *text)
{
	return strlen(text) <= INTERFACE_NAME_MAX && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0 && strpbrk(text, "/: \t\n\v\f\r") == NULL;
}

static int find_command(const char *name, enum cni_command *ret_command, struct err *err)
{
	if (!is_set(name))
		return err_set(err, EINVAL,
			       "CNI_COMMAND is not set: this program is a CNI plugin, which "
			       "container runtimes call");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(name, COMMANDS[i].name) == 0) {
			*ret_command = (enum cni_command)i;
			return 0;
		}
	}
	return err_set(err, EINVAL,
		       "CNI_COMMAND '%.64s' is unknown: expected ADD, DEL, CHECK, GC, STATUS or "
		       "VERSION",
		       name);
}

/* Names all variables that are missing at once, so that nobody has to find them one by one. */
static int check_presence(const struct cni_environment *environment, const struct command *command,
			  struct err *err)
{
	const struct {
		bool is_missing;
		const char *name;
	} variables[] = {
		{command->needs_container_id && !is_set(environment->container_id),
		 " CNI_CONTAINERID"},
		{command->needs_netns && !is_set(environment->netns), " CNI_NETNS"},
		{command->needs_interface && !is_set(environment->interface), " CNI_IFNAME"},
		{command->needs_path && !is_set(environment->path), " CNI_PATH"},
	};
	CLEANUP(strbuf_release) struct strbuf missing = STRBUF_INIT;

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		strbuf_puts(&missing, variables[i].is_missing ? variables[i].name : "");
	if (missing.is_failed)
		return err_set(err, ENOMEM, "out of memory");
	if (missing.length > 0)
		return err_set(err, EINVAL, "%s needs variables that are not set:%s", command->name,
			       missing.data);
	return 0;
}

int cni_call_decode(const struct cni_environment *environment, struct cni_call *ret_call,
		    struct err *err)
{
	struct cni_call call = {0};
	int r = find_command(environment->command, &call.command, err);

	if (r < 0)
		return r;
	const struct command *command = &COMMANDS[call.command];
	r = check_presence(environment, command, err);
	if (r < 0)
		return r;
	if (command->needs_container_id && !cni_is_identifier(environment->container_id))
		return err_set(err, EINVAL,
			       "CNI_CONTAINERID '%.64s' is no container id: letters, digits and "
			       "_.-, a letter or digit first",
			       environment->container_id);
	if (command->needs_interface && !is_interface_name(environment->interface))
		return err_set(err, EINVAL,
			       "CNI_IFNAME '%.64s' is no interface name: up to %d characters, no "
			       "blank, / or :",
			       environment->interface, INTERFACE_NAME_MAX);
	call.netns = is_set(environment->netns) ? environment->netns : NULL;
	*ret_call = call;
	return 0;
}
