/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_command.h"

#define PLAN COMMAND_MASK(REDIRECT_COMMAND_PLAN)
#define APPLY COMMAND_MASK(REDIRECT_COMMAND_APPLY)
#define VERIFY COMMAND_MASK(REDIRECT_COMMAND_VERIFY)
#define STATUS COMMAND_MASK(REDIRECT_COMMAND_STATUS)
#define REMOVE COMMAND_MASK(REDIRECT_COMMAND_REMOVE)
#define EXPLAIN COMMAND_MASK(REDIRECT_COMMAND_EXPLAIN)

/* Commands that read a document, and those that go where it is in force. */
#define READERS (PLAN | APPLY | VERIFY | EXPLAIN)
#define GOERS (APPLY | VERIFY | STATUS | REMOVE)
#define ALL (COMMAND_MASK(REDIRECT_COMMAND_COUNT) - 1)

#define DOCUMENT "[FILE|--annotation TEXT]"

static const struct command_option_row OPTIONS[REDIRECT_OPTION_COUNT] = {
	[REDIRECT_OPTION_ANNOTATION] =
		{"annotation", 'a', "TEXT", COMMAND_ARGUMENT_TEXT, READERS,
		 "in place of a file: the annotation sidewire.io/redirect of\n"
		 "a pod, which is a redirect document"},
	[REDIRECT_OPTION_DNS_FROM] = {"dns-from", '\0', "FILE", COMMAND_ARGUMENT_FILE, READERS,
				      "capture DNS to the servers that this resolv.conf names,\n"
				      "in place of the document's dnsServers"},
	[REDIRECT_OPTION_OUTPUT] = {"output", 'o', "FORMAT", COMMAND_ARGUMENT_TEXT,
				    PLAN | STATUS | EXPLAIN,
				    "words, or json; of plan also iptables, ip6tables, nft:\n"
				    "what iptables-restore --noflush, or nft -f, takes"},
	[REDIRECT_OPTION_POD_NETNS] = {"pod-netns", '\0', "PATH", COMMAND_ARGUMENT_FILE, GOERS,
				       "a pod's network namespace, /run/netns/NAME"},
	[REDIRECT_OPTION_PID] = {"pid", '\0', "PID", COMMAND_ARGUMENT_TEXT, GOERS,
				 "the network namespace of a pod's process"},
	[REDIRECT_OPTION_IN_POD] = {"in-pod", '\0', NULL, COMMAND_ARGUMENT_TEXT, GOERS,
				    "where the command runs it is a pod's, as in an init\n"
				    "container: refuses on the host's network"},
	[REDIRECT_OPTION_BACKEND] = {"backend", '\0', "NAME", COMMAND_ARGUMENT_TEXT, APPLY | VERIFY,
				     "auto, iptables or nftables"},
	[REDIRECT_OPTION_REPLACE] = {"replace", '\0', NULL, COMMAND_ARGUMENT_TEXT, APPLY,
				     "also where another document is in force"},
	[REDIRECT_OPTION_DRY_RUN] = {"dry-run", 'n', NULL, COMMAND_ARGUMENT_TEXT, APPLY | REMOVE,
				     "say what would be done, and do nothing"},
	[REDIRECT_OPTION_NO_SSH_EXCEPTION] =
		{"no-ssh-exception", '\0', NULL, COMMAND_ARGUMENT_TEXT, APPLY | VERIFY,
		 "on a host: let the proxy have inbound port 22, if the\n"
		 "document says so"},
	[REDIRECT_OPTION_SRC] = {"src", '\0', "END", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				 "where the packet comes from: ADDRESS, ADDRESS:PORT or\n"
				 "[ADDRESS]:PORT"},
	[REDIRECT_OPTION_DST] = {"dst", '\0', "END", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				 "where it was sent to, the same"},
	[REDIRECT_OPTION_PROTOCOL] = {"protocol", '\0', "NAME", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				      "tcp (if it is not said), udp, icmp, other"},
	[REDIRECT_OPTION_UID] = {"uid", '\0', "UID", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				 "whose socket sends it: 0"},
	[REDIRECT_OPTION_GID] = {"gid", '\0', "GID", COMMAND_ARGUMENT_TEXT, EXPLAIN, "the same: 0"},
	[REDIRECT_OPTION_MARK] = {"mark", '\0', "MARK", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				  "the socket's SO_MARK, in decimal: 0"},
	[REDIRECT_OPTION_INBOUND] = {"inbound", '\0', NULL, COMMAND_ARGUMENT_TEXT, EXPLAIN,
				     "it comes in; otherwise it is sent here"},
	[REDIRECT_OPTION_INTERFACE] = {"interface", '\0', "NAME", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				       "by which it comes in, or goes: eth0, or lo where both\n"
				       "ends are own ones"},
	[REDIRECT_OPTION_OWN] = {"own", '\0', "LIST", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				 "addresses of this pod or host, with commas: if it is not\n"
				 "said, --src, or --dst of what comes in"},
	[REDIRECT_OPTION_ICMP_TYPE] = {"icmp-type", '\0', "TYPE", COMMAND_ARGUMENT_TEXT, EXPLAIN,
				       "of icmp: 0"},
	[REDIRECT_OPTION_HELP] = {"help", 'h', NULL, COMMAND_ARGUMENT_TEXT, ALL, "this text"},
};

