# SPDX-License-Identifier: GPL-2.0-or-later
"""A connection that both its ends are done with, while the last one reads slowly: the proxy closes it too, with data still
to be sent, and all of that arrives."""

import contextlib
import socket

import pytest

import calls
import lab
from rigs import endpoint
from traffic import APPLICATION, ROOT, address

PORT = 8100  # nobody else's
SIZE, WINDOW, SECONDS = 40_000, 4096, 5


def listen(namespace, user):
    """A socket there that takes little at once."""
    with namespace.inside(*user):
        server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    server.bind(("::", PORT))
    server.listen(1)
    server.settimeout(SECONDS)
    return server


def accept(server, namespace, user):
    with namespace.inside(*user):
        accepted, _ = server.accept()
    accepted.settimeout(SECONDS)
    return accepted


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("direction", ("outbound", "inbound"))
def test_what_a_proxy_has_still_to_send_arrives(rig, peer, direction, family):
    rig.apply({})
    ends = (rig.pod, APPLICATION, peer, ROOT, "peer") if direction == "outbound" else (peer, ROOT, rig.pod, APPLICATION, "own")
    caller, caller_user, called, called_user, place = ends
    source = ({4: "0.0.0.0", 6: "::"}[family], next(calls.SOURCE_PORTS))
    with listen(called, called_user) as server:
        with caller.connect(address(rig, place, family), PORT, caller_user, source) as client:
            accepted = accept(server, called, called_user)
            accepted.shutdown(socket.SHUT_WR)
            client.sendall(bytes(SIZE))
            own = endpoint(*client.getsockname()[:2])
        with contextlib.closing(accepted):
            # Which it says when it has closed its own.
            line = lab.wait_for(lambda: rig.log.find(own), SECONDS, "the proxy's line about it")
            assert line["direction"] == direction
            size = 0
            while part := accepted.recv(65536):
                size += len(part)
            assert size == SIZE
