# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kubelet believes of applications that listen, and of those that do not, in every mode of the annotation
`probes`."""

import itertools
import json

import pytest

from cluster import wait_for
from injected import ENABLED, PATIENCE, SYSTEM, application, is_injected, make, wait_until_ready

NAMESPACE = "probes"
RESTRICTED = "probes-restricted"
MODES = ("auto", "keep", "exec", "exempt")
PORT = 8080
ACTIONS = {"tcp": {"tcpSocket": {"port": PORT}},
           "http": {"httpGet": {"path": "/cgi-bin/who", "port": PORT}},
           "https": {"httpGet": {"path": "/cgi-bin/who", "port": PORT, "scheme": "HTTPS"}},
           "grpc": {"grpc": {"port": PORT}}}
# The test's application speaks HTTP only: it answers these two.
ANSWERED = ("tcp", "http")
DEAF = ["sleep", "1000000"]
SECURITY = {"runAsUser": 1000, "runAsNonRoot": True, "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}

LISTENING = list(itertools.product(MODES, ANSWERED))
NOT_LISTENING = list(itertools.product(MODES, ACTIONS))


def probed(name, mode, action, is_listening, place="readinessProbe"):
    """A pod whose application listens or not, and the kubelet asks for it every second."""
    made = application(name, annotations={"sidewire.io/probes": mode})
    container = made["spec"]["containers"][0]
    container[place] = {**ACTIONS[action], "periodSeconds": 1, "timeoutSeconds": 3}
    if not is_listening:
        container["command"] = DEAF
    return made


def name_of(mode, action, is_listening):
    return f"{mode}-{action}-{'listens' if is_listening else 'deaf'}"


def is_blind(mode, action):
    """Whether the proxy answers in the application's stead."""
    return (mode, action) == ("keep", "tcp")


def container_of(cluster, name, namespace=NAMESPACE):
    """The pod's application container as the API server has it."""
    return cluster.get("-n", namespace, "pod", name)["spec"]["containers"][0]


def is_ready(cluster, name):
    """Whether the kubelet says so."""
    conditions = cluster.get("-n", NAMESPACE, "pod", name)["status"].get("conditions", [])
    return {"type": "Ready", "status": "True"}.items() <= \
        next((one for one in conditions if one["type"] == "Ready"), {}).items()


def refusal(cluster, name):
    """What the application's readiness probe said, once it has failed; the sidecar's gate fails at first, too."""
    which = ("-n", NAMESPACE, "events", f"--field-selector=involvedObject.name={name},reason=Unhealthy")
    said = wait_for(lambda: [one["message"] for one in cluster.get(*which)["items"]
                             if one["message"].startswith("Readiness probe ")
                             and one["involvedObject"].get("fieldPath") == "spec.containers{app}"],
                    PATIENCE, f"a readiness probe of {name} to fail")
    return said[-1]


@pytest.fixture(scope="module", name="pods")
def _pods(installed):
    with installed.namespace(NAMESPACE, ENABLED):
        make(installed, NAMESPACE,
             *(probed(name_of(mode, action, True), mode, action, True) for mode, action in LISTENING),
             *(probed(name_of(mode, action, False), mode, action, False) for mode, action in NOT_LISTENING))
        yield installed


def test_the_nodes_can_mount_image_volumes(installed):
    """So it was found out, and said."""
    said = installed.kubectl(*SYSTEM, "logs", "-l", "app.kubernetes.io/name=sidewire-webhook", "--tail=-1")
    lines = [json.loads(line) for line in said.splitlines() if '"image volumes of the nodes"' in line]
    assert lines and {line["answer"] for line in lines} == {"yes"}


@pytest.mark.parametrize("mode, action", LISTENING)
def test_who_listens_is_ready(pods, mode, action):
    name = name_of(mode, action, True)
    wait_until_ready(pods, NAMESPACE, name)
    assert is_injected(pods.get("-n", NAMESPACE, "pod", name))


@pytest.mark.parametrize("mode, action", [row for row in NOT_LISTENING if not is_blind(*row)])
def test_who_does_not_listen_is_not_ready(pods, mode, action):
    name = name_of(mode, action, False)
    said = refusal(pods, name)
    assert not is_ready(pods, name)
    if action == "tcp" and mode in ("auto", "exec"):
        assert f"sidewire-gate: nobody in this pod answers on port {PORT}: Connection refused" in said


def test_what_the_proxy_answers_is_no_sign(pods):
    """The reason for all of it."""
    wait_until_ready(pods, NAMESPACE, name_of("keep", "tcp", False))


@pytest.mark.parametrize("mode, action", LISTENING)
def test_what_became_of_the_probe(pods, mode, action):
    probe = container_of(pods, name_of(mode, action, True))["readinessProbe"]
    is_exec = action == "tcp" and mode in ("auto", "exec")
    assert ("exec" in probe) == is_exec
    assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (1, 3)


def test_an_application_that_stops_listening_is_started_again(pods):
    """A liveness probe that is an exec probe."""
    deaf = probed("dies", "exec", "tcp", True, place="livenessProbe")
    deaf["spec"]["containers"][0]["command"] = [
        "sh", "-c", f"timeout 10 httpd -f -p {PORT} -h /www; exec sleep 1000000"]
    make(pods, NAMESPACE, deaf)

    def restarts():
        statuses = pods.get("-n", NAMESPACE, "pod", "dies")["status"].get("containerStatuses")
        return statuses and statuses[0]["restartCount"]

    wait_for(restarts, PATIENCE, "the application to be started again")


@pytest.mark.parametrize("mode", ["auto", "exec"])
def test_a_restricted_namespace_takes_exec_probes(installed, mode):
    labels = {**ENABLED, "pod-security.kubernetes.io/enforce": "restricted"}
    with installed.namespace(f"{RESTRICTED}-{mode}", labels) as namespace:
        made = probed("restricted", mode, "tcp", True)
        made["spec"]["containers"][0]["securityContext"] = SECURITY
        make(installed, namespace, made)
        assert "exec" in container_of(installed, "restricted", namespace)["readinessProbe"]
        wait_until_ready(installed, namespace, "restricted")


def test_the_shipped_profile_has_no_server_for_probes(pods):
    with pytest.raises(RuntimeError, match="profile 'envoy' has no server for probes"):
        make(pods, NAMESPACE, probed("rewrite", "rewrite", "http", True))
