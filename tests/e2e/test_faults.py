# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of parts of sidewire that fail, are replaced, or are away: nothing, or a clear refusal."""

import json
import re
import time

import pytest

from cluster import NODES, wait_for
from creations import creations
from injected import (ENABLED, PATIENCE, PLUGIN, SYSTEM, application, application_status, authority, bundles, call,
                      has_agent, is_injected, is_redirected, lead_to_envoy, make, rollout, rules_on, sandbox,
                      wait_until_it_injects, wait_until_ready)

NAMESPACE = "faults"
PLAIN = "faults-plain"
BLOCKED = "faults-blocked"
WEBHOOK = "deployment/sidewire-webhook"
NAME = "app.kubernetes.io/name=sidewire-webhook"


@pytest.fixture(scope="module", name="faulty")
def _faulty(installed):
    """The cluster, with a namespace of each kind."""
    with installed.namespace(NAMESPACE, ENABLED), installed.namespace(PLAIN), \
            installed.namespace(BLOCKED, {"sidewire.io/inject": "disabled"}):
        yield installed


def replicas(cluster):
    """The webhook's pods."""
    return cluster.get(*SYSTEM, "pods", "-l", NAME)["items"]


@pytest.fixture(scope="class", name="deserted")
def _deserted(faulty):
    """No replica of the webhook is left."""
    faulty.kubectl(*SYSTEM, "scale", WEBHOOK, "--replicas=0")
    try:
        wait_for(lambda: not replicas(faulty), PATIENCE, "the last replica to go")
        yield faulty
    finally:
        faulty.kubectl(*SYSTEM, "scale", WEBHOOK, "--replicas=2")
        rollout(faulty, WEBHOOK)
        wait_until_it_injects(faulty)


class TestWithoutAWebhook:
    """Labelled namespaces are closed, and nothing else is."""

    @pytest.mark.parametrize("namespace, label", [(NAMESPACE, None), (NAMESPACE, "true"), (PLAIN, "true")])
    def test_who_is_to_be_injected_is_refused(self, deserted, namespace, label):
        sentence = r'failed calling webhook "\w+\.sidewire\.io": .*sidewire-webhook\.sidewire-system'
        with pytest.raises(RuntimeError, match=sentence):
            make(deserted, namespace, labelled("refused", label))
        assert not deserted.get("-n", namespace, "pods", "--field-selector=metadata.name=refused")["items"]

    @pytest.mark.parametrize("namespace, label", [
        (NAMESPACE, "false"), (PLAIN, None), (PLAIN, "false"), (BLOCKED, None), (BLOCKED, "true"),
        ("kube-system", None), ("kube-system", "true"), ("sidewire-system", None)])
    def test_all_others_are_made(self, deserted, namespace, label):
        made = deserted.kubectl("-n", namespace, "create", "--dry-run=server", "-o", "json", "-f", "-",
                                input=json.dumps(labelled("made", label)))
        assert not is_injected(json.loads(made))

    def test_others_run(self, deserted):
        make(deserted, PLAIN, application("runs"))
        wait_until_ready(deserted, PLAIN, "runs")


def labelled(name, label):
    """An application with that label of ours."""
    pod = application(name)
    pod["metadata"]["labels"] = {} if label is None else {"sidewire.io/inject": label}
    return pod


def test_a_webhook_that_is_back_injects(faulty):
    make(faulty, NAMESPACE, application("back"))
    wait_until_ready(faulty, NAMESPACE, "back")
    assert is_injected(faulty.get("-n", NAMESPACE, "pod", "back"))


def settle(cluster):
    """Waits until there are two replicas, and nothing is left of those that they replace."""
    rollout(cluster, WEBHOOK)
    wait_for(lambda: len(replicas(cluster)) == 2, PATIENCE, "old replicas to go")


def update(cluster):
    """A new version, or what looks like one."""
    cluster.kubectl(*SYSTEM, "rollout", "restart", WEBHOOK)
    settle(cluster)


