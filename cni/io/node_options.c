/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/node_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

const char NODE_HELP_TEXT[] =
	"Usage: sidewire-node [OPTION...]\n"
	"\n"
	"Keeps sidewire-cni installed on a node, as a pod of a DaemonSet: first its file in the\n"
	"directory of CNI plugins, then its entry in the primary network configuration (the first\n"
	"of *.conf, *.conflist, *.json), whose other bytes stay. Beside a configuration for one\n"
	"plugin, NAME.conf, it puts a conflist, NAME-sidewire.conflist. It watches both, and puts "
	"back\n"
	"what is taken away.\n"
	"\n"
	"It takes the entry out again, so that the bytes are the ones before, when the DaemonSet\n"
	"sidewire-node or its namespace is deleted. When it is only stopped, everything stays. "
	"The\n"
	"file always stays: it is called when pods end that began with it.\n"
	"\n"
	"Options:\n"
	"  --cni-bin-dir DIR     where the node's plugins are: /host/opt/cni/bin\n"
	"  --cni-conf-dir DIR    where its network configurations are: /host/etc/cni/net.d\n"
	"  --plugin FILE         what is to be installed: /sidewire-cni\n"
	"  --backend BACKEND     by which the plugin programs pods, where its entry tells it:\n"
	"                        iptables, nftables, or auto, which is iptables where the kernel\n"
	"                        has it: auto\n"
	"  --listen ADDRESS      http: GET /healthz /readyz /metrics: 127.0.0.1:15997\n"
	"  --api-server URL, --api-ca FILE, --api-token FILE\n"
	"                        another API server than that of the pod; all three\n"
	"  --help, --version\n"
	"\n"
	"Variables: NODE_NAME and POD_NAMESPACE, the pod's own. Outside of a cluster it works "
	"without "
	"an\n"
	"API server, and leaves everything in place when it ends.\n"
	"\n"
	"The log goes to stderr, one JSON object a line. Exit status: 0 after SIGTERM or SIGINT, 1 "
	"when\n"
	"it cannot go on, 2 for a bad command line.\n";

enum option_key {
	OPTION_CNI_BIN_DIR = 1,
	OPTION_CNI_CONF_DIR,
	OPTION_PLUGIN,
	OPTION_LISTEN,
	OPTION_BACKEND,
	OPTION_API_SERVER,
	OPTION_API_CA,
	OPTION_API_TOKEN,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option LONG_OPTIONS[] = {
	{"cni-bin-dir", required_argument, NULL, OPTION_CNI_BIN_DIR},
	{"cni-conf-dir", required_argument, NULL, OPTION_CNI_CONF_DIR},
	{"plugin", required_argument, NULL, OPTION_PLUGIN},
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"backend", required_argument, NULL, OPTION_BACKEND},
	{"api-server", required_argument, NULL, OPTION_API_SERVER},
	{"api-ca", required_argument, NULL, OPTION_API_CA},
	{"api-token", required_argument, NULL, OPTION_API_TOKEN},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const struct node_options DEFAULTS = {
	.cni_bin_dir = "/host/opt/cni/bin",
	.cni_conf_dir = "/host/etc/cni/net.d",
	.plugin = "/sidewire-cni",
	.listen = "127.0.0.1:15997",
};

static int set_string(struct node_options *options, int key, const char *value, struct err *err)
{
	const char **const STRINGS[] = {
		[OPTION_CNI_BIN_DIR] = &options->cni_bin_dir,
		[OPTION_CNI_CONF_DIR] = &options->cni_conf_dir,
		[OPTION_PLUGIN] = &options->plugin,
		[OPTION_LISTEN] = &options->listen,
		[OPTION_API_SERVER] = &options->api_server,
		[OPTION_API_CA] = &options->api_ca,
		[OPTION_API_TOKEN] = &options->api_token,
	};

	if (*value == '\0')
		return err_set(err, EINVAL, "--%s needs a value that is not empty",
			       LONG_OPTIONS[key - 1].name);
	*STRINGS[key] = value;
	return 0;
}

static int set_value(struct node_options *options, int key, const char *value, struct err *err)
{
	if (key != OPTION_BACKEND)
		return set_string(options, key, value, err);
	return backend_choice_parse(value, &options->backend, err) < 0
		       ? err_wrap(err, "--%s", LONG_OPTIONS[key - 1].name)
		       : 0;
}

/* Applies what getopt_long() has found. */
static int apply(struct node_options *options, enum node_action *action, int key, char *const *argv,
		 struct err *err)
{
	switch (key) {
	case OPTION_HELP:
		*action = NODE_HELP;
		return 0;
	case OPTION_VERSION:
		*action = NODE_VERSION;
		return 0;
	case ':':
		return err_set(err, EINVAL, "the option %s needs a value", argv[optind - 1]);
	case '?':
		if (optopt > ' ')
			return err_set(err, EINVAL, "there is no option -%c", optopt);
		return err_set(err, EINVAL, "there is no option %s", argv[optind - 1]);
	default:
		return set_value(options, key, optarg, err);
	}
}

static int check(const struct node_options *options, int argc, char *const *argv, struct err *err)
{
	int api_options = (options->api_server != NULL) + (options->api_ca != NULL) +
			  (options->api_token != NULL);

	if (optind < argc)
		return err_set(err, EINVAL, "'%s' is no option, and nothing else is expected",
			       argv[optind]);
	if (api_options != 0 && api_options != 3)
		return err_set(err, EINVAL,
			       "--api-server, --api-ca and --api-token belong together");
	return 0;
}

/* Its value; NULL when it has none. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

int node_options_parse(int argc, char **argv, struct node_options *ret_options,
		       enum node_action *ret_action, struct err *err)
{
	struct node_options options = DEFAULTS;
	enum node_action action = NODE_RUN;
	int key;

	options.node_name = variable("NODE_NAME");
	options.pod_namespace = variable("POD_NAMESPACE");
	/* The colon first: getopt_long() prints nothing, and tells a missing value apart. */
	while ((key = getopt_long(argc, argv, ":", LONG_OPTIONS, NULL)) != -1) {
		int r = apply(&options, &action, key, argv, err);
		if (r < 0)
			return r;
	}
	int r = action == NODE_RUN ? check(&options, argc, argv, err) : 0;
	if (r == 0) {
		*ret_options = options;
		*ret_action = action;
	}
	return r;
}
