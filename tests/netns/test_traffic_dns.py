# SPDX-License-Identifier: GPL-2.0-or-later
"""DNS over UDP: two sockets with one source port, the application's and the proxy's. To conntrack they would be one
connection, and the one would get the other's answers, were they not kept apart."""

import pytest

import calls
import matrix
from traffic import ALL_NETWORKS, APP, DNS, DNS_PORT, SIDECAR, address

SETTINGS = {"dnsPort": matrix.CAPTURES[DNS], "dnsServers": ALL_NETWORKS}
ROUNDS = 3


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("backend", ("iptables", "nftables"))
@pytest.mark.parametrize("first, second", [((APP, DNS), (SIDECAR, "server")), ((SIDECAR, "server"), (APP, DNS))],
                         ids=("application first", "proxy first"))
def test_one_source_port(rig, family, backend, first, second):
    """In turns, from the same port, to the same server: the application is answered by the proxy's port, the proxy by
    the server."""
    rig.remove()
    rig.put(matrix.document(rig.document, SETTINGS), backend)
    port = next(calls.SOURCE_PORTS)
    source = ({4: "0.0.0.0", 6: "::"}[family], port)
    for _ in range(ROUNDS):
        for caller, server in (first, second):
            call = calls.udp(rig.pod, caller, source, (address(rig, "peer", family), DNS_PORT))
            assert call.server == server
            assert call.seen == call.source
