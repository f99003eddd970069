# SPDX-License-Identifier: GPL-2.0-or-later
"""What is still to be sent when a connection is closed: the kernel sends it of a socket without an owner, which a rule by
uid does not know. Without conntrack the socket's mark says where it goes: the one that the connection came with, or that
the proxy has set. Whatever was queued arrives."""

import contextlib
import json
import socket

import pytest

import containerd
import lab
import plugin
from servers import FAMILY

DOCUMENT = json.loads((lab.ROOT / "tests/golden/plan/tproxy-both-plain.in.json").read_text(encoding="utf-8"))
PROXY, MARK = int(DOCUMENT["proxyUids"]), DOCUMENT["proxyMark"]
EXCLUDED_PORT = int(DOCUMENT["excludeInboundPorts"])
APPLICATION, SERVED_PORT = 1000, 8080
SO_SNDBUFFORCE = 32  # asm-generic/socket.h; Python does not name it
SIZE, WINDOW, SECONDS = 4_000_000, 16384, 5


@pytest.fixture(scope="module", name="peer")
def make_peer(module_network):
    return module_network.add_pod("peer")


@pytest.fixture(scope="module", name="pod", params=("iptables", "nftables"))
def make_pod(request, module_network):
    """Redirected by that backend."""
    pod = module_network.add_pod(request.param)
    containerd.call("ADD", pod, {plugin.REDIRECT: json.dumps(DOCUMENT)}, backend=request.param)
    return pod


class Ends:
    """Makes connections of one family, and knows both ends. Ends of the proxy's are transparent, and those that it
    opens have its mark."""

    def __init__(self, pod, peer, number):
        self.pod, self.peer = pod, peer
        self._family, self._number = FAMILY[number], number
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _open(self, namespace, uid):
        with namespace.inside(uid):
            made = self._stack.enter_context(socket.socket(self._family.kind, socket.SOCK_STREAM))
        made.settimeout(SECONDS)
        # What is sent fits into the sender's socket, and not into the receiver's.
        made.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SIZE)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        made.setsockopt(self._family.level, self._family.transparent, uid == PROXY)
        return made

    def host(self, namespace):
        """Its address."""
        return namespace.ipv4 if self._number == 4 else namespace.ipv6

    def connect(self, caller, called, listener, port=SERVED_PORT, name=None):
        """The two ends of a connection between (namespace, uid) and (namespace, port), which (namespace, uid, port)
        accepts. The caller may do it in the name of another namespace."""
        namespace, uid, own_port = listener
        with self._open(namespace, uid) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((self._family.any, own_port))
            server.listen(1)
            client = self._open(*caller)
            if caller == (self.pod, PROXY):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
            if name is not None:
                client.bind((self.host(name), 0))
            client.connect((self.host(called), port))
            with namespace.inside(uid):
                accepted, address = server.accept()
        self._stack.enter_context(accepted).settimeout(SECONDS)
        assert address[0] == self.host(name or caller[0])
        return client, accepted

    def inbound(self):
        """A caller, and the proxy."""
        return self.connect((self.peer, 0), self.pod, (self.pod, PROXY, DOCUMENT["inboundPort"]))

    def to_application(self):
        """The proxy in its caller's name, and the application."""
        return self.connect((self.pod, PROXY), self.pod, (self.pod, APPLICATION, SERVED_PORT), name=self.peer)

    def past(self):
        """A caller, and the application, past the proxy."""
        return self.connect((self.peer, 0), self.pod, (self.pod, APPLICATION, EXCLUDED_PORT), EXCLUDED_PORT)

    def outbound(self):
        """The application, and the proxy."""
        return self.connect((self.pod, APPLICATION), self.peer, (self.pod, PROXY, DOCUMENT["outboundPort"]))

    def upstream(self):
        """The proxy, and a server."""
        return self.connect((self.pod, PROXY), self.peer, (self.peer, 0, SERVED_PORT))


CONNECTIONS = (Ends.inbound, Ends.to_application, Ends.past, Ends.outbound, Ends.upstream)


def receive(end):
    """How many bytes come, until the end."""
    size = 0
    while part := end.recv(65536):
        size += len(part)
    return size


@pytest.mark.parametrize("direction", ("there", "back"))
@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda connection: connection.__name__)
@pytest.mark.parametrize("family", (4, 6), ids=("v4", "v6"))
def test_what_is_sent_before_the_end_arrives(pod, peer, family, connection, direction):
    with Ends(pod, peer, family) as ends:
        client, accepted = connection(ends)
        sender, receiver = (client, accepted) if direction == "there" else (accepted, client)
        with sender:
            sender.sendall(bytes(SIZE))
        assert receive(receiver) == SIZE
