#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sidewire on a real Kubernetes, as a newcomer would try it; `hack/demo --cluster` starts this.

Every command is run as it is printed, and what stands below it is what it printed, shortened to what matters."""

import json
import re
import sys

import demo_run
from demo_object import is_kept, show_pods
from demo_shell import EVEN_IF_IT_FAILS, ROOT, Shell

PLACE = "build/demo"
CLUSTER = f"{PLACE}/cluster"
NODES = ("node1", "node2")
CONFLIST = "/etc/cni/net.d/10-bridge.conflist"
SIDECAR = "envoy"
SERVERS = 2
ENVOY_SOURCE = {4: "127.0.0.6", 6: "::6"}
SERVICE = {4: "server", 6: "server-ipv6"}
ATTEMPTS = 5
SECONDS_TO_LOG = 10  # Envoy writes its log once a second


def head(text, lines=3):
    """The first lines, and how many more there are."""
    kept = text.splitlines()
    more = len(kept) - lines
    return "\n".join(kept[:lines] + ([f"… and {more} more lines"] if more > 0 else []))


def last(text):
    """The last line."""
    return "\n".join(text.splitlines()[-1:])


def without_columns(name):
    """Cuts a table off before the column of that name."""
    def shorten(text):
        lines = text.splitlines()
        end = lines[0].find(name)
        return "\n".join(line[:end] for line in lines) if end > 0 else text
    return shorten


def start_cluster(report, shell):
    """Two nodes; what their network configuration is before anything is installed."""
    shell.export("SIDEWIRE_CLUSTER", CLUSTER)
    shell.run("hack/cluster up")
    shell.take("hack/cluster env")
    listed = shell.run("kubectl get nodes")
    report.observe([line.split()[:2] for line in listed.splitlines()[1:]] == [[node, "Ready"] for node in NODES],
                   "two nodes, both Ready")
    for node in NODES:
        shell.run(f"hack/cluster node {node} cat {CONFLIST} >{PLACE}/{node}.conflist")


def load_images(shell):
    """No registry is asked for anything: images are put onto the nodes."""
    made = shell.run("make -s image")
    shell.run(f"tests/e2e/images/build {PLACE}")
    shell.run(f"hack/cluster load {made.split(':')[0]} {PLACE}/envoy.tar {PLACE}/app.tar")


def difference(shell, node):
    """How a node's network configuration differs from what it was."""
    return shell.run(f"hack/cluster node {node} cat {CONFLIST} | diff {PLACE}/{node}.conflist -" + EVEN_IF_IT_FAILS)


def pods_of(shell, namespace):
    """The pods of a namespace, as a table; its rows as lists of words."""
    listed = shell.run(f"kubectl -n {namespace} get pods -o wide", without_columns("NOMINATED"))
    return [line.split() for line in listed.splitlines()[1:]]


def install(report, shell):
    """As the README says."""
    shell.run("kubectl apply -k manifests", head)
    shell.run("kubectl -n sidewire-system rollout status deployment/sidewire-webhook --timeout=120s", last)
    shell.run("kubectl -n sidewire-system rollout status daemonset/sidewire-node --timeout=120s", last)
    pods = pods_of(shell, "sidewire-system")
    report.observe(len(pods) == 4 and all(words[1:3] == ["1/1", "Running"] for words in pods),
                   "the webhook twice, and an agent on every node")
    for node in NODES:
        added = difference(shell, node)
        report.observe('"type": "sidewire-cni"' in added,
                       f"{node}: the agent has put the plugin at the end of its CNI chain")


def switch_on(report, shell):
    """The label."""
    shell.run("kubectl create namespace shop")
    shell.run("kubectl label namespace shop sidewire.io/inject=enabled")
    refused = shell.run("kubectl label namespace default sidewire.io/inject=enabeld" + EVEN_IF_IT_FAILS)
    report.observe("it is 'enabled'" in refused, "a misspelt value is refused")


def deploy(report, shell):
    """The application; returns its pods' names, the client's and the servers'."""
    shell.run("kubectl -n shop apply -f hack/demo_cluster.yaml")
    for name in ("server", "client"):
        shell.run(f"kubectl -n shop rollout status deployment/{name} --timeout=120s", last)
    pods = pods_of(shell, "shop")
    report.observe(len(pods) == SERVERS + 1 and all(words[1:3] == ["2/2", "Running"] for words in pods),
                   "2/2: each pod has a container more than its Deployment says, and is ready")
    servers = [words[0] for words in pods if words[0].startswith("server-")]
    client, = (words[0] for words in pods if words[0].startswith("client-"))
    report.observe({words[6] for words in pods if words[0] in servers} == set(NODES), "a server on each node")
    return client, servers


def show_injection(report, shell, servers):
    """What the webhook has made of the Deployment's pod."""
    deployment = json.loads(shell.run("kubectl -n shop get deployment server -o json", lambda text: ""))
    pod = json.loads(shell.run(f"kubectl -n shop get pod {servers[0]} -o json", lambda text: ""))
    template = deployment["spec"]["template"]
    show_pods(report, template, pod, SIDECAR)
    report.observe(is_kept(template["spec"], pod["spec"])
                   and is_kept(template["metadata"]["labels"], pod["metadata"]["labels"]),
                   "all that the Deployment says is in the pod as it was")


def with_blanks(text):
    """JSON that can be broken into lines."""
    return text.replace(',"', ', "')


