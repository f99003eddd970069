/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sidewire-cni: a chained CNI plugin that redirects a pod's traffic as the pod's annotation says.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cni/core/cni_result.h"
#include "cni/io/plugin.h"
#include "common/vocabulary.h"

static const char ABOUT[] =
	"sidewire-cni " SIDEWIRE_VERSION
	": a chained CNI plugin. A container runtime runs it, with\n"
	"CNI_COMMAND and other variables, and a network configuration on stdin. It redirects the\n"
	"traffic of pods that have the annotation " ANNOTATION_REDIRECT ", and passes the\n"
	"prevResult of every other pod on. Its entry in a conflist:\n"
	"\n"
	"  {\"type\": \"" CNI_PLUGIN_TYPE "\", \"capabilities\": {\"" CNI_CAPABILITY_ANNOTATIONS
	"\": "
	"true}}\n"
	"\n"
	"Options: --help, --version.\n"
	"CNI versions: ";

static void print_about(FILE *out)
{
	fprintf(out, "%s%s", ABOUT, cni_result_versions());
}

/* Someone runs it by hand. Returns the exit status. */
static int run_option(const char *option)
{
	if (strcmp(option, "--help") == 0) {
		print_about(stdout);
		return 0;
	}
	if (strcmp(option, "--version") == 0) {
		puts("sidewire-cni " SIDEWIRE_VERSION);
		return 0;
	}
	fprintf(stderr, "sidewire-cni: '%s' is no option: see --help\n", option);
	return 2;
}

/* jansson would open /dev/urandom for the seed of its hash tables: ask the kernel instead. */
static void seed_json(void)
{
	size_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0 || seed == 0)
		seed = 1; /* 0 would mean /dev/urandom */
	json_object_seed(seed);
}

int main(int argc, char **argv)
{
	const struct cni_environment environment = {
		.command = getenv("CNI_COMMAND"),
		.container_id = getenv("CNI_CONTAINERID"),
		.netns = getenv("CNI_NETNS"),
		.interface = getenv("CNI_IFNAME"),
		.path = getenv("CNI_PATH"),
	};

	if (argc > 1)
		return run_option(argv[1]);
	if (environment.command == NULL || environment.command[0] == '\0') {
		print_about(stderr);
		return 0;
	}
	seed_json();
	return plugin_run(&environment, STDIN_FILENO, STDOUT_FILENO);
}
