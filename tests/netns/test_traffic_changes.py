# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy that goes and comes back, what it cannot pass on, and its own ports."""

import socket

import pytest

import kubelet
import matrix
from calls import REFUSED, SILENT
from traffic import APPLICATION, INBOUND, OUTBOUND, address

SECONDS_OF_SILENCE = 0.5
# REDIRECT leads to a port where nobody listens, which refuses. TPROXY leads to a socket, and drops what has none.
DEAD = {"redirect": (REFUSED, REFUSED), "tproxy": (REFUSED, SILENT), "tproxy-both": (SILENT, SILENT)}


def reaction(namespace, host, user):
    """What a call of port 80 comes to, where there is no proxy; None if somebody takes it."""
    try:
        namespace.connect(host, 80, user, seconds=SECONDS_OF_SILENCE).close()
    except ConnectionRefusedError:
        return REFUSED
    except socket.timeout:
        return SILENT
    return None


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("backend", ("iptables", "nftables"))
def test_nothing_leaks_past_a_dead_proxy(rig, peer, family, backend):
    """Calls come to nothing, both ways. With the proxy they work again."""
    rig.remove()
    rig.put(matrix.document(rig.document, {}), backend)
    rig.stop_proxy()
    try:
        found = (reaction(rig.pod, address(rig, "peer", family), APPLICATION),
                 reaction(peer, address(rig, "own", family), (0, 0)))
    finally:
        rig.start_proxy()
    assert found == DEAD[rig.kind.mode]
    outbound = rig.call(rig.pod, address(rig, "peer", family), 80, user=APPLICATION)
    assert rig.way(outbound) == OUTBOUND
    assert rig.way(rig.call(peer, address(rig, "own", family), 80)) == INBOUND


def test_haproxy_refuses_what_it_cannot_pass_on(rig, peer):
    """IPv6 neither passes it by nor loops."""
    rig.apply({})
    assert kubelet.is_refused(rig.pod, address(rig, "peer", 6), 80)
    assert kubelet.is_refused(peer, address(rig, "own", 6), 80)


METRICS = {"envoy": "/stats/prometheus", "haproxy": "/metrics"}


@pytest.mark.parametrize("family", (4, 6))
def test_the_proxy_s_own_ports(rig, traffic_network, family):
    """The kubelet and Prometheus reach the proxy itself, not the application through it."""
    rig.apply({})
    for port, path in ((15021, "/healthz/ready"), (15090, METRICS[rig.kind.container])):
        probe = {"httpGet": {"port": port, "path": path}}
        host = address(rig, "own", family)
        assert kubelet.is_answering(traffic_network.node, rig.pod, probe, host)
