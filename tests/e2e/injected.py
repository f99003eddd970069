# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods that run and are injected, what is to be seen of them, and what keeps sidewire from its work."""

import base64
import contextlib
import ipaddress
import json
import os

from cluster import ROOT, wait_for

ENABLED = {"sidewire.io/inject": "enabled"}
SYSTEM = ("-n", "sidewire-system")
PLUGIN = "/opt/cni/bin/sidewire-cni"
# Far above what a pod takes; only a failure waits so long.
PATIENCE = 120


# Envoy writes its access log as it goes.
LOG_SOON = {"param.sidewire.io/logFlush": "100"}


def application(name, node=None, annotations=None, parameters=LOG_SOON):
    """A pod that serves HTTP on 8080, with parameters that its profile has. It asks nothing of the API server, so it needs no
    token either."""
    spec = {"terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False,
            "containers": [{"name": "app", "image": "test/app:1"}]}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    metadata = {"name": name, "annotations": {**parameters, **(annotations or {})}}
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec, "metadata": metadata}


def make(cluster, namespace, *pods):
    """Makes pods; the API server has taken them."""
    listed = {"apiVersion": "v1", "kind": "List", "items": pods}
    cluster.kubectl("-n", namespace, "create", "-f", "-", input=json.dumps(listed))


def is_injected(pod):
    """Whether the API server's pod has its sidecar."""
    return "envoy" in [container["name"] for container in pod["spec"].get("initContainers", [])]


def wait_until_ready(cluster, namespace, *pods):
    """Waits for pods, given by their names."""
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", f"--timeout={PATIENCE}s",
                    *(f"pod/{pod}" for pod in pods), seconds=PATIENCE + 10)


def event(cluster, namespace, pod, reason):
    """The message of the pod's event of that reason, once there is one."""
    which = ("-n", namespace, "events", f"--field-selector=involvedObject.name={pod},reason={reason}")
    found = wait_for(lambda: cluster.get(*which)["items"], PATIENCE, f"an event {reason}")
    return found[-1]["message"]


def application_status(cluster, namespace, pod):
    """The status of the pod's application container."""
    def statuses():
        """The kubelet writes them a moment after it has seen the pod."""
        return cluster.get("-n", namespace, "pod", pod)["status"].get("containerStatuses")

    status, = wait_for(statuses, PATIENCE, f"the status of {pod}'s container")
    return status


def sandbox(cluster, node, namespace, pod):
    """(id, pid on the node) of the pod's sandbox that runs. The API server is not asked."""
    labels = {"io.cri-containerd.kind": "sandbox",
              "io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.name": pod}
    which = ",".join(f'labels."{key}"=={value}' for key, value in labels.items())
    ids = cluster.node(node, "ctr", "-n", "k8s.io", "container", "ls", "-q", which).split()
    tasks = [line.split() for line in cluster.node(node, "ctr", "-n", "k8s.io", "task", "ls").splitlines()]
    running = [(task[0], task[1]) for task in tasks if task[0] in ids and task[2] == "RUNNING"]
    if len(running) != 1:
        raise RuntimeError(f"{pod} has {len(running)} sandboxes that run")
    return running[0]


def rules_on(cluster, node, namespace, pod):
    """The nat rules in the network namespace of a pod that the node has."""
    _, pid = sandbox(cluster, node, namespace, pod)
    saved = cluster.node(node, "nsenter", "-t", pid, "-n", "iptables-legacy-save", "-t", "nat")
    return [line for line in saved.splitlines() if line.startswith("-A ")]


def rules(cluster, namespace, pod):
    """The same; its node is looked up."""
    return rules_on(cluster, cluster.get("-n", namespace, "pod", pod)["spec"]["nodeName"], namespace, pod)


def lead_to_envoy(found):
    """Whether the rules do so in both directions."""
    return {"15001", "15006"} <= {line.partition("--to-ports ")[2] for line in found}


def is_redirected(cluster, namespace, pod):
    """Whether the pod's network namespace leads both directions to Envoy."""
    return lead_to_envoy(rules(cluster, namespace, pod))


def access_log(cluster, namespace, pod, proxy):
    """What the pod's proxy has logged of connections."""
    lines = cluster.kubectl("-n", namespace, "logs", pod, "-c", proxy).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def addresses(cluster, namespace, pod):
    """Those of a pod, by family."""
    found = [ipaddress.ip_address(entry["ip"]) for entry in cluster.get("-n", namespace, "pod", pod)["status"]["podIPs"]]
    return {address.version: address for address in found}


