# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate answers when both the rules and the proxy are there, and only then: the kubelet, and sidewire-gate. Which
calls are those of the gate the tables tell."""

import pytest

import kubelet
import lab
from traffic import APPLICATION, address

GATE = 15999
SECONDS_TO_ANSWER = 10
PROBE = {"tcpSocket": {"port": GATE}}


def is_open(network, rig, family):
    """Whether the kubelet's question is answered."""
    return kubelet.is_answering(network.node, rig.pod, PROBE, address(rig, "own", family))


def ask_inside(rig):
    """Whether sidewire-gate is answered at once."""
    asking = rig.pod.start([lab.BUILD / "sidewire-gate", "--timeout", "0"])
    return asking.wait(SECONDS_TO_ANSWER) == 0


@pytest.mark.parametrize("family", (4, 6))
def test_gate_is_not_answered_without_the_proxy(traffic_network, rig, family):
    """Neither rules alone open the gate, nor the proxy alone."""
    rig.apply({})
    rig.stop_proxy()
    try:
        assert not is_open(traffic_network, rig, family)
        assert not ask_inside(rig)
    finally:
        rig.start_proxy()
    assert is_open(traffic_network, rig, family)
    assert ask_inside(rig)
    rig.remove()
    assert not is_open(traffic_network, rig, family)
    assert not ask_inside(rig)


def count_gate_sockets(rig):
    """How many connections there are, or were a moment ago, from the gate's port or to it."""
    return len(rig.pod.run(["ss", "-Htan", f"sport = {GATE} or dport = {GATE}"]).splitlines())


def test_gate_makes_no_loop(rig):
    """A proxy that passes on what sidewire-gate asks is refused at once; redirected to itself
    again, it would make connections until it has no more of them."""
    rig.apply({})
    before = count_gate_sockets(rig)
    assert ask_inside(rig)
    rig.way(rig.call(rig.pod, address(rig, "peer", 4), 80, user=APPLICATION))
    assert count_gate_sockets(rig) <= before + 4