static const struct command_row COMMANDS[REDIRECT_COMMAND_COUNT] = {
	[REDIRECT_COMMAND_PLAN] =
		{"plan", DOCUMENT, NULL, "print the rules that a document means",
		 "Prints the rules that a redirect document means, chain by chain, each with its\n"
		 "reason; or as text for iptables or nftables. Nothing is looked up.\n"
		 "\n"
		 "FILE, or - for standard input, is the document, or a Pod in JSON that has it in "
		 "its\n"
		 "annotation sidewire.io/redirect. sidewire-inject makes such a Pod of one that "
		 "has\n"
		 "only what people write: labels and annotations.\n",
		 "Examples:\n"
		 "  %s plan redirect.json\n"
		 "  kubectl get pod web-0 -o json | %s plan -\n"
		 "  sidewire-inject inject pod.json | %s plan -\n"
		 "  %s plan --output nft redirect.json > redirect.nft\n"},
	[REDIRECT_COMMAND_APPLY] =
		{"apply", DOCUMENT, NULL, "put a document in force",
		 "Puts a redirect document in force where the command runs: on a host, or in a pod "
		 "as\n"
		 "an init container; or in the namespace that an option names. All of it, or "
		 "nothing.\n"
		 "The same document again does nothing; another one is refused without --replace.\n"
		 "\n"
		 "A host, which is what shares the network of process 1, keeps what it is reached "
		 "by:\n"
		 "inbound port 22 is left out of the redirect, and connections that are open stay\n"
		 "open. It stays in force until remove, or until the host is started anew: the\n"
		 "systemd unit sidewire-redirect applies /etc/sidewire/redirect.json each time.\n",
		 "Examples:\n"
		 "  %s apply --dry-run /etc/sidewire/redirect.json\n"
		 "  %s apply --in-pod --replace --annotation \"$SIDEWIRE_REDIRECT\"\n"
		 "  %s apply --pod-netns /run/netns/cni-1234 redirect.json\n"},
	[REDIRECT_COMMAND_VERIFY] =
		{"verify", DOCUMENT, NULL, "compare what is in force with a document",
		 "Compares what is in force with a document, as apply with the same options has "
		 "put it\n"
		 "there. The exit status is 1 where they differ, and the first difference is "
		 "named.\n",
		 "Examples:\n"
		 "  %s verify /etc/sidewire/redirect.json\n"
		 "  %s verify --pid 4711 redirect.json\n"},
	[REDIRECT_COMMAND_STATUS] =
		{"status", NULL, NULL, "tell whether something is in force",
		 "Tells whose network is looked at, whether something of sidewire is in force "
		 "there,\n"
		 "and by which backend. The exit status is 0 either way.\n",
		 "Examples:\n"
		 "  %s status\n"
		 "  %s status --pid 4711 --output json\n"},
	[REDIRECT_COMMAND_REMOVE] =
		{"remove", NULL, NULL, "remove all that is in force",
		 "Removes all that is sidewire's: rules of both backends, addresses on lo, routes. "
		 "What\n"
		 "others have put there stays. Connections that go through the proxy end with it, "
		 "not\n"
		 "before. Nothing to remove is no failure.\n",
		 "Examples:\n"
		 "  %s remove\n"
		 "  %s remove --pod-netns /run/netns/cni-1234 --dry-run\n"},
	[REDIRECT_COMMAND_EXPLAIN] =
		{"explain", DOCUMENT " --src END --dst END", NULL,
		 "tell what becomes of a packet, and by which rule",
		 "Tells what becomes of the first packet of a connection under a document, and by "
		 "which\n"
		 "rule. Nothing is looked up, and nothing has to be in force.\n",
		 "Examples:\n"
		 "  %s explain redirect.json --src 10.0.0.5 --dst 192.0.2.1:443 --uid 1000\n"
		 "  %s explain redirect.json --inbound --src 10.0.0.7 --dst 10.0.0.5:8080\n"},
	[REDIRECT_COMMAND_COMPLETION] =
		{"completion", "bash|zsh", "the name of a shell: bash or zsh",
		 "print the completion of a shell",
		 "Prints what completes the command line in a shell.\n",
		 "Examples:\n"
		 "  source <(sidewire-redirect completion bash)\n"
		 "  sidewire-redirect completion zsh > \"${fpath[1]}/_sidewire-redirect\"\n"},
	[REDIRECT_COMMAND_VERSION] = {"version", NULL, NULL, "print the version", "", ""},
	[REDIRECT_COMMAND_HELP] = {"help", NULL, NULL, "tell of a command, or of all", "", ""},
};

const struct command_table REDIRECT_TABLE = {
	.program = "sidewire-redirect",
	.function = "_sidewire_redirect",
	.commands = COMMANDS,
	.command_count = REDIRECT_COMMAND_COUNT,
	.options = OPTIONS,
	.option_count = REDIRECT_OPTION_COUNT,
	.help = REDIRECT_COMMAND_HELP,
	.completion = REDIRECT_COMMAND_COMPLETION,
	.intro =
		"Usage: %s COMMAND [OPTION...] [FILE]\n"
		"\n"
		"Redirects the traffic of a host, or of a pod, through a proxy, as sidewire's CNI\n"
		"plugin does for pods: for VMs, for init containers, and for people.\n"
		"\n"
		"Commands:\n",
	.conclusion =
		"\n"
		"Begin with:\n"
		"  %s plan redirect.json              what it would do, in words\n"
		"  %s apply --dry-run redirect.json   and what of it is new here\n"
		"  %s help apply                      options of a command\n"
		"\n"
		"Exit status: 0 when it is done, or equal; 1 when it failed, or differs, or was\n"
		"refused; 2 for a bad command line.\n",
};