def call(cluster, namespace, client, server, family=4, proxy="envoy"):
    """The client's application calls the server's by its address. Waits until both have logged just that in their
    proxies, and gives the address by which the server saw its caller."""
    address = f"[{addresses(cluster, namespace, server)[6]}]:8080" if family == 6 else \
        f"{addresses(cluster, namespace, server)[4]}:8080"
    hops = ((client, "outbound"), (server, "inbound"))

    def crossings():
        return [len([line for line in access_log(cluster, namespace, pod, proxy)
                     if line["direction"] == direction and line["original_destination"] == address])
                for pod, direction in hops]

    before = crossings()
    answer = cluster.execute(namespace, client, "wget", "-qO-", f"http://{address}/cgi-bin/who", container="app")
    assert answer.startswith(f"{server} sees ")
    wait_for(lambda: crossings() == [count + 1 for count in before], 20,
             f"one more line in the log of each proxy than {before}")
    seen = ipaddress.ip_address(answer.split()[-1].strip("[]"))
    return getattr(seen, "ipv4_mapped", None) or seen


def write_whole(path, data):
    """Replaces a file as who knows containerd does: under a name that is no configuration's, then renamed."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def has_agent(cluster, node):
    """Whether an agent's process runs on the node."""
    return cluster.node(node, "sh", "-c", "pgrep -x sidewire-node || :").split()


def rollout(cluster, workload):
    """Waits until a workload of sidewire is as it should be."""
    cluster.kubectl(*SYSTEM, "rollout", "status", workload, f"--timeout={PATIENCE}s", seconds=PATIENCE + 10)


def wait_until_it_injects(cluster):
    """Waits until pods get their sidecar: kube-proxy learns later than we do that a replica is ready."""
    asks = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asks", "labels": {"sidewire.io/inject": "true"}},
            "spec": {"containers": [{"name": "app", "image": "test/app:1"}]}}
    create = ("-n", "default", "create", "-f", "-", "--dry-run=server", "-o", "json")
    wait_for(lambda: is_injected(json.loads(cluster.kubectl(*create, input=json.dumps(asks)))), PATIENCE, "injection")


def install(cluster):
    """Installs sidewire as its users do it, and waits until it does all that it is for."""
    cluster.kubectl("apply", "-k", ROOT / "manifests")
    for workload in ("deployment/sidewire-webhook", "daemonset/sidewire-node"):
        rollout(cluster, workload)
    wait_until_it_injects(cluster)


def in_force(cluster, pod):
    """The names of the profiles that a replica of the webhook has in force, from its log."""
    lines = [json.loads(line) for line in cluster.kubectl(*SYSTEM, "logs", pod).splitlines()]
    return [line.get("in_force", line.get("profiles")) for line in lines
            if line["msg"] in ("listening", "profiles loaded")][-1].split(",")


@contextlib.contextmanager
def profile_added(cluster, name, document):
    """One more profile is in force meanwhile."""
    replicas = ("pods", "-l", "app.kubernetes.io/name=sidewire-webhook")

    def put(value):
        cluster.kubectl(*SYSTEM, "patch", "configmap", "sidewire-profiles", "--type=merge", "-p",
                        json.dumps({"data": {f"{name}.yaml": value}}))
        # The kubelet looks after a pod's volumes when the pod is changed, else once a minute.
        cluster.kubectl(*SYSTEM, "annotate", "--overwrite", *replicas, f"example.com/has-{name}={value is not None}")
        for pod in cluster.get(*SYSTEM, *replicas)["items"]:
            wait_for(lambda pod=pod: (name in in_force(cluster, pod["metadata"]["name"])) == (value is not None), PATIENCE,
                     "the profiles to be loaded")

    try:
        put(json.dumps(document))
        yield
    finally:
        put(None)


def authority(cluster):
    """The certificate in the Secret; PEM."""
    return base64.b64decode(cluster.get(*SYSTEM, "secret", "sidewire-ca")["data"]["tls.crt"]).decode()


def bundles(cluster):
    """The caBundle of each entry."""
    entries = cluster.get("mutatingwebhookconfiguration", "sidewire")["webhooks"]
    return [entry["clientConfig"].get("caBundle") for entry in entries]


@contextlib.contextmanager
def agent_kept_off(cluster, node):
    """The DaemonSet does not want the node meanwhile; what its agent installed stays there."""
    def patch(affinity):
        template = {"spec": {"template": {"spec": {"affinity": affinity}}}}
        cluster.kubectl(*SYSTEM, "patch", "daemonset", "sidewire-node", "-p", json.dumps(template))

    elsewhere = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [node]}
    try:
        patch({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}}})
        wait_for(lambda: not has_agent(cluster, node), PATIENCE, f"the agent of {node} to go")
        yield
    finally:
        patch(None)
        rollout(cluster, "daemonset/sidewire-node")
