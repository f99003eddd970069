# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine that others use meanwhile: what is open stays open, and SSH is never lost."""

import contextlib
import os

import pytest

import ssh
from redirect import as_host, document, dump, fail, succeed

SERVICE, AWAY, BEHIND_SSH = 8080, 9090, 7000
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

    def __init__(self, caller, server, host, port, listener=""):
        self._stack = contextlib.ExitStack()
        listening = self._stack.enter_context(server.listen(listener or host, port))
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
