/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/webhook_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse_num.h"

enum {
	GRACE_SECONDS_DEFAULT = 25, /* within a pod's terminationGracePeriodSeconds of 30 */
	GRACE_SECONDS_MAX = 3600,
};

const char WEBHOOK_HELP_TEXT[] =
	"Usage: sidewire-webhook [OPTION...]\n"
	"\n"
	"Answers the API server's questions about new pods: what sidewire adds to them.\n"
	"It reads profiles (what is to be added) from a directory. It only answers, and changes\n"
	"nothing by itself, but for what --in-cluster says.\n"
	"\n"
	"What it serves:\n"
	"  https  POST /mutate/enabled  pods of namespaces with the label "
	"sidewire.io/inject=enabled\n"
	"         POST /mutate/asked    pods that ask by the label sidewire.io/inject=true\n"
	"  http   GET /healthz /readyz /metrics\n"
	"\n"
	"Options:\n"
	"  --listen ADDRESS          where reviews are answered [::]:8443; port 0: any free one\n"
	"  --plain-listen ADDRESS    where health and metrics are told [::]:8080\n"
	"  --profiles DIR            one profile a file, *.yaml, *.yml or *.json\n"
	"                            /etc/sidewire/profiles; read again on SIGHUP and, where it "
	"is\n"
	"                            a mounted ConfigMap, when that changes; all of them or none\n"
	"  --default-profiles LIST   what a pod gets that names no profiles: envoy\n"
	"  --gate-image REFERENCE    image with /sidewire-gate; without it no pod can have the "
	"gate\n"
	"                            'exec'\n"
	"  --image-volumes yes|no    whether every node can mount image volumes: then tcpSocket "
	"probes\n"
	"                            become exec probes. Without it the nodes are asked, outside "
	"a\n"
	"                            cluster nobody, and such probes stay\n"
	"  --own-namespace NAME      pods here are never touched: sidewire-system\n"
	"  --tls-cert FILE           certificate chain to serve, PEM; read again on SIGHUP\n"
	"  --tls-key FILE            its private key, PEM\n"
	"  --tls-name NAME           without files: one more DNS name or address for the "
	"certificate\n"
	"                            that is made at start, by an authority made for it, and is "
	"good\n"
	"                            for 30 days; localhost, 127.0.0.1 and ::1 are always in it\n"
	"  --ca-out FILE             where that authority's certificate is written; else to "
	"stdout\n"
	"  --in-cluster              all of that by itself, on Kubernetes: authority in the "
	"Secret\n"
	"                            sidewire-ca, certificate in memory, caBundle of the\n"
	"                            MutatingWebhookConfiguration sidewire, image of the own pod,\n"
	"                            versions of the nodes, and namespaces, whose annotations are\n"
	"                            their pods' defaults;\n"
	"                            wants POD_NAME and POD_NAMESPACE in the environment\n"
	"  --service-account DIR     ca.crt and token for that, when they are not where pods have\n"
	"                            them\n"
	"  --grace SECONDS           on SIGTERM, how long requests in flight may take: 25\n"
	"  --help, --version\n"
	"\n"
	"The log goes to stderr, one JSON object a line; the first one, 'listening', names the\n"
	"real ports. A child process serves: when a signal kills it, another one takes its place\n"
	"at once, on the same sockets, but for the fifth in a row that lived less than a second.\n"
	"\n"
	"Exit status: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 for a bad command\n"
	"line, 128 and the signal that killed the last child.\n"
	"\n"
	"To try it without a cluster:\n"
	"  sidewire-webhook --profiles manifests/profiles --ca-out ca.pem &\n"
	"  curl --cacert ca.pem -H 'Content-Type: application/json' -d @review.json \\\n"
	"       https://localhost:8443/mutate/enabled\n";