def drain(cluster):
    """The node is emptied for maintenance, and taken into service again."""
    try:
        cluster.kubectl("drain", "node2", f"--pod-selector={NAME}", f"--timeout={PATIENCE}s", seconds=PATIENCE + 10)
        settle(cluster)
    finally:
        cluster.kubectl("uncordon", "node2")


def evict(cluster):
    """Somebody tries to evict both at once. The disruption budget gives only one of them away."""
    def ask(replica):
        name = replica["metadata"]["name"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction",
                    "metadata": {"name": name, "namespace": "sidewire-system"}}
        cluster.kubectl("create", "--raw", f"/api/v1/namespaces/sidewire-system/pods/{name}/eviction", "-f", "-",
                        input=json.dumps(eviction))

    one, other = replicas(cluster)
    ask(one)
    with pytest.raises(RuntimeError, match="violate the pod's disruption budget"):
        ask(other)
    settle(cluster)


@pytest.fixture(name="spread")
def _spread(faulty):
    """Afterwards a replica is on each node again."""
    yield
    if {pod["spec"]["nodeName"] for pod in replicas(faulty)} != set(NODES):
        update(faulty)


@pytest.mark.parametrize("happens", [drain, evict, update])
def test_no_pod_is_refused_while_replicas_change(faulty, spread, happens):  # pylint: disable=unused-argument
    with creations(faulty, NAMESPACE, 200) as pods:
        begin = time.monotonic()
        happens(faulty)
        print(f"\n{happens.__name__} took {time.monotonic() - begin:.1f} s")
    print(f"{pods.made} of {pods.asked} pods were made")
    assert pods.wrong == []


def worker(cluster, node):
    """The process that serves in the node's replica, a child of its first one."""
    first = cluster.node(node, "pgrep", "-o", "-f", "^/sidewire-webhook").strip()
    return cluster.node(node, "pgrep", "-P", first).strip()


def kill(cluster, node):
    """It dies, without a word to those who are connected to it. Returns between which times."""
    dead = worker(cluster, node)
    begin = time.monotonic()
    cluster.node(node, "kill", "-KILL", dead)
    end = time.monotonic()
    wait_for(lambda: worker(cluster, node) != dead, PATIENCE, "another one in its place")
    return begin, end


def containers(cluster):
    """Those that the webhook runs in."""
    return {pod["status"]["containerStatuses"][0]["containerID"] for pod in replicas(cluster)}


def test_what_a_dead_replica_costs(faulty, spread):  # pylint: disable=unused-argument
    """
    Nobody is refused: connections wait for the process that takes its place, in the same container. Lost is the review
    that was on its way when it died, and pods are made one after the other here: one each time, at most. The API server
    keeps its connection to one of the replicas: so each dies in turn.
    """
    settle(faulty)
    before = containers(faulty)
    with creations(faulty, NAMESPACE, 200) as pods:
        deaths = [kill(faulty, node) for node in NODES]
    print(f"\ntwo kill -9: {len(pods.wrong)} of {pods.asked} pods were lost: {pods.wrong}")
    assert len(pods.wrong) <= len(deaths)
    broken = "EOF|connection reset by peer|broken pipe|server closed idle connection"  # and never: refused, timeout
    for asked, said in pods.wrong:
        assert re.search(f"failed calling webhook .*({broken})$", said)
        assert any(begin - 1 < pods.begin + asked < end for begin, end in deaths)
    assert containers(faulty) == before


def test_a_ca_bundle_that_is_cleared_is_put_back(faulty):
    before = bundles(faulty)
    assert all(before)
    cleared = [{"op": "remove", "path": f"/webhooks/{number}/clientConfig/caBundle"} for number in range(len(before))]
    faulty.kubectl("patch", "mutatingwebhookconfiguration", "sidewire", "--type=json", "-p", json.dumps(cleared))
    wait_for(lambda: bundles(faulty) == before, PATIENCE, "the bundles of before")
    wait_until_it_injects(faulty)
    make(faulty, NAMESPACE, application("put-back"))
    wait_until_ready(faulty, NAMESPACE, "put-back")


