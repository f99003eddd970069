# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate answers when both the rules and the proxy are there, and only then."""

import socket
import struct

import pytest

import kubelet
import lab
from traffic import APPLICATION, PROXY, address, annotations

GATE = 15999
GATE_SOURCE = 15998
SECONDS_TO_ANSWER = 10
PROBE = {"tcpSocket": {"port": GATE}}

# Annotations, and whether the gate answers when the proxy is up.
SETTINGS = [
    ({}, True),
    # The gate stands before every exclusion.
    ({"exclude-inbound-ports": "1-65535"}, True),
    ({"exclude-inbound-cidrs": "0.0.0.0/0,::/0"}, True),
    ({"include-inbound-ports": "80"}, True),
    ({"exclude-outbound-ports": "1-65535"}, True),
    # Port 15999 is then a port as any other.
    ({"gate": "none", "include-inbound-ports": "80"}, False),
    ({"redirect-mode": "none"}, False),
]


def is_open(network, rig, family):
    """Whether the kubelet's question is answered."""
    return kubelet.is_answering(network.node, rig.pod, PROBE, address(rig, "own", family))


def ask_inside(rig):
    """Whether sidewire-gate is answered at once."""
    asking = rig.pod.start([lab.BUILD / "sidewire-gate", "--timeout", "0"])
    return asking.wait(SECONDS_TO_ANSWER) == 0


@pytest.mark.parametrize("settings, is_answer", SETTINGS, ids=str)
@pytest.mark.parametrize("family", (4, 6))
def test_gate_from_outside(traffic_network, rig, settings, is_answer, family):
    """The kubelet connects to the pod's address."""
    rig.apply(annotations(settings))
    assert is_open(traffic_network, rig, family) == is_answer


@pytest.mark.parametrize("settings, is_answer", SETTINGS, ids=str)
def test_gate_from_inside(rig, settings, is_answer):
    """sidewire-gate, as postStart runs it."""
    rig.apply(annotations(settings))
    assert ask_inside(rig) == is_answer


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("caller", (APPLICATION, PROXY), ids=("application", "proxy"))
def test_gate_inside_is_for_its_source_port(rig, family, caller):
    """Any other call of the loopback stays there: were the proxy's own redirected, it would come
    back to it without end."""
    rig.apply({})
    host = address(rig, "loopback", family)
    assert kubelet.is_refused(rig.pod, host, GATE, user=caller)
    with rig.pod.connect(host, GATE, caller, (host, GATE_SOURCE)) as client:
        # Ended by a reset, as sidewire-gate does it: the next one needs the port.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("family", (4, 6))
def test_gate_is_not_answered_without_the_proxy(traffic_network, rig, family):
    """Rules alone open no gate."""
    rig.apply({})
    rig.stop_proxy()
    try:
        assert not is_open(traffic_network, rig, family)
        assert not ask_inside(rig)
    finally:
        rig.start_proxy()
    assert is_open(traffic_network, rig, family)
    assert ask_inside(rig)


@pytest.mark.parametrize("family", (4, 6))
def test_gate_is_not_answered_without_rules(traffic_network, rig, family):
    """Neither does the proxy alone."""
    rig.remove()
    assert not is_open(traffic_network, rig, family)
    assert not ask_inside(rig)


def test_gate_makes_no_loop(rig):
    """A proxy that passes on what sidewire-gate asks is refused at once; redirected to itself
    again, it would make connections until it has no more of them."""
    rig.apply({})
    assert ask_inside(rig)
    rig.way(rig.call(rig.pod, address(rig, "peer", 4), 80, user=APPLICATION))
    sockets = rig.pod.run(["ss", "-Htan", f"sport = {GATE} or dport = {GATE}"])
    assert len(sockets.splitlines()) <= 4
