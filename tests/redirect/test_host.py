# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine that others use meanwhile: what is open stays open, SSH is never lost, and what it forwards for others
goes on."""

import contextlib
import os
import socket

import pytest

import plugin
import ssh
from redirect import as_host, document, dump, fail, succeed

SERVICE, AWAY, BEHIND_SSH = 8080, 9090, 7000
PUBLISHED, PUBLISHED_AND_EXCLUDED = 8081, 8082
INBOUND = plugin.DOCUMENT["inboundPort"]
DNS_PORT = 53
HOST_OF_GUEST, GUEST = ("10.99.0.1", "fd99::1"), ("10.99.0.2", "fd99::2")
SSH_IS_LEFT_OUT = "inbound port 22 of this host is left out of the redirect (--no-ssh-exception: it is not)\n"
DOCUMENTS = {
    "redirect": document(),
    "drop-invalid": document(dropInvalid=True, nonTcp="reject"),
    "tproxy": document(mode="tproxy"),
}


@pytest.fixture
def host(pod):
    """It runs nothing but what a test starts: no proxy listens, so that what is redirected is refused."""
    pod.launcher = as_host(pod)
    return pod


class Connection:
    """An open TCP connection, both ends of which are here."""

    def __init__(self, caller, server, host, port, lands=None):
        """The server gets it at `lands` = (host, port), if that is not where the caller sends it."""
        self._stack = contextlib.ExitStack()
        with server.listen(*(lands or (host, port))) as listening:
            self._caller = self._stack.enter_context(caller.connect(host, port))
            self._called = self._stack.enter_context(listening.accept()[0])
        self._called.settimeout(5)

    def carries(self):
        """Whether it still does, both ways."""
        for sender, receiver in ((self._caller, self._called), (self._called, self._caller)):
            word = os.urandom(8)
            sender.sendall(word)
            assert receiver.recv(len(word)) == word
        return True

    def close(self):
        self._stack.close()


class SshConnection:
    """The same, through ssh and sshd."""

    def __init__(self, server, caller, host):
        with server.namespace.listen("127.0.0.1", BEHIND_SSH) as listening:
            listening.settimeout(20)
            self._process = server.call(caller, host, BEHIND_SSH)
            self._called = listening.accept()[0]
        self._called.settimeout(5)

    def carries(self):
        """Whether it still does, both ways."""
        word = os.urandom(8)
        self._process.stdin.write(word)
        assert self._called.recv(len(word)) == word
        self._called.sendall(word)
        assert self._process.stdout.read(len(word)) == word
        return True

    def close(self):
        self._process.stdin.close()
        self._called.close()
        self._process.wait(20)
        self._process.stdout.close()
        self._process.stderr.close()


def is_refused(caller, host, port):
    with pytest.raises(ConnectionRefusedError):
        caller.connect(host, port)
    return True


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_open_stays_open(network, host, text, backend):
    node = network.node
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.closing(ssh.Server(host)))
        before = dump(host)
        opened = [
            Connection(node, host, host.ipv4, SERVICE),
            Connection(node, host, host.ipv6, SERVICE),
            Connection(host, node, "10.77.0.1", AWAY),
            Connection(host, node, "fd77::1", AWAY),
            SshConnection(server, node, host.ipv4),
        ]
        for connection in opened:
            stack.callback(connection.close)
        assert all(connection.carries() for connection in opened)
        told = succeed("apply", "--backend", backend, "--annotation", text, launcher=host.launcher)
        assert told == SSH_IS_LEFT_OUT + "applied\n"
        assert all(connection.carries() for connection in opened)
        assert is_refused(host, "10.77.0.1", AWAY) and is_refused(host, "fd77::1", AWAY)
        later = SshConnection(server, node, host.ipv4)
        stack.callback(later.close)
        assert all(connection.carries() for connection in [*opened, later])
        assert succeed("remove", launcher=host.launcher) == "removed\n"
        assert all(connection.carries() for connection in [*opened, later])
        assert dump(host) == before


def test_sysctls_that_were_set_stay_so(host):
    host.run(["sysctl", "-q", "-w", "net.ipv4.tcp_fwmark_accept=1", "net.ipv6.fwmark_reflect=3"])
    before = dump(host)
    for words in (["apply", "--annotation", DOCUMENTS["tproxy"]], ["apply", "--replace", "--annotation", document()],
                  ["apply", "--replace", "--annotation", DOCUMENTS["tproxy"]]):
        succeed(*words, launcher=host.launcher)
        succeed("verify", *words[-2:], launcher=host.launcher)
        assert host.run(["cat", "/proc/sys/net/ipv4/tcp_fwmark_accept", "/proc/sys/net/ipv6/fwmark_reflect"]) == "1\n3\n"
    succeed("remove", launcher=host.launcher)
    assert dump(host) == before


NAT = f"""table inet nat {{
    chain in {{
        type nat hook prerouting priority 0;
        meta nfproto ipv4 iifname eth0 tcp dport {{ {PUBLISHED}, {PUBLISHED_AND_EXCLUDED} }} dnat ip to {GUEST[0]}:{SERVICE}
        meta nfproto ipv6 iifname eth0 tcp dport {{ {PUBLISHED}, {PUBLISHED_AND_EXCLUDED} }} dnat ip6 to [{GUEST[1]}]:{SERVICE}
    }}
    chain out {{
        type nat hook postrouting priority 100;
        ct status != dnat oifname eth0 masquerade
    }}
}}"""


@pytest.fixture
def guest(network, pod):
    """A guest of a host that forwards: others know the way to it, and two ports of the host are its own."""
    made = network.add_guest(pod, "guest", "virbr0", (HOST_OF_GUEST, GUEST))
    pod.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    for network_of_guest, address in (("10.99.0.0/24", pod.ipv4), ("fd99::/64", pod.ipv6)):
        network.node.ip("route", "add", network_of_guest, "via", address)
    # Until its interfaces have addresses of their own for IPv6 a host finds no neighbour for what it forwards.
    assert all(is_refused(pod, neighbour, AWAY) for neighbour in (*GUEST, "10.77.0.1", "fd77::1"))
    return made


def proxy_on(host):
    """It listens for what is captured, by NAT or by TPROXY."""
    made = host.listen("::", INBOUND)
    made.setsockopt(socket.SOL_IP, socket.IP_TRANSPARENT, 1)
    made.settimeout(2)
    return made


def is_captured(proxy, caller, address):
    with caller.connect(address, SERVICE):
        proxy.accept()[0].close()
    return True


def is_answered(client, server, host):
    """Whether a DNS server gets the client's question, and the client its answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with client.inside():
        asking = socket.socket(family, socket.SOCK_DGRAM)
    with server.inside():
        asked = socket.socket(family, socket.SOCK_DGRAM)
    with asking, asked:
        asking.settimeout(2)
        asked.settimeout(2)
        asked.bind((host, DNS_PORT))
        asking.sendto(b"question", (host, DNS_PORT))
        asked.sendto(b"answer", asked.recvfrom(64)[1])
        return asking.recv(64) == b"answer"


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
@pytest.mark.parametrize("mode", ["redirect", "tproxy"])
def test_what_is_only_forwarded_passes(network, host, guest, mode, backend):
    node = network.node
    host.run(["nft", "-f", "-"], input=NAT)
    text = document(mode=mode, excludeInboundPorts=str(PUBLISHED_AND_EXCLUDED), dnsPort=15053, dnsServers="0.0.0.0/0,::/0")
    with contextlib.ExitStack() as stack:
        def forwarded(port):
            for own, to, outer in zip((host.ipv4, host.ipv6), GUEST, ("10.77.0.1", "fd77::1")):
                for ends in ((node, guest, to, SERVICE), (guest, node, outer, AWAY), (node, guest, own, port, (to, SERVICE))):
                    yield stack.enter_context(contextlib.closing(Connection(*ends)))

        proxy = stack.enter_context(proxy_on(host))
        opened = list(forwarded(PUBLISHED))
        succeed("apply", "--backend", backend, "--annotation", text, launcher=host.launcher)
        assert all(connection.carries() for connection in opened)
        assert all(connection.carries() for connection in forwarded(PUBLISHED_AND_EXCLUDED))
        assert is_answered(guest, node, "10.77.0.1") and is_answered(guest, node, "fd77::1")
        for own, inner in zip((host.ipv4, host.ipv6), HOST_OF_GUEST):
            assert is_captured(proxy, node, own) and is_captured(proxy, node, inner) and is_captured(proxy, guest, inner)


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_what_a_pod_only_forwards_passes_without_conntrack(network, pod, guest, backend):
    node, text = network.node, document(mode="tproxy-both")
    succeed("apply", "--pod-netns", pod.path, "--backend", backend, "--annotation", text)
    with proxy_on(pod) as proxy:
        for own, to in zip((pod.ipv4, pod.ipv6), GUEST):
            with contextlib.closing(Connection(node, guest, to, SERVICE)) as connection:
                assert connection.carries() and is_captured(proxy, node, own)