def are_served_by(cluster, pem):
    """Whether that authority, and no other, verifies what each replica serves."""
    cluster.disk("node1", "/var/authority.pem").write_text(pem, encoding="utf-8")
    only = ("-CAfile", "/var/authority.pem", "-no-CApath", "-no-CAstore", "-verify_return_error")
    for replica in replicas(cluster):
        cluster.node("node1", "openssl", "s_client", *only, "-connect", replica["status"]["podIP"] + ":8443", input="")
    return True


def test_no_pod_is_refused_while_the_authority_is_replaced(faulty):
    settle(faulty)
    old = authority(faulty)
    assert are_served_by(faulty, old)
    with creations(faulty, NAMESPACE, 50, per_second=10) as pods:
        begin = time.monotonic()
        faulty.kubectl(*SYSTEM, "delete", "secret", "sidewire-ca")
        new = wait_for(lambda: authority(faulty) != old and authority(faulty), PATIENCE, "another authority")
        wait_for(lambda: are_served_by(faulty, new), PATIENCE, "certificates that it has signed")
        print(f"\nboth replicas served certificates of the new authority after {time.monotonic() - begin:.1f} s")
    print(f"{pods.made} of {pods.asked} pods were made")
    assert pods.wrong == []
    with pytest.raises(RuntimeError):
        are_served_by(faulty, old)


def test_a_dead_agent_is_not_missed(faulty):
    """Not by new pods; and who starts in its place finds everything as it should be."""
    conflist = faulty.conflist("node2").read_bytes()
    dead = has_agent(faulty, "node2")
    faulty.node("node2", "pkill", "-KILL", "-x", "sidewire-node")
    make(faulty, NAMESPACE, application("agentless", "node2"))
    wait_until_ready(faulty, NAMESPACE, "agentless")
    assert is_redirected(faulty, NAMESPACE, "agentless")
    wait_for(lambda: has_agent(faulty, "node2") not in ([], dead), PATIENCE, "another agent")
    rollout(faulty, "daemonset/sidewire-node")
    assert faulty.conflist("node2").read_bytes() == conflist


@pytest.mark.parametrize("node", NODES)
def test_a_plugin_that_is_deleted_is_put_back(faulty, node):
    plugin = faulty.disk(node, PLUGIN)
    before = plugin.read_bytes()
    plugin.unlink()
    wait_for(plugin.exists, PATIENCE, "the plugin")
    assert plugin.read_bytes() == before
    assert plugin.stat().st_mode & 0o777 == 0o755


def test_sandboxes_are_made_without_the_api_server(faulty):
    """The runtime hands everything to the plugin. The sandbox of a pod dies while the API server is away."""
    make(faulty, NAMESPACE, application("server", "node1"), application("client", "node2"))
    wait_until_ready(faulty, NAMESPACE, "server", "client")
    where = (faulty, "node2", NAMESPACE, "client")
    old, _ = sandbox(*where)
    faulty.command("stop", "node1", "kube-apiserver")
    try:
        with pytest.raises(RuntimeError, match="refused"):
            faulty.get("nodes")
        faulty.node("node2", "ctr", "-n", "k8s.io", "task", "kill", "-s", "KILL", old)
        wait_for(lambda: sandbox(*where)[0] != old, PATIENCE, "another sandbox")
        wait_for(lambda: lead_to_envoy(rules_on(*where)), PATIENCE, "rules in it")
    finally:
        faulty.command("start", "node1", "kube-apiserver")
    wait_for(lambda: application_status(faulty, NAMESPACE, "client")["restartCount"] == 1, PATIENCE,
             "the application's start")
    wait_until_ready(faulty, NAMESPACE, "client")
    call(faulty, NAMESPACE, "client", "server")
