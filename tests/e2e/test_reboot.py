# SPDX-License-Identifier: GPL-2.0-or-later
"""A node loses its power. What is on its disk must be enough: pods come back, redirected, before any agent does."""

import pytest

from cluster import wait_for
from injected import (ENABLED, PATIENCE, PLUGIN, agent_kept_off, application, application_status, call, has_agent,
                      is_redirected, make, rollout, sandbox, wait_until_ready)

NODE = "node2"
NAMESPACE = "reboot"
PLAIN = "reboot-plain"


@pytest.fixture(scope="module", name="namespaces")
def _namespaces(installed):
    with installed.namespace(NAMESPACE, ENABLED), installed.namespace(PLAIN):
        yield
        rollout(installed, "deployment/sidewire-webhook")


@pytest.fixture(scope="class", name="agentless")
def _agentless(installed, namespaces):  # pylint: disable=unused-argument
    """A node whose agent went, and left everything as it was; with a pod on it, and one elsewhere."""
    with agent_kept_off(installed, NODE):
        make(installed, NAMESPACE, application("here", NODE), application("elsewhere", "node1"))
        wait_until_ready(installed, NAMESPACE, "here", "elsewhere")
        yield installed


@pytest.fixture(scope="class", name="waiting")
def _waiting(agentless):
    """Each namespace has a pod from after the plugin went. They are made at once: within seconds its runtime says
    that the node has no network, and it gets no pods any more."""
    agentless.disk(NODE, PLUGIN).unlink()
    for namespace in (NAMESPACE, PLAIN):
        make(agentless, namespace, application("waits", NODE))
    return agentless


def reasons_to_wait(cluster, namespace):
    """The event that says why the pod `waits` does, the runtime's own before all others; or None."""
    which = ("-n", namespace, "events", "--field-selector=involvedObject.name=waits")
    found = {event["reason"]: event for event in cluster.get(*which)["items"]}
    reasons = ("FailedCreatePodSandBox", "NetworkNotReady", "FailedScheduling")
    return next((found[reason] for reason in reasons if reason in found), None)


class TestWithoutTheAgent:
    """These come one after the other."""

    def test_new_pods_are_redirected(self, agentless):
        assert is_redirected(agentless, NAMESPACE, "here")
        call(agentless, NAMESPACE, "here", "elsewhere")

    def test_pods_come_back_redirected(self, agentless):
        old = sandbox(agentless, NODE, NAMESPACE, "here")
        status = agentless.get("-n", NAMESPACE, "pod", "here")["status"]
        agentless.command("stop", NODE)
        agentless.command("start", NODE)
        wait_for(lambda: application_status(agentless, NAMESPACE, "here")["restartCount"] == 1, PATIENCE,
                 "the pod's return")
        wait_until_ready(agentless, NAMESPACE, "here")
        assert sandbox(agentless, NODE, NAMESPACE, "here") != old
        assert agentless.get("-n", NAMESPACE, "pod", "here")["status"]["podIP"] != status["podIP"]
        assert is_redirected(agentless, NAMESPACE, "here")
        call(agentless, NAMESPACE, "here", "elsewhere")
        call(agentless, NAMESPACE, "elsewhere", "here")
        assert not has_agent(agentless, NODE)

    @pytest.mark.parametrize("namespace", [NAMESPACE, PLAIN])
    def test_where_the_plugin_is_gone_new_pods_wait(self, waiting, namespace):
        """All that want a network of their own, since the conflist names it; their events say so. Of two, one may
        come when the node is known to have no network, and is not bound to it."""
        said = wait_for(lambda: reasons_to_wait(waiting, namespace), PATIENCE, "an event that says why")
        assert said["reason"] != "FailedCreatePodSandBox" or \
            'failed to find plugin "sidewire-cni" in path [/opt/cni/bin]' in said["message"]
        assert waiting.get("-n", namespace, "pod", "waits")["status"]["phase"] == "Pending"

    def test_the_runtime_says_what_is_missing(self, waiting):
        def said():
            """The reasons of both pods."""
            return [reasons_to_wait(waiting, namespace)["reason"] for namespace in (NAMESPACE, PLAIN)]

        wait_for(lambda: "FailedCreatePodSandBox" in said(), PATIENCE, "the runtime's own words")


def test_with_the_agent_they_start(installed, namespaces):  # pylint: disable=unused-argument
    """It needs no network of its own, and puts the plugin back."""
    assert installed.disk(NODE, PLUGIN).read_bytes() == installed.disk("node1", PLUGIN).read_bytes()
    for namespace in (NAMESPACE, PLAIN):
        wait_until_ready(installed, namespace, "waits")
        assert is_redirected(installed, namespace, "waits") == (namespace == NAMESPACE)