enum option_key {
	OPTION_LISTEN = 1,
	OPTION_PLAIN_LISTEN,
	OPTION_PROFILES,
	OPTION_DEFAULT_PROFILES,
	OPTION_GATE_IMAGE,
	OPTION_IMAGE_VOLUMES,
	OPTION_OWN_NAMESPACE,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_TLS_NAME,
	OPTION_CA_OUT,
	OPTION_IN_CLUSTER,
	OPTION_SERVICE_ACCOUNT,
	OPTION_GRACE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option LONG_OPTIONS[] = {
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"plain-listen", required_argument, NULL, OPTION_PLAIN_LISTEN},
	{"profiles", required_argument, NULL, OPTION_PROFILES},
	{"default-profiles", required_argument, NULL, OPTION_DEFAULT_PROFILES},
	{"gate-image", required_argument, NULL, OPTION_GATE_IMAGE},
	{"image-volumes", required_argument, NULL, OPTION_IMAGE_VOLUMES},
	{"own-namespace", required_argument, NULL, OPTION_OWN_NAMESPACE},
	{"tls-cert", required_argument, NULL, OPTION_TLS_CERT},
	{"tls-key", required_argument, NULL, OPTION_TLS_KEY},
	{"tls-name", required_argument, NULL, OPTION_TLS_NAME},
	{"ca-out", required_argument, NULL, OPTION_CA_OUT},
	{"in-cluster", no_argument, NULL, OPTION_IN_CLUSTER},
	{"service-account", required_argument, NULL, OPTION_SERVICE_ACCOUNT},
	{"grace", required_argument, NULL, OPTION_GRACE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const struct webhook_options DEFAULTS = {
	.listen = "[::]:8443",
	.plain_listen = "[::]:8080",
	.profiles = "/etc/sidewire/profiles",
	.default_profiles = "envoy",
	.own_namespace = "sidewire-system",
	.tls_names = {"localhost", "127.0.0.1", "::1"},
	.tls_name_count = 3,
	.grace_seconds = GRACE_SECONDS_DEFAULT,
};

static int add_tls_name(struct webhook_options *options, const char *name, struct err *err)
{
	if (options->tls_name_count == ISSUE_NAMES_MAX)
		return err_set(err, EINVAL, "there are more than %d names for the certificate",
			       ISSUE_NAMES_MAX);
	options->tls_names[options->tls_name_count++] = name;
	return 0;
}

static int set_grace(struct webhook_options *options, const char *text, struct err *err)
{
	if (parse_u32(text, strlen(text), 0, GRACE_SECONDS_MAX, &options->grace_seconds, err) < 0)
		return err_wrap(err, "--grace");
	return 0;
}

static int set_image_volumes(struct webhook_options *options, const char *text, struct err *err)
{
	if (image_volumes_parse(text, &options->image_volumes, err) < 0)
		return err_wrap(err, "--image-volumes");
	return 0;
}

/* The place of an option that is a string and no more. */
static const char **string_of(struct webhook_options *options, int key)
{
	const char **const STRINGS[] = {
		[OPTION_LISTEN] = &options->listen,
		[OPTION_PLAIN_LISTEN] = &options->plain_listen,
		[OPTION_PROFILES] = &options->profiles,
		[OPTION_DEFAULT_PROFILES] = &options->default_profiles,
		[OPTION_GATE_IMAGE] = &options->gate_image,
		[OPTION_OWN_NAMESPACE] = &options->own_namespace,
		[OPTION_TLS_CERT] = &options->tls_cert,
		[OPTION_TLS_KEY] = &options->tls_key,
		[OPTION_CA_OUT] = &options->ca_out,
		[OPTION_SERVICE_ACCOUNT] = &options->service_account,
		[OPTION_VERSION] = NULL,
	};

	return STRINGS[key];
}

static int set_string(struct webhook_options *options, int key, const char *value, struct err *err)
{
	if (*value == '\0')
		return err_set(err, EINVAL, "--%s needs a value that is not empty",
			       LONG_OPTIONS[key - 1].name);
	*string_of(options, key) = value;
	return 0;
}

/* Applies what getopt_long() has found. */
static int apply(struct webhook_options *options, enum webhook_action *action, int key,
		 char *const *argv, struct err *err)
{
	switch (key) {
	case OPTION_HELP:
		*action = WEBHOOK_HELP;
		return 0;
	case OPTION_VERSION:
		*action = WEBHOOK_VERSION;
		return 0;
	case OPTION_IN_CLUSTER:
		options->is_in_cluster = true;
		return 0;
	case OPTION_TLS_NAME:
		return add_tls_name(options, optarg, err);
	case OPTION_GRACE:
		return set_grace(options, optarg, err);
	case OPTION_IMAGE_VOLUMES:
		return set_image_volumes(options, optarg, err);
	case ':':
		return err_set(err, EINVAL, "the option %s needs a value", argv[optind - 1]);
	case '?':
		if (optopt > ' ')
			return err_set(err, EINVAL, "there is no option -%c", optopt);
		return err_set(err, EINVAL, "there is no option %s", argv[optind - 1]);
	default:
		return set_string(options, key, optarg, err);
	}
}

/* What a cluster gives instead of options. */
static int read_cluster(struct webhook_options *options, struct err *err)
{
	if (!options->is_in_cluster)
		return options->service_account == NULL
			       ? 0
			       : err_set(err, EINVAL, "--service-account is for --in-cluster");
	if (options->tls_cert != NULL || options->ca_out != NULL ||
	    options->tls_name_count > DEFAULTS.tls_name_count ||
	    options->own_namespace != DEFAULTS.own_namespace)
		return err_set(err, EINVAL,
			       "--in-cluster finds certificate and namespace by itself: it goes "
			       "with none of --tls-cert, --tls-key, --tls-name, --ca-out and "
			       "--own-namespace");
	options->pod_name = getenv("POD_NAME");
	options->own_namespace = getenv("POD_NAMESPACE");
	if (options->pod_name == NULL || options->own_namespace == NULL)
		return err_set(err, EINVAL,
			       "--in-cluster wants POD_NAME and POD_NAMESPACE in the environment "
			       "(downward API)");
	return 0;
}

static int check(const struct webhook_options *options, int argc, char *const *argv,
		 struct err *err)
{
	if (optind < argc)
		return err_set(err, EINVAL, "'%s' is no option, and nothing else is expected",
			       argv[optind]);
	if ((options->tls_cert == NULL) != (options->tls_key == NULL))
		return err_set(err, EINVAL, "--tls-cert and --tls-key belong together");
	if (options->tls_cert != NULL &&
	    (options->ca_out != NULL || options->tls_name_count > DEFAULTS.tls_name_count))
		return err_set(err, EINVAL,
			       "--tls-name and --ca-out are for the certificate that is made "
			       "without --tls-cert");
	return 0;
}

int webhook_options_parse(int argc, char **argv, struct webhook_options *ret_options,
			  enum webhook_action *ret_action, struct err *err)
{
	struct webhook_options options = DEFAULTS;
	enum webhook_action action = WEBHOOK_SERVE;
	int key;

	/* The colon first: getopt_long() prints nothing, and tells a missing value apart. */
	while ((key = getopt_long(argc, argv, ":", LONG_OPTIONS, NULL)) != -1) {
		int r = apply(&options, &action, key, argv, err);
		if (r < 0)
			return r;
	}
	int r = action == WEBHOOK_SERVE ? check(&options, argc, argv, err) : 0;
	if (r == 0 && action == WEBHOOK_SERVE)
		r = read_cluster(&options, err);
	if (r == 0) {
		*ret_options = options;
		*ret_action = action;
	}
	return r;
}
