# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster itself: what the other tests take for granted."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess

import pytest

from cluster import BUILD, NODES, ROOT, Cluster, wait_for

NAMESPACE = "cluster-test"
# Kinds of namespaces that a process leaves when it ends; only that for pids it keeps as a zombie.
KINDS = ("net", "mnt", "uts", "ipc")
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SERVER = {
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "server", "namespace": NAMESPACE},
    "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "server"}},
        "template": {"metadata": {"labels": {"app": "server"}}, "spec": {
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "topologySpreadConstraints": [{
                "maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "server"}}}],
            # Serves what it finds in an image volume, before and beside the application.
            "initContainers": [{
                "name": "sidecar", "image": "test/app:1", "restartPolicy": "Always",
                "command": ["httpd", "-f", "-p", "8081", "-h", "/image/www"],
                "startupProbe": {"tcpSocket": {"port": 8081}, "periodSeconds": 1},
                "securityContext": RESTRICTED,
                "volumeMounts": [{"name": "image", "mountPath": "/image"}]}],
            "containers": [{
                "name": "app", "image": "test/app:1", "securityContext": RESTRICTED,
                "readinessProbe": {"httpGet": {"path": "/cgi-bin/who", "port": 8080},
                                   "periodSeconds": 1}}],
            "volumes": [{"name": "image",
                         "image": {"reference": "test/app:1", "pullPolicy": "IfNotPresent"}}]}}}}


def service(family):
    """A Service of one address family, `server4` or `server6`."""
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": f"server{family}", "namespace": NAMESPACE},
            "spec": {"ipFamilies": [f"IPv{family}"], "selector": {"app": "server"},
                     "ports": [{"name": "http", "port": 80, "targetPort": 8080},
                               {"name": "sidecar", "port": 81, "targetPort": 8081}]}}


@pytest.fixture(scope="module", name="pods")
def _pods(cluster):
    """The servers by their nodes' names: a pod on each, in a namespace for restricted pods only."""
    with cluster.namespace(NAMESPACE, {"pod-security.kubernetes.io/enforce": "restricted"}):
        cluster.apply(SERVER, service(4), service(6))
        cluster.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/server", "--timeout=60s")
        items = cluster.get("-n", NAMESPACE, "pods")["items"]
        yield {pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in items}


def test_nodes_are_ready(cluster):
    nodes = {node["metadata"]["name"]: node for node in cluster.get("nodes")["items"]}
    assert tuple(nodes) == NODES
    for number, node in enumerate(nodes.values(), start=1):
        status = node["status"]
        assert [c["status"] for c in status["conditions"] if c["type"] == "Ready"] == ["True"]
        assert [a["address"] for a in status["addresses"] if a["type"] == "InternalIP"] == [
            f"10.89.0.1{number}", f"fd00:89::1{number}"]
        assert status["nodeInfo"]["kubeletVersion"] == "v1.37.2"


def test_does_not_start_twice(cluster):
    with pytest.raises(RuntimeError, match="there is a cluster in .* already"):
        cluster.up()
    assert cluster.get("nodes")["items"]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("node", NODES)
def test_service_reaches_pods_of_both_nodes(cluster, pods, node, family):
    missing = set(pods.values())

    def answered_by_all():
        answer = cluster.execute(NAMESPACE, pods[node], "wget", "-qO-",
                                 f"http://server{family}/cgi-bin/who", container="app")
        name, caller = re.fullmatch(r"(\S+) sees \[?(\S+?)\]?\n", answer).groups()
        # The server's socket takes both families, and may say ::ffff:10.244.1.2.
        assert (caller.count(".") == 3) == (family == 4)
        missing.discard(name)
        return not missing

    assert sorted(pods) == list(NODES)
    wait_for(answered_by_all, 30, f"answers of {missing}")


def test_image_volume_and_native_sidecar(cluster, pods):
    # The sidecar's own port, and the image's file.
    pod = pods["node1"]
    assert " sees " in cluster.execute(NAMESPACE, pod, "wget", "-qO-",
                                       "http://server4:81/cgi-bin/who", container="app")
    status = cluster.get("-n", NAMESPACE, "pod", pod)["status"]
    sidecar, = status["initContainerStatuses"]
    app, = status["containerStatuses"]
    assert sidecar["started"] and "running" in sidecar["state"]
    assert sidecar["state"]["running"]["startedAt"] <= app["state"]["running"]["startedAt"]


