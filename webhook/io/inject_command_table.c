/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/inject_command_table.h"

#include "webhook/io/inject_options.h"

#define INJECT COMMAND_MASK(INJECT_COMMAND_INJECT)
#define UNINJECT COMMAND_MASK(INJECT_COMMAND_UNINJECT)
#define EXPLAIN COMMAND_MASK(INJECT_COMMAND_EXPLAIN)
#define LINT COMMAND_MASK(INJECT_COMMAND_LINT)

/* Commands that read manifests, and those that know what the cluster would do to them. */
#define READERS (INJECT | UNINJECT | EXPLAIN | LINT)
#define DECIDERS (INJECT | EXPLAIN | LINT)
#define ALL (COMMAND_MASK(INJECT_COMMAND_COUNT) - 1)

static const struct command_option_row OPTIONS[INJECT_OPTION_COUNT] = {
	[INJECT_OPTION_FILENAME] = {"filename", 'f', "FILE", COMMAND_ARGUMENT_FILE, READERS,
				    "a manifest, a directory of them (*.yaml, *.yml, *.json),\n"
				    "or - for standard input; also without -f; repeatable"},
	[INJECT_OPTION_RECURSIVE] = {"recursive", 'R', NULL, COMMAND_ARGUMENT_TEXT, READERS,
				     "read directories inside of directories too"},
	[INJECT_OPTION_FROM_CLUSTER] = {"from-cluster", '\0', "NAMESPACE/POD",
					COMMAND_ARGUMENT_TEXT, EXPLAIN,
					"in place of a manifest, a pod that is there. kubectl is\n"
					"asked for it, its namespace, the profiles in force and\n"
					"the nodes; what options say is not asked for"},
	[INJECT_OPTION_NAMESPACE] = {"namespace", 'n', "NAME", COMMAND_ARGUMENT_TEXT, DECIDERS,
				     "where objects go that name no namespace: default, or\n"
				     "the one that the namespace files tell of"},
	[INJECT_OPTION_NAMESPACE_FILE] = {"namespace-file", '\0', "FILE", COMMAND_ARGUMENT_FILE,
					  DECIDERS,
					  "a manifest of namespaces: their labels, and their\n"
					  "annotations, which are defaults for pods; repeatable.\n"
					  "kubectl get namespaces -o yaml writes one"},
	[INJECT_OPTION_PROFILE] = {"profile", '\0', "FILE", COMMAND_ARGUMENT_FILE, DECIDERS,
				   "a profile; what pods get that name none: all of these,\n"
				   "in this order; repeatable"},
	[INJECT_OPTION_PROFILES_DIR] = {"profiles-dir", '\0', "DIR", COMMAND_ARGUMENT_DIRECTORY,
					DECIDERS,
					"a directory of profiles that pods may name; the ones\n"
					"that are installed, unless there is a --profile"},
	[INJECT_OPTION_DEFAULT_PROFILES] =
		{"default-profiles", '\0', "LIST", COMMAND_ARGUMENT_TEXT, DECIDERS,
		 "what pods get that name no profiles: every --profile,\n"
		 "or envoy, as from the webhook"},
	[INJECT_OPTION_IMAGE_VOLUMES] = {"image-volumes", '\0', NULL, COMMAND_ARGUMENT_TEXT,
					 DECIDERS,
					 "every node can mount image volumes (Kubernetes 1.35\n"
					 "with containerd 2.1 or CRI-O 1.31): pods may have the\n"
					 "gate exec, and tcpSocket probes become exec probes"},
	[INJECT_OPTION_GATE_IMAGE] =
		{"gate-image", '\0', "REFERENCE", COMMAND_ARGUMENT_TEXT, DECIDERS,
		 "with --image-volumes, the image that has the gate:\n" INJECT_GATE_IMAGE},
	[INJECT_OPTION_QUIET] = {"quiet", 'q', NULL, COMMAND_ARGUMENT_TEXT,
				 INJECT | UNINJECT | EXPLAIN,
				 "tell only of pods that were refused or left alone, and\n"
				 "warnings"},
	[INJECT_OPTION_HELP] = {"help", 'h', NULL, COMMAND_ARGUMENT_TEXT, ALL, "this text"},
};

