#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path of sidewire on one machine; hack/demo starts this.

Two pods of one Deployment: the client calls the server. Both are injected by the webhook and set up
by the CNI plugin, and each has an Envoy of its own. What is printed was observed.
"""

import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/netns"))

# pylint: disable=wrong-import-position
import apiserver
import containerd
import demo_pods
import demo_run
import kernel_rules
import lab
import proxies
import servers
from demo_object import is_kept, show_pods
from demo_report import duration

# The line of a connection in Envoy's log is to be there at once.
ANNOTATIONS = {"param.sidewire.io/logFlush": "20"}
SECONDS_FOR_A_LEAK = 0.2
WORDS_COLUMN = 36  # where golden-plan says what a rule does
ENVOY_SOURCE = {4: "127.0.0.6", 6: "::6"}


def create_pod(report, webhook):
    """The API server's question, and the webhook's answer. Returns the pod as it is stored."""
    review = apiserver.review_of(ANNOTATIONS)
    before = review["request"]["object"]
    started = time.monotonic()
    response = webhook.review(review)
    took = duration(time.monotonic() - started)
    if not response["allowed"]:
        raise apiserver.Denied(response["status"]["message"])
    patch = apiserver.patch_of(response)
    report.say("asked", f"POST https://127.0.0.1:{apiserver.HTTPS_PORT}/mutate/enabled about pod "
                        f"{before['metadata']['generateName']}* in namespace "
                        f"{before['metadata']['namespace']}")
    report.say("answered", f"allowed, after {took} (TLS handshake included); the patch adds "
                           f"{len(patch)} values")
    after = apiserver.apply(before, patch)
    show_pods(report, before, after, demo_pods.SIDECAR)
    report.observe(all(operation["op"] == "add" for operation in patch) and is_kept(before, after),
                   "python3-jsonpatch applies it; all that was in the pod is there as it was")
    review["request"]["object"] = after
    report.observe(not apiserver.patch_of(webhook.review(review)),
                   "asked about the injected pod, the webhook has nothing to add")
    return after


def has_rules_of_document(pod):
    """Whether the kernel has what iptables makes of the plan of the pod's document elsewhere."""
    with lab.Namespace("plan") as elsewhere:
        kernel_rules.write(elsewhere, pod.annotations["sidewire.io/redirect"])
        return all(kernel_rules.in_kernel(pod.namespace, family)
                   == kernel_rules.in_kernel(elsewhere, family) for family in (4, 6))


def add_rules(report, pods):
    """ADD for each pod, and what is in the kernel then."""
    for pod in pods:
        started = time.monotonic()
        answer = containerd.call("ADD", pod.namespace, pod.annotations)
        took = duration(time.monotonic() - started)
        count = pod.namespace.rules().count("-A SIDEWIRE_")
        report.say(pod.label, f"{pod.namespace.ipv4}, {pod.namespace.ipv6}: ADD took {took}, "
                              f"{count} rules are in the kernel, IPv4 and IPv6")
        report.observe(has_rules_of_document(pod),
                       f"{pod.label}: iptables-save shows just the rules below")
        report.observe(answer == containerd.prev_result(pod.namespace),
                       f"{pod.label}: prevResult came back")
    report.say("")
    document = pods[0].annotations["sidewire.io/redirect"]
    report.text(lab.run([lab.BUILD / "golden-plan", "--words"], input=document), WORDS_COLUMN)


def start_containers(report, client, server):
    """Envoy in both pods, then the application: it waits for the gate, as in a cluster."""
    for pod in (client, server):
        took = duration(pod.start(demo_pods.SIDECAR))
        report.say(pod.label, f"Envoy runs as its container says; startupProbe (gate) and "
                              f"readinessProbe (15021) answered after {took}")
    took = duration(server.start(demo_pods.APPLICATION))
    report.say(server.label, f"{demo_pods.APPLICATION} is ready after {took}; its probe came "
                             "through Envoy")


def show_hops(report, seen, caller):
    """The request as a table: each hop goes on from where the next one is called from."""
    account = seen.account
    rows = [("client", "curl", "", servers.endpoint(account["remote_ip"], account["remote_port"]),
             servers.endpoint(account["local_ip"], account["local_port"]))]
    for hop, line in (("its Envoy", seen.outbound), ("server's Envoy", seen.inbound)):
        rows.append((hop, f"log, {line['direction']}", line["source"], line["original_destination"],
                     line["upstream_source"]))
    rows.append(("server", "its log", caller, "", ""))
    report.table(("hop", "told by", "called from", "meant for", "goes on from"), rows)