def test_logs_and_services(cluster):
    assert f"{cluster.state}/node2/root/var/log/kubelet.log" in cluster.command("logs").split()
    cluster.command("stop", "node1", "kube-apiserver")
    with pytest.raises(RuntimeError, match="refused"):
        cluster.kubectl("get", "nodes")
    cluster.command("start", "node1", "kube-apiserver")
    assert cluster.get("nodes")["items"]


def test_reboot(cluster, pods):
    pod = pods["node2"]
    before = cluster.get("-n", NAMESPACE, "pod", pod)["status"]

    def answers(status):
        """By IPv6: whoever called before the reboot finds the way after it, at once."""
        host = next(entry["ip"] for entry in status["podIPs"] if ":" in entry["ip"])
        return cluster.execute(NAMESPACE, pods["node1"], "wget", "-qO-", f"http://[{host}]:8080/cgi-bin/who",
                               container="app").startswith(pod)

    assert answers(before)
    cluster.disk("node2", "/var/lib/kept").write_text("kept", encoding="utf-8")
    cluster.node("node2", "touch", "/run/lost")

    cluster.command("stop", "node2")
    with pytest.raises(RuntimeError, match="node2 does not run"):
        cluster.node("node2", "true")
    cluster.command("start", "node2")

    def is_back():
        status = cluster.get("-n", NAMESPACE, "pod", pod)["status"]
        container, = status["containerStatuses"]
        return container["restartCount"] > before["containerStatuses"][0]["restartCount"] \
            and container["ready"] and status

    after = wait_for(is_back, 60, "the pod of node2 to come back")
    assert after["podIP"] != before["podIP"]  # a new sandbox
    assert answers(after)
    assert cluster.node("node2", "sh", "-c", "cat /var/lib/kept; ls /run/lost || :") == "kept"


def descendants(pids):
    """Numbers of these processes and all below them."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text(encoding="utf-8", errors="replace").split(" (", 1)
            children.setdefault(int(rest.rpartition(") ")[2].split()[1]), []).append(int(pid))
        except OSError:
            continue  # ended meanwhile
    found, ahead = set(), list(pids)
    while ahead:
        pid = ahead.pop()
        found.add(pid)
        ahead += children.get(pid, [])
    return found


def namespaces(pids):
    """The namespaces that these processes are in, but for this process' own."""
    found = set()
    for pid in pids:
        for kind in KINDS:
            with contextlib.suppress(OSError):
                name = os.readlink(f"/proc/{pid}/ns/{kind}")
                if name != os.readlink(f"/proc/self/ns/{kind}"):
                    found.add(name)
    return found


@contextlib.contextmanager
def kept_names(pids):
    """The namespaces of these processes, held open: meanwhile the kernel gives no other its name."""
    with contextlib.ExitStack() as stack:
        for pid in pids:
            for kind in KINDS:
                with contextlib.suppress(OSError):
                    stack.enter_context(open(f"/proc/{pid}/ns/{kind}", "rb"))
        yield namespaces(pids)


def all_pids():
    """Every process of this machine."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def launched_by(state):
    """First processes of the wire and the nodes, known by the directory on their command lines."""
    found = set()
    for pid in all_pids():
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(bytes(state) + b"/") for word in words):
            found.add(pid)
    return found


@pytest.mark.parametrize("moment", ["wire/pid", "node1/pid", "node2/root/var/log/kubelet.log", None])
def test_down_leaves_nothing(possible, moment):  # pylint: disable=unused-argument
    """After an `up` that was killed when it had made that file, or came to its end."""
    cluster = Cluster(BUILD.resolve() / "e2e/short-lived")
    cluster.command("down")
    with subprocess.Popen([ROOT / "hack/cluster", "up"], env=cluster.environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        if moment:
            wait_for((cluster.state / moment).exists, 60, moment)
            up.send_signal(signal.SIGKILL)
        assert up.wait(120) == (-signal.SIGKILL if moment else 0)
    containers = list(cluster.state.glob(
        "*/root/var/lib/containerd/io.containerd.grpc.v1.cri/*/*"))
    assert containers or moment

    with kept_names(descendants(launched_by(cluster.state))) as names:
        assert names
        cluster.command("down")
        assert not namespaces(all_pids()) & names

    assert not cluster.state.exists()
    assert not launched_by(cluster.state)
    assert str(cluster.state) not in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    groups = {group.name for group in pathlib.Path("/sys/fs/cgroup").rglob("k8s.io/*")}
    assert not groups & {container.name for container in containers}
