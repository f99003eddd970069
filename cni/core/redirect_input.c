/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_input.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/vocabulary.h"

enum { SSH_PORT = 22 };

/* The annotation of a Pod, borrowed from it. */
static int annotation_of(const json_t *pod, const char **ret_text, struct err *err)
{
	const char *kind = NULL;
	const char *text = NULL;
	json_t *metadata = NULL;
	json_t *annotations = NULL;

	if (json_read_string(pod, "kind", &kind, err) < 0 ||
	    json_read_object(pod, "metadata", &metadata, err) < 0 ||
	    json_read_object(metadata, "annotations", &annotations, err) < 0 ||
	    json_read_string(annotations, ANNOTATION_REDIRECT, &text, err) < 0)
		return err->code;
	if (kind == NULL || strcmp(kind, "Pod") != 0)
		return err_set(err, EINVAL,
			       "it is of kind '%.64s', expected a Pod or a redirect document",
			       kind != NULL ? kind : "");
	if (text == NULL)
		return err_set(err, EINVAL,
			       "the Pod has no annotation " ANNOTATION_REDIRECT
			       ": it is not redirected");
	*ret_text = text;
	return 0;
}

int redirect_input_decode(const char *text, size_t length, struct redirect_spec *ret_spec,
			  struct err *err)
{
	json_auto_t *object = NULL;
	const char *annotation = "";
	int r = json_read_text(text, length, &object, err);

	if (r < 0)
		return r;
	if (json_object_get(object, "kind") == NULL)
		return redirect_spec_decode(text, length, ret_spec, err);
	r = annotation_of(object, &annotation, err);
	if (r < 0)
		return r;
	if (redirect_spec_decode(annotation, strlen(annotation), ret_spec, err) < 0)
		return err_wrap(err, "annotation " ANNOTATION_REDIRECT);
	return 0;
}

int redirect_input_fit_host(struct redirect_spec *spec, bool is_ssh_wanted, bool *ret_is_ssh_added,
			    struct err *err)
{
	bool is_added = is_ssh_wanted &&
			range_list_contains(&spec->include_inbound_ports, SSH_PORT) &&
			!range_list_contains(&spec->exclude_inbound_ports, SSH_PORT);

	if (spec->mode == REDIRECT_MODE_TPROXY_BOTH)
		return err_set(err, EINVAL,
			       "the mode tproxy-both is for pods: on a host it would cut the "
			       "connections that are open, as it has no conntrack to know them by; "
			       "take redirect or tproxy");
	if (is_added && range_list_add(&spec->exclude_inbound_ports, SSH_PORT, SSH_PORT, err) < 0)
		return err->code;
	*ret_is_ssh_added = is_added;
	return 0;
}

/* Adds the server that a word names. */
static int add_server(const char *word, size_t length, struct cidr_list *servers, struct err *err)
{
	struct cidr address;

	if (memchr(word, '/', length) != NULL)
		return err_set(err, EINVAL, "nameserver '%.*s' is no address", (int)length, word);
	if (cidr_parse(word, length, &address, err) < 0)
		return err_wrap(err, "nameserver");
	if (cidr_is_loopback(&address))
		return err_set(err, EINVAL,
			       "nameserver '%.*s' is on loopback, which is not captured: take a "
			       "file that names the servers that it asks itself",
			       (int)length, word);
	return cidr_list_add(servers, &address, err);
}

/* Reads "nameserver ADDRESS", or passes over any other line. */
static int read_line(const char *line, size_t length, struct cidr_list *servers, struct err *err)
{
	static const char KEYWORD[] = "nameserver";
	static const char BLANKS[] = " \t\r";
	const char *end = line + length;

	if (length < strlen(KEYWORD) || strncmp(line, KEYWORD, strlen(KEYWORD)) != 0)
		return 0;
	const char *word = line + strlen(KEYWORD);
	size_t blanks = strspn(word, BLANKS);
	if (blanks == 0 || word + blanks >= end)
		return 0;
	word += blanks;
	return add_server(word, strcspn(word, " \t\r\n"), servers, err);
}

int redirect_input_take_dns(struct redirect_spec *spec, const char *resolv_conf, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list servers = {0};

	if (spec->dns_port == 0)
		return err_set(err, EINVAL, "the document captures no DNS: its dnsPort is not set");
	for (const char *line = resolv_conf; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		int r = read_line(line, length, &servers, err);

		if (r < 0)
			return r;
		line += length + (line[length] == '\n');
	}
	if (servers.count == 0)
		return err_set(err, EINVAL, "it names no nameserver");
	cidr_list_release(&spec->dns_servers);
	spec->dns_servers = servers;
	servers = (struct cidr_list){0};
	return 0;
}