static const struct command_row COMMANDS[INJECT_COMMAND_COUNT] = {
	[INJECT_COMMAND_INJECT] =
		{"inject", "[-f] FILE...", "a manifest, or - for standard input",
		 "print manifests with the sidecar in every pod",
		 "Prints the manifests, and puts the sidecar into the pods that they make: Pod,\n"
		 "Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job,\n"
		 "CronJob, DeploymentConfig, and lists of these. Everything else passes byte for\n"
		 "byte; of what changes, all that is not new stays as it is, comments too.\n"
		 "Standard error tells of each object what became of it, and why.\n"
		 "\n"
		 "A pod declines by its label sidewire.io/inject: \"false\". All others get the "
		 "label\n"
		 "\"true\", so that the cluster lets them in as they are. What is refused, is "
		 "left\n"
		 "out of the output.\n",
		 "Examples:\n"
		 "  %s inject deployment.yaml | kubectl apply -f -\n"
		 "  kubectl get deploy web -o yaml | %s inject - | kubectl apply -f -\n"
		 "  %s inject -f manifests/ -n shop --namespace-file shop.yaml > injected.yaml\n"},
	[INJECT_COMMAND_UNINJECT] =
		{"uninject", "[-f] FILE...", "a manifest, or - for standard input",
		 "print manifests as they were before they were injected",
		 "Prints the manifests without what injection has put into their pods, by what "
		 "the\n"
		 "annotation sidewire.io/status says of it; so it undoes the webhook's work as "
		 "well.\n"
		 "What others have added since stays. So does what they have changed of what "
		 "was\n"
		 "put in, and standard error tells where. Pods that are not injected stay as "
		 "they\n"
		 "are.\n",
		 "Examples:\n"
		 "  %s uninject injected.yaml > deployment.yaml\n"
		 "  kubectl get deploy web -o yaml | %s uninject - | kubectl apply -f -\n"},
	[INJECT_COMMAND_EXPLAIN] =
		{"explain", "[-f] FILE...|--from-cluster NAMESPACE/POD",
		 "a manifest, - for standard input, or --from-cluster",
		 "tell what the webhook would do to pods, and why",
		 "Tells of every pod that the manifests make: by which rule the webhook would "
		 "decide,\n"
		 "where each value comes from that would take effect (default, profile, namespace, "
		 "pod),\n"
		 "and what would be added (+), replaced (~), removed (-). Of a namespace that no\n"
		 "--namespace-file tells of, the label sidewire.io/inject: enabled is taken for "
		 "granted.\n",
		 "Examples:\n"
		 "  %s explain deployment.yaml --namespace-file shop.yaml\n"
		 "  %s explain --from-cluster shop/web-0\n"},
	[INJECT_COMMAND_LINT] =
		{"lint", "[-f] FILE...", "a profile or a manifest, or - for standard input",
		 "look for mistakes in profiles and in what manifests say to sidewire",
		 "Looks for mistakes in profiles (kind SidecarProfile), in labels and annotations "
		 "of\n"
		 "sidewire, and in pods that the webhook would refuse. Prints a line for each:\n"
		 "FILE:LINE:COLUMN: error or warning: what is wrong, and what to write instead.\n"
		 "The exit status is 1 where there is an error. Without profiles less is known.\n",
		 "Examples:\n"
		 "  %s lint -R manifests/\n"
		 "  %s lint my-profile.yaml\n"
		 "  %s lint --profile my-profile.yaml deployment.yaml\n"},
	[INJECT_COMMAND_COMPLETION] =
		{"completion", "bash|zsh", "the name of a shell: bash or zsh",
		 "print the completion of a shell",
		 "Prints what completes the command line in a shell.\n",
		 "Examples:\n"
		 "  source <(sidewire-inject completion bash)\n"
		 "  sidewire-inject completion zsh > \"${fpath[1]}/_sidewire-inject\"\n"},
	[INJECT_COMMAND_VERSION] = {"version", NULL, NULL, "print the version", "", ""},
	[INJECT_COMMAND_HELP] = {"help", NULL, NULL, "tell of a command, or of all", "", ""},
};

const struct command_table INJECT_TABLE = {
	.program = "sidewire-inject",
	.function = "_sidewire_inject",
	.commands = COMMANDS,
	.command_count = INJECT_COMMAND_COUNT,
	.options = OPTIONS,
	.option_count = INJECT_OPTION_COUNT,
	.help = INJECT_COMMAND_HELP,
	.completion = INJECT_COMMAND_COMPLETION,
	.intro = "Usage: %s COMMAND [OPTION...] [FILE...]\n"
		 "\n"
		 "Does offline, with the same code, what sidewire's webhook does in a cluster: it\n"
		 "puts the sidecar of a profile into the pods of manifests. No cluster is asked,\n"
		 "but for explain --from-cluster.\n"
		 "\n"
		 "Commands:\n",
	.conclusion =
		"\n"
		"Begin with:\n"
		"  %s help inject                                 options of a command\n"
		"  %s explain deployment.yaml                     what would be added, and why\n"
		"  %s inject deployment.yaml | kubectl apply -f - put it in, and send it\n"
		"The latter is linkerd inject, or istioctl kube-inject -f, for sidewire.\n"
		"\n"
		"Linked as kubectl-sidewire into a directory of PATH it is kubectl sidewire.\n"
		"\n"
		"Exit status: 0; 1 where an input was refused or could not be read; 2 for a bad\n"
		"command line.\n",
};