def send_request(report, client, server, family):
    """A request over one family: what each hop says, and whether it fits."""
    seen = demo_pods.request(client, server, family)
    target = servers.endpoint(server.address(family), demo_pods.APPLICATION_PORT)
    caller = seen.served[0].split()[0].removeprefix("::ffff:") if seen.served else "nobody"
    show_hops(report, seen, caller)
    for line, direction, whose in ((seen.outbound, "outbound", "client"),
                                   (seen.inbound, "inbound", "server")):
        report.observe((line["direction"], line["original_destination"], line["response_flags"])
                       == (direction, target, "-"),
                       f"it crossed the {whose}'s Envoy, {direction}; that knew {target} is meant")
    report.observe(caller == ENVOY_SOURCE[family] and len(seen.served) == 1,
                   f"the server was asked once, from {ENVOY_SOURCE[family]}: by its own Envoy")
    account = seen.account
    dialled = servers.endpoint(account["remote_ip"], account["remote_port"])
    report.observe(account["http_code"] == 200 and dialled == target,
                   f"curl is connected to {dialled}, and has its answer: {account['http_code']}, "
                   f"{account['size_download']} bytes, {duration(account['time_total'])}")


def stop_envoy(report, client, server):
    """Without its Envoy the client gets nowhere."""
    client.stop(demo_pods.SIDECAR)
    before = server.read_logs()
    for family in (4, 6):
        started = time.monotonic()
        is_refused = client.is_refused(server, family)
        took = duration(time.monotonic() - started)
        target = servers.endpoint(server.address(family), demo_pods.APPLICATION_PORT)
        report.observe(is_refused, f"connect to {target}: refused, after {took}")
    time.sleep(SECONDS_FOR_A_LEAK)
    report.observe(server.read_logs() == before,
                   "neither the server nor its Envoy saw anything of it")


def remove_rules(report, pods):
    """DEL for each pod, and what is in the kernel then."""
    for pod in pods:
        started = time.monotonic()
        containerd.call("DEL", pod.namespace, pod.annotations)
        took = duration(time.monotonic() - started)
        report.observe(pod.namespace.rules() == pod.rules_before,
                       f"{pod.label}: DEL took {took}; rules and addresses are those before ADD")


class GateTable:
    """The gate of one pod, asked in all states of rules and Envoy."""

    def __init__(self, pod):
        self._pod = pod
        self._rows = []
        self._is_right = True

    def ask(self, has_rules, has_envoy):
        """Asks in the state that is now, which is to be this one."""
        state = ["SIDEWIRE_" in self._pod.namespace.rules(),
                 proxies.is_listening(self._pod.namespace)]
        answers = [self._pod.answers_gate_outside(4), self._pod.answers_gate_outside(6),
                   self._pod.answers_gate_inside()]
        self._rows.append(["yes" if has else "no" for has in state]
                          + ["answers" if answer else "refused" for answer in answers])
        self._is_right &= state == [has_rules, has_envoy]
        self._is_right &= all(answer == all(state) for answer in answers)

    def show(self, report):
        """The table, and whether it is as it should be."""
        report.table(("rules", "Envoy", "kubelet, IPv4", "kubelet, IPv6", "sidewire-gate inside"),
                     self._rows)
        report.observe(self._is_right, "the gate answers where there are both, and only there")


def tell(report, network, directory):
    """The story."""
    client = demo_pods.DemoPod(network, "client", directory)
    server = demo_pods.DemoPod(network, "server", directory)
    gate = GateTable(server)
    gate.ask(has_rules=False, has_envoy=False)
    with report.step("The webhook starts"):
        webhook = apiserver.Webhook(network.node, directory, ROOT / "manifests/profiles")
        report.say("ready", "on loopback, with a certificate by an authority of its own")
    with report.step("The API server asks it about a new pod of a Deployment"):
        client.object = server.object = create_pod(report, webhook)
    with report.step("containerd makes two such pods, and calls the CNI plugin"):
        add_rules(report, (client, server))
    gate.ask(has_rules=True, has_envoy=False)
    with report.step("The kubelet starts their containers"):
        start_containers(report, client, server)
    gate.ask(has_rules=True, has_envoy=True)
    for family in (4, 6):
        with report.step(f"A request from client to server over IPv{family}, as each hop saw it"):
            send_request(report, client, server, family)
    with report.step("The client's Envoy is stopped, and the client calls again"):
        stop_envoy(report, client, server)
    with report.step("The pods are removed"):
        remove_rules(report, (client, server))
    gate.ask(has_rules=False, has_envoy=True)
    with report.step("The server's gate, asked in between"):
        gate.show(report)


def play(report):
    """The story, with what it needs around it."""
    with tempfile.TemporaryDirectory(prefix="sidewire-demo.") as directory, lab.Network() as network:
        tell(report, network, pathlib.Path(directory))
        demo_run.ignore_interrupts()


if __name__ == "__main__":
    sys.exit(demo_run.run(play, lab.sweep))
