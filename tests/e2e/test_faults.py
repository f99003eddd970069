# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of parts of sidewire that fail, are replaced, or are away: nothing, or a clear refusal."""

import json
import time

import pytest

from cluster import NODES, wait_for
from creations import creations
from injected import (ENABLED, PATIENCE, SYSTEM, application, call, has_agent, is_injected, is_redirected, make, rollout,
                      wait_until_it_injects, wait_until_ready)

NAMESPACE = "faults"
PLAIN = "faults-plain"
BLOCKED = "faults-blocked"
WEBHOOK = "deployment/sidewire-webhook"
REPLICAS = ("-l", "app.kubernetes.io/name=sidewire-webhook")


@pytest.fixture(scope="module", name="faulty")
def _faulty(installed):
    """The cluster, with a namespace of each kind."""
    with installed.namespace(NAMESPACE, ENABLED), installed.namespace(PLAIN), \
            installed.namespace(BLOCKED, {"sidewire.io/inject": "disabled"}):
        yield installed


def replicas(cluster):
    """The webhook's pods."""
    return cluster.get(*SYSTEM, "pods", *REPLICAS)["items"]


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
        with pytest.raises(RuntimeError, match=r'failed calling webhook "\w+\.sidewire\.io": .*sidewire-webhook\.sidewire-system'):
            make(deserted, namespace, labelled("refused", label))
        assert not deserted.get("-n", namespace, "pods", "--field-selector=metadata.name=refused")["items"]

    @pytest.mark.parametrize("namespace, label", [
        (NAMESPACE, "false"), (PLAIN, None), (PLAIN, "false"), (BLOCKED, None), (BLOCKED, "true"), ("kube-system", None),
        ("kube-system", "true"), ("sidewire-system", None)])
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
        cluster.kubectl("drain", "node2", "--ignore-daemonsets", "--pod-selector=app.kubernetes.io/name=sidewire-webhook",
                        f"--timeout={PATIENCE}s", seconds=PATIENCE + 10)
        settle(cluster)
    finally:
        cluster.kubectl("uncordon", "node2")


def delete(cluster):
    """A replica is deleted."""
    cluster.kubectl(*SYSTEM, "delete", "pod", replicas(cluster)[0]["metadata"]["name"])
    settle(cluster)


@pytest.fixture(name="spread")
def _spread(faulty):
    """Afterwards a replica is on each node again."""
    yield
    if {pod["spec"]["nodeName"] for pod in replicas(faulty)} != set(NODES):
        update(faulty)


@pytest.mark.parametrize("happens", [update, drain, delete])
def test_no_pod_is_refused_while_replicas_change(faulty, spread, happens):  # pylint: disable=unused-argument
    with creations(faulty, NAMESPACE, 200) as pods:
        begin = time.monotonic()
        happens(faulty)
        print(f"\n{happens.__name__} took {time.monotonic() - begin:.1f} s")
    print(f"{pods.made} of {pods.asked} pods were made")
    assert pods.wrong == []


def test_few_pods_are_refused_when_a_replica_dies(faulty):
    with creations(faulty, NAMESPACE, 200) as pods:
        killed = time.monotonic() - pods.begin
        faulty.node("node2", "pkill", "-KILL", "-f", "^/sidewire-webhook")
        time.sleep(5)
        rollout(faulty, WEBHOOK)
    print(f"\nkilled at {killed:.2f} s: {pods.made} of {pods.asked} pods were made; {pods.wrong}")
    assert pods.wrong == []