def log_lines(text):
    """Envoy's log of connections."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def endpoint(address, port):
    """As Envoy writes it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def call(report, shell, service, client_log):
    """Calls the Service by its name; returns who answered, whom that saw, and how many lines were in the client's log
    before. A kube-proxy that has not heard of the Service's pods yet refuses, so it is called again, in sight."""
    for _ in range(ATTEMPTS):
        known = len(log_lines(shell.ask(client_log)))
        answer = shell.run(f"kubectl -n shop exec deployment/client -- wget -qO- http://{service}/cgi-bin/who"
                           + EVEN_IF_IT_FAILS)
        # The server's socket takes both families.
        found = re.fullmatch(r"(\S+) sees \[?(?:::ffff:)?([^]]+)\]?\n", answer)
        if found:
            return *found.groups(), known
        wait_for_line(shell, client_log, known)
        shell.run(f"{client_log} | tail -n 1", with_blanks)
        report.say("again")
    raise RuntimeError(f"{service} does not answer")


def wait_for_line(shell, log, known):
    """What is in a log when it has more lines than are known."""
    return shell.ask_until(log, lambda text: len(log_lines(text)) > known, SECONDS_TO_LOG)


def request(report, shell, client, servers, family):
    """A request by the Service's name: what each hop says, and whether it fits."""
    service = SERVICE[family]
    client_log = f"kubectl -n shop logs {client} -c {SIDECAR}"
    server, caller, known = call(report, shell, service, client_log)
    listed = shell.run(f"kubectl -n shop get service {service} -o wide", without_columns("EXTERNAL"))
    cluster_ip = listed.splitlines()[1].split()[2]

    printed = wait_for_line(shell, client_log, known)
    shell.show(f"{client_log} | tail -n 1", with_blanks(last(printed)))
    sent = log_lines(printed)[known:]
    source = sent[0]["upstream_source"] if sent else "nothing was sent"
    everywhere = (f"kubectl -n shop logs -l app=server -c {SIDECAR} --tail=-1 | grep -F '\"{source}\"'"
                  + EVEN_IF_IT_FAILS)
    printed = shell.ask_until(everywhere, lambda text: text, SECONDS_TO_LOG)
    shell.show(everywhere, with_blanks(printed))
    got = log_lines(printed)
    show_hops(report, sent + got, (service, server, caller))
    report_hops(report, sent, got, endpoint(cluster_ip, 80), endpoint(pod_address(shell, server, family), 8080))
    report.observe(server in servers and caller == ENVOY_SOURCE[family],
                   f"the server answered, and was called from {ENVOY_SOURCE[family]}: by its own Envoy")


def pod_address(shell, name, family):
    """A pod's address of that family."""
    addresses = json.loads(shell.ask(f"kubectl -n shop get pod {name} -o json"))["status"]["podIPs"]
    return next(one["ip"] for one in addresses if (":" in one["ip"]) == (family == 6))


def show_hops(report, lines, ends):
    """The request as a table: each hop goes on from where the next one is called from."""
    service, server, caller = ends
    report.say("")
    report.table(("hop", "told by", "called from", "meant for", "goes on from"),
                 [("client", "wget", "", f"http://{service}", "")]
                 + [(f"Envoy, {line['direction']}", "its log", line["source"], line["original_destination"],
                     line["upstream_source"]) for line in lines]
                 + [(server, "its answer", caller, "", "")])


def report_hops(report, sent, got, service, pod):
    """Whether the request crossed each Envoy once, and both knew where it was meant to go."""
    for lines, direction, whose, target, what in ((sent, "outbound", "client", service, "the Service"),
                                                  (got, "inbound", "server", pod, "the pod")):
        seen = [(line["direction"], line["original_destination"], line["response_flags"]) for line in lines]
        report.observe(seen == [(direction, target, "-")],
                       f"it crossed the {whose}'s Envoy once, {direction}; that knew that {what}, {target}, is meant")


def remove(report, shell):
    """Injected pods first; then sidewire."""
    shell.run("kubectl delete namespace shop")
    shell.run("kubectl delete -k manifests", head)
    for node in NODES:
        report.observe(difference(shell, node) == "",
                       f"{node}: the network configuration is what it was, byte for byte")
    left = shell.run("kubectl get mutatingwebhookconfigurations,validatingadmissionpolicies,namespaces -o name")
    report.observe("sidewire" not in left, "nothing of sidewire is left in the API")


def play(report):
    """The story."""
    (ROOT / PLACE).mkdir(parents=True, exist_ok=True)
    take_down()
    shell = Shell(report)
    with report.step("A Kubernetes of two nodes starts"):
        start_cluster(report, shell)
    with report.step("It gets the images, since there is no registry here"):
        load_images(shell)
    with report.step("sidewire is installed"):
        install(report, shell)
    with report.step("A namespace is labelled"):
        switch_on(report, shell)
    with report.step("An application is deployed there"):
        client, servers = deploy(report, shell)
    with report.step("What was added to its pods"):
        show_injection(report, shell, servers)
    for family in (4, 6):
        with report.step(f"A request to the Service's name over IPv{family}, as each hop saw it"):
            request(report, shell, client, servers, family)
    with report.step("Everything is removed"):
        remove(report, shell)


def take_down():
    """The cluster, or what there is of one."""
    Shell(None).ask(f"SIDEWIRE_CLUSTER={CLUSTER} hack/cluster down")


def main():
    """Returns the exit status."""
    return demo_run.run(play, take_down)


if __name__ == "__main__":
    sys.exit(main())
