# SPDX-License-Identifier: GPL-2.0-or-later
"""Captured DNS, and DNS that is not, from one source port to one server: conntrack keeps them apart, or a question
that the proxy asks would come back to itself. The plan is put in force by iptables' own tools."""

import contextlib
import json
import select
import socket

import pytest

import lab

DOCUMENT = json.loads((lab.ROOT / "tests/golden/plan/redirect-dns-everywhere.in.json")
                      .read_text(encoding="utf-8"))
RESTORE = {4: "iptables-legacy-restore", 6: "ip6tables-legacy-restore"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
KIND = {4: socket.AF_INET, 6: socket.AF_INET6}
APPLICATION, PROXY, EXCLUDED = 1000, int(DOCUMENT["proxyUids"]), int(DOCUMENT["excludeUids"])
SOURCE_PORT, SECONDS = 16053, 2


def plan(mode, family, **changes):
    """What iptables-restore reads."""
    text = json.dumps({**DOCUMENT, "mode": mode, "dropInvalid": True, "nonTcp": "reject", **changes})
    both = lab.run([lab.BUILD / "golden-plan"], input=text)
    return both.removeprefix("# IPv4\n").split("# IPv6\n")[0 if family == 4 else 1]


def bind(namespace, family, address, user=0):
    """A UDP socket of that user, bound there."""
    with namespace.inside(user):
        made = socket.socket(KIND[family], socket.SOCK_DGRAM)
    made.settimeout(SECONDS)
    made.bind(address)
    return made


class Servers:
    """The server that everybody asks, the proxy's, and one on the pod's loopback. The proxy's is on loopback, and on the
    others of the pod's addresses that are told."""

    def __init__(self, pod, peer, family, *others):
        self._pod, self._family = pod, family
        self._stack = contextlib.ExitStack()
        self.server = (peer.ipv4 if family == 4 else peer.ipv6, 53)
        self.local = (LOOPBACK[family], 53)
        self._names = {}
        proxies = [("proxy", pod, (host, DOCUMENT["dnsPort"])) for host in (LOOPBACK[family], *others)]
        for name, namespace, address in (("server", peer, self.server), ("local", pod, self.local), *proxies):
            self._names[self._stack.enter_context(bind(namespace, family, address))] = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def ask(self, user, address, source=("", SOURCE_PORT), caller=None):
        """Which of them answers a question from the one port; only the address that was asked may."""
        with bind(caller or self._pod, self._family, source, user) as client:
            client.connect(address)
            client.send(b"question")
            asked, _, _ = select.select(list(self._names), [], [], SECONDS)
            for server in asked:
                server.sendto(self._names[server].encode(), server.recvfrom(64)[1])
            return client.recv(64).decode()


@pytest.mark.parametrize("family", [4, 6], ids=["v4", "v6"])
@pytest.mark.parametrize("mode", ["redirect", "tproxy"])
def test_one_source_port_asks_one_server_as_different_users(network, mode, family):
    pod, peer = network.add_pod("pod"), network.add_pod("peer")
    pod.run([RESTORE[family]], input=plan(mode, family))
    with Servers(pod, peer, family) as servers:
        asked = [(APPLICATION, servers.server, "proxy"), (PROXY, servers.server, "server"),
                 (APPLICATION, servers.server, "proxy"), (EXCLUDED, servers.server, "server"),
                 (APPLICATION, servers.local, "local"), (PROXY, servers.local, "local"),
                 (APPLICATION, servers.server, "proxy")]
        assert [servers.ask(user, address) for user, address, _ in asked] == [name for *_, name in asked]


@pytest.mark.parametrize("family", [4, 6], ids=["v4", "v6"])
def test_a_question_on_lo_and_its_answer_are_one_connection(network, family):
    pod, peer = network.add_pod("pod"), network.add_pod("peer")
    pod.run([RESTORE[family]], input=plan("redirect", family))
    with Servers(pod, peer, family) as servers:
        assert servers.ask(APPLICATION, servers.local) == "local"
    assert pod.run(["cat", "/proc/sys/net/netfilter/nf_conntrack_count"]).strip() == "1"


@pytest.mark.parametrize("family", [4, 6], ids=["v4", "v6"])
@pytest.mark.parametrize("mode", ["redirect", "tproxy"])
def test_port_53_may_be_at_both_ends(network, mode, family):
    """Of a caller that asks the pod's own DNS server, of an application, and of a guest that is rerouted."""
    pod, peer = network.add_pod("pod"), network.add_pod("peer")
    guest = network.add_guest(pod, "guest", "tap0", (("10.99.0.1", "fd99::1"), ("10.99.0.2", "fd99::2")))
    own, at_guest = (pod.ipv4, "10.99.0.1") if family == 4 else (pod.ipv6, "fd99::1")
    pod.run([RESTORE[family]], input=plan(mode, family, rerouteInterfaces="tap0"))
    with bind(pod, family, (own, 53), APPLICATION) as server, bind(network.node, family, ("", 53)) as client:
        client.connect((own, 53))
        client.send(b"question")
        server.sendto(b"answer", server.recvfrom(64)[1])
        assert client.recv(64) == b"answer"
    with Servers(pod, peer, family, at_guest) as servers:
        assert servers.ask(APPLICATION, servers.server, (own, 53)) == "proxy"
        assert servers.ask(0, servers.server, ("", 53), guest) == servers.ask(0, servers.server, caller=guest) == "proxy"
