# SPDX-License-Identifier: GPL-2.0-or-later
"""Both gates, on a node whose pods nobody redirects: applications wait, and the cluster's own tools say for what."""

import time

import pytest

from cluster import wait_for
from injected import (ENABLED, PATIENCE, agent_kept_off, application, application_status, event, is_injected,
                      is_redirected, make, rules, wait_until_ready, write_whole)

NODE = "node2"
NAMESPACE = "gates"
PLAIN = "gates-plain"
GATES = ("probe", "exec")


def guarded(name, gate):
    """An application behind that gate."""
    return application(name, NODE, {"sidewire.io/gate": gate})


def sidecar(cluster, name):
    """The status of the pod's Envoy."""
    status, = cluster.get("-n", NAMESPACE, "pod", name)["status"]["initContainerStatuses"]
    return status


@pytest.fixture(scope="module", name="namespaces")
def _namespaces(installed):
    with installed.namespace(NAMESPACE, ENABLED), installed.namespace(PLAIN):
        yield


@pytest.fixture(scope="class", name="unguarded")
def _unguarded(installed, namespaces):  # pylint: disable=unused-argument
    """The entry is gone from the node's conflist, and no agent puts it back. Pods were made after that."""
    conflist = installed.conflist(NODE)
    with agent_kept_off(installed, NODE):
        with_entry = conflist.read_bytes()
        write_whole(conflist, installed.before[NODE])
        make(installed, NAMESPACE, *(guarded(gate, gate) for gate in GATES), guarded("leaving", "exec"))
        make(installed, PLAIN, application("plain", NODE))
        yield installed
        installed.kubectl("-n", NAMESPACE, "delete", "pod", "--all", "--force")
    assert conflist.read_bytes() == with_entry


class TestWhereNobodyRedirects:
    """The agent is away, and so is the plugin's entry."""

    def test_other_pods_do_not_mind(self, unguarded):
        wait_until_ready(unguarded, PLAIN, "plain")

    def test_a_pod_can_be_deleted_while_its_gate_waits(self, unguarded):
        """The kubelet deletes no pod while a postStart runs; so that one does not run for ever."""
        both = {"exec", "leaving"}
        wait_for(lambda: len(unguarded.node(NODE, "pgrep", "-x", "sidewire-gate").split()) == len(both), PATIENCE,
                 "both hooks to run")
        begin = time.monotonic()
        unguarded.kubectl("-n", NAMESPACE, "delete", "pod", "leaving", f"--timeout={PATIENCE}s", seconds=PATIENCE + 10)
        seconds = time.monotonic() - begin
        print(f"\na pod whose gate waits was gone {seconds:.1f} s after it was deleted")
        assert seconds < 35

    @pytest.mark.parametrize("gate", GATES)
    def test_the_application_waits(self, unguarded, gate):
        reason, text = {"probe": ("Unhealthy", "Startup probe failed: dial tcp "),
                        "exec": ("FailedPostStartHook", "")}[gate]
        message = event(unguarded, NAMESPACE, gate, reason)
        status = application_status(unguarded, NAMESPACE, gate)
        assert is_injected(unguarded.get("-n", NAMESPACE, "pod", gate))
        assert status["state"]["waiting"]["reason"] == "PodInitializing"
        assert (status["started"], status["restartCount"], status["lastState"]) == (False, 0, {})
        assert message.startswith(text)
        assert ":15999: connect: connection refused" in message or gate == "exec"

    def test_the_gate_exec_says_why_in_the_pods_status(self, unguarded):
        ended = wait_for(lambda: sidecar(unguarded, "exec")["lastState"].get("terminated") or
                         sidecar(unguarded, "exec")["state"].get("terminated"), PATIENCE, "the hook to give up")
        assert ended["message"].startswith("sidewire-gate: no answer on port 15999 for 30 s (Connection refused): ")
        assert "is sidewire-cni in the node's CNI configuration?" in ended["message"]


@pytest.mark.parametrize("gate", GATES)
def test_made_anew_it_starts(installed, namespaces, gate):  # pylint: disable=unused-argument
    """The agent came back, and with it the entry."""
    name = f"{gate}-anew"
    make(installed, NAMESPACE, guarded(name, gate))
    wait_until_ready(installed, NAMESPACE, name)
    assert is_redirected(installed, NAMESPACE, name)


def test_the_pod_that_has_no_sidecar_has_no_rules(installed, namespaces):  # pylint: disable=unused-argument
    make(installed, PLAIN, application("plain-anew", NODE))
    wait_until_ready(installed, PLAIN, "plain-anew")
    assert rules(installed, PLAIN, "plain-anew") == []
