# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that are applied twice, changed and removed, and a proxy that goes and comes back."""

import socket

import pytest

import kubelet
from traffic import APPLICATION, INBOUND, OUTBOUND, PAST, PORTS, address, annotations

SETTINGS = [
    {},
    {"exclude-outbound-ports": "443", "exclude-inbound-ports": "443"},
    {"include-outbound-cidrs": "10.88.0.0/24,fd88::/64", "include-inbound-ports": "443"},
    {"gate": "none", "exclude-uids": "1000"},
    {"redirect-mode": "none"},
]


def ways(rig, peer):
    """The ways of some connections out and in, of all the families that the proxy can serve."""
    found = []
    for family in rig.families:
        for port in (80, 443):
            for place in ("peer", "far"):
                call = rig.call(rig.pod, address(rig, place, family), port, user=APPLICATION)
                found.append(rig.way(call))
            found.append(rig.way(rig.call(peer, address(rig, "own", family), port)))
    return found


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_twice_is_once(rig, peer, settings):
    """The second ADD leaves the same rules, and connections take the same ways."""
    rig.remove()
    rig.add(annotations(settings))
    rules, found = rig.pod.rules(), ways(rig, peer)
    rig.add(annotations(settings))
    assert rig.pod.rules() == rules
    assert ways(rig, peer) == found


@pytest.mark.parametrize("after", SETTINGS, ids=str)
@pytest.mark.parametrize("before", SETTINGS, ids=str)
def test_changed_is_as_if_it_had_never_been_otherwise(rig, before, after):
    """An ADD over the rules of another document leaves what it leaves where there were none."""
    rig.remove()
    rig.add(annotations(after))
    expected = rig.pod.rules()
    rig.remove()
    rig.add(annotations(before))
    rig.add(annotations(after))
    assert rig.pod.rules() == expected


def test_changed_traffic(rig, peer):
    """Connections take their ways by the document that came last."""
    rig.apply({})
    assert set(ways(rig, peer)) == {OUTBOUND, INBOUND}
    rig.add(annotations({"exclude-uids": "1000", "include-inbound-ports": "443"}))
    assert ways(rig, peer) == [PAST, PAST, PAST, PAST, PAST, INBOUND] * len(rig.families)
    rig.add(annotations({"redirect-mode": "none"}))
    assert set(ways(rig, peer)) == {PAST}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_removed_is_as_if_nothing_had_been(rig, peer, settings):
    """DEL leaves the namespace as it was, and connections pass."""
    rig.remove()
    before = rig.pod.rules()
    rig.add(annotations(settings))
    rig.remove()
    assert rig.pod.rules() == before
    assert set(ways(rig, peer)) == {PAST}


@pytest.mark.parametrize("family", (4, 6))
def test_a_dead_proxy_refuses(rig, peer, family):
    """Without the proxy nothing leaks past it: calls are refused at once, both ways. With it they
    work again."""
    rig.apply({})
    rig.stop_proxy()
    try:
        assert kubelet.is_refused(rig.pod, address(rig, "peer", family), 80)
        assert kubelet.is_refused(peer, address(rig, "own", family), 80)
    finally:
        rig.start_proxy()
    outbound = rig.call(rig.pod, address(rig, "peer", family), 80, user=APPLICATION)
    assert rig.way(outbound) == OUTBOUND
    assert rig.way(rig.call(peer, address(rig, "own", family), 80)) == INBOUND


@pytest.mark.parametrize("family", (4, 6))
def test_udp_passes(rig, peer, family):
    """Only TCP is redirected."""
    rig.apply({})
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    host = address(rig, "peer", family)
    with peer.inside():
        server = socket.socket(kind, socket.SOCK_DGRAM)
    with rig.pod.inside(*APPLICATION):
        client = socket.socket(kind, socket.SOCK_DGRAM)
    with server, client:
        server.bind((host, PORTS[0]))
        server.settimeout(2)
        client.connect((host, PORTS[0]))
        client.send(b"past")
        data, source = server.recvfrom(10)
        assert (data, source[:2]) == (b"past", client.getsockname()[:2])


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
    for port, path in ((15021, "/healthz/ready"), (15090, METRICS[rig.profile])):
        probe = {"httpGet": {"port": port, "path": path}}
        host = address(rig, "own", family)
        assert kubelet.is_answering(traffic_network.node, rig.pod, probe, host)
