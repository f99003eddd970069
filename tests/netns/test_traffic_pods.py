# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods that are otherwise: with a user namespace of their own (hostUsers: false), and without IPv6. Servers of the test
stand on the proxy's ports: it is about the rules."""

import json

import pytest

import calls
import containerd
import lab
import matrix
import plugin
import rigs
from traffic import ALL_NETWORKS, APP, DNS, DNS_PORT, INBOUND, MODES, OUTBOUND, PEER, PROXY, SIDECAR

PORT = 80
PORTS = {OUTBOUND: 15001, INBOUND: 15006, DNS: 15053}
SETTINGS = {"proxyMark": 4711, "dnsPort": PORTS[DNS], "dnsServers": ALL_NETWORKS, "nonTcp": "reject"}


def no_shift(user):
    return user


def shift(user):
    """Who this user of the pod is outside of it."""
    return tuple(lab.OwnUsersPod.FIRST_ID + number for number in user)


def ways(pod, peer, family, shifted):
    """Which server answers: the application's call of the peer, its question for a name, the proxy's call, and the
    peer's call."""
    application, proxy = (caller._replace(user=shifted(caller.user)) for caller in (APP, SIDECAR))
    found = []
    for call, namespace, caller, target, port in ((calls.tcp, pod, application, peer, PORT),
                                                  (calls.udp, pod, application, peer, DNS_PORT),
                                                  (calls.udp, pod, application, peer, PORT),
                                                  (calls.tcp, pod, proxy, peer, PORT),
                                                  (calls.tcp, peer, PEER, pod, PORT)):
        source = ({4: "0.0.0.0", 6: "::"}[family], next(calls.SOURCE_PORTS))
        found.append(call(namespace, caller, source, (target.ipv4 if family == 4 else target.ipv6, port)).server)
    return found


def check(pod, peer, observer, mode, backend, families, shifted=no_shift):
    """Applies a document, makes the calls, and removes it."""
    for name, port in PORTS.items():
        observer.capture(pod, port, name, shifted(PROXY), mode, families)
    before = pod.rules()
    annotations = {rigs.REDIRECT: json.dumps(matrix.document(plugin.DOCUMENT, {**SETTINGS, "mode": mode}))}
    for command in ("ADD", "CHECK"):
        containerd.call(command, pod, annotations, backend=backend)
    for family in families:
        assert ways(pod, peer, family, shifted) == [OUTBOUND, DNS, calls.REFUSED, "server", INBOUND]
    containerd.call("DEL", pod, annotations, backend=backend)
    assert pod.rules() == before


@pytest.mark.parametrize("backend", ("iptables", "nftables"))
@pytest.mark.parametrize("mode", MODES)
def test_own_users(traffic_network, peer, observer, mode, backend):
    """Ids are those of the pod's user namespace."""
    if lab.is_in_chroot():
        pytest.skip("the kernel makes no user namespaces in a chroot")
    pod = traffic_network.add_pod(f"users-{mode}-{backend}", is_of_own_users=True)
    check(pod, peer, observer, mode, backend, (4, 6), shift)


@pytest.mark.parametrize("backend", ("iptables", "nftables"))
@pytest.mark.parametrize("mode", MODES)
def test_without_ipv6(traffic_network, peer, observer, mode, backend):
    pod = traffic_network.add_pod(f"v4-{mode}-{backend}")
    for name in ("all", "lo", "eth0"):
        pod.run(["sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1"])
    check(pod, peer, observer, mode, backend, (4,))