def test_ssh_is_lost_only_if_that_is_wanted(network, host):
    words = ["--no-ssh-exception", "--annotation", document()]
    with contextlib.closing(ssh.Server(host)):
        assert succeed("apply", *words, launcher=host.launcher) == "applied\n"
        assert is_refused(network.node, host.ipv4, ssh.PORT)
        assert succeed("verify", *words, launcher=host.launcher) == "equal\n"
        assert "it differs: " in fail("verify", "--annotation", document(), launcher=host.launcher)
        succeed("remove", launcher=host.launcher)
        network.node.connect(host.ipv4, ssh.PORT).close()


@pytest.mark.parametrize("changes", [{"excludeInboundPorts": "20-25"}, {"includeInboundPorts": "80,443"}])
def test_nothing_is_said_of_ssh_where_the_document_leaves_it_out(host, changes):
    assert succeed("apply", "--annotation", document(**changes), launcher=host.launcher) == "applied\n"
    assert succeed("verify", "--annotation", document(**changes), launcher=host.launcher) == "equal\n"


def test_tproxy_both_is_refused(host):
    for command in ("apply", "verify"):
        told = fail(command, "--annotation", document(mode="tproxy-both", proxyMark=15099), launcher=host.launcher)
        assert "the mode tproxy-both is for pods: on a host it would cut the connections that are open" in told
    assert dump(host) == host.before


def test_another_document_is_refused_unless_it_is_to_replace(host):
    other = document(outboundPort=15002)
    succeed("apply", "--annotation", document(), launcher=host.launcher)
    applied = dump(host)
    assert succeed("apply", "--annotation", document(), launcher=host.launcher) == SSH_IS_LEFT_OUT + "in force already: nothing was done\n"
    assert "another document is in force" in fail("apply", "--annotation", other, launcher=host.launcher)
    dry = succeed("apply", "-n", "--replace", "--annotation", other, launcher=host.launcher)
    assert dry.startswith(SSH_IS_LEFT_OUT + "would replace what is in force by:\n") and "ports 22, 15021 pass" in dry
    assert dump(host) == applied
    assert succeed("apply", "--replace", "--annotation", other, launcher=host.launcher) == SSH_IS_LEFT_OUT + "replaced\n"
    assert succeed("status", launcher=host.launcher) == "network: this host's\nredirect: in force, by iptables\n"
    assert succeed("remove", launcher=host.launcher) == "removed\n"
    assert dump(host) == host.before
