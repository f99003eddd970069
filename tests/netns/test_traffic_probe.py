# SPDX-License-Identifier: GPL-2.0-or-later
"""Probes of an application behind a real proxy: who answers the kubelet, and who the exec probe that the webhook has
made of it."""

import subprocess

import pytest

import kubelet
import lab
from traffic import APPLICATION, OUTBOUND, address, annotations

# Nobody listens here but what a test starts.
PORT = 8099
PROBE = {"tcpSocket": {"port": PORT}}
IMAGE_PATH = "/sidewire/"
EXEC = {"sidewire.io/probes": "exec"}

SETTINGS = [
    {},
    {"profiles": "self-call"},
    {"include-outbound-ports": "80"},
    {"exclude-outbound-ports": str(PORT)},
    {"include-outbound-cidrs": "127.0.0.0/8,10.0.0.0/8,::/0"},
]


def exec_probe(rig, settings):
    """The words of the exec probe that the webhook makes of a tcpSocket probe at PORT."""
    pod_object = rig.create({**EXEC, **annotations(settings)}, {"readinessProbe": PROBE})
    container, = pod_object["spec"]["containers"]
    program, *words = container["readinessProbe"]["exec"]["command"]
    assert "tcpSocket" not in container["readinessProbe"]
    assert program.startswith(IMAGE_PATH)
    return [lab.BUILD / program.removeprefix(IMAGE_PATH), *words]


def is_ready(rig, command):
    """Runs the probe as the kubelet has it run: in the application's container, as its user."""
    asking = rig.pod.start(command, user=APPLICATION, stderr=subprocess.DEVNULL)
    return asking.wait(10) == 0


def crossings(rig):
    """How many connections the proxy has logged."""
    return sum(line.startswith("{") for line in rig.log.path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_exec_probe_asks_the_application(rig, settings):
    rig.apply(annotations(settings))
    command = exec_probe(rig, settings)
    places = [address(rig, place, family) for place in ("loopback", "own") for family in (4, 6)]
    before = crossings(rig)
    assert not is_ready(rig, command), "nobody listens"
    for host in places + ["::"]:
        with rig.pod.listen(host, PORT):
            assert is_ready(rig, command), host
        assert not is_ready(rig, command), f"nobody listens any more at {host}"
    # The log is written in order: what the probe made of it would stand before this call's line.
    assert rig.way(rig.call(rig.pod, address(rig, "peer", 4), 80, user=APPLICATION)) == OUTBOUND
    assert crossings(rig) - before == 1, "the proxy had nothing to do with it"


@pytest.mark.parametrize("family", (4, 6))
def test_the_kubelets_own_call_is_answered_by_the_proxy(traffic_network, rig, family):
    """This is what the exec probe is for. Where the port is left out of the redirect (`exempt`), it is not so."""
    host = address(rig, "own", family)
    rig.apply({})
    assert kubelet.is_answering(traffic_network.node, rig.pod, PROBE, host)
    rig.apply(annotations({"exclude-inbound-ports": str(PORT)}))
    assert not kubelet.is_answering(traffic_network.node, rig.pod, PROBE, host)
    with rig.pod.listen(host, PORT):
        assert kubelet.is_answering(traffic_network.node, rig.pod, PROBE, host)


def test_exempt_leaves_the_port_out(webhook):
    """The rules of the case before come from this annotation, too."""
    made = webhook.create({"sidewire.io/probes": "exempt"}, {"readinessProbe": PROBE})
    assert f'"excludeInboundPorts":"{PORT},' in made["metadata"]["annotations"]["sidewire.io/redirect"]


def test_without_a_proxy_that_runs(rig):
    """The probe is about the application: whether the proxy runs its own probe tells."""
    rig.apply({})
    command = exec_probe(rig, {})
    rig.stop_proxy()
    try:
        assert not is_ready(rig, command)
        with rig.pod.listen("::", PORT):
            assert is_ready(rig, command)
    finally:
        rig.start_proxy()
