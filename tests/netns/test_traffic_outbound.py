# SPDX-License-Identifier: GPL-2.0-or-later
"""Where connections end that are made in a pod."""

import pytest

from traffic import (APPLICATION, FAR_NETWORK, FAR_NETWORKS, FARTHER_NETWORK, MANY_PORTS, OUTBOUND,
                     INBOUND, PAST, PROXY, ROOT, address, cases)

MANY = ",".join(map(str, MANY_PORTS))
# Eight ranges: 16 slots of the 15 that a rule has.
MANY_RANGES = ",".join(f"{port}-{port + 1}" for port in range(9001, 9032, 4))

# Under each set of annotations: who calls, where, which port, and the way of the connection.
TABLE = [
    ({}, [
        (APPLICATION, "peer", 80, OUTBOUND),
        (APPLICATION, "far", 9001, OUTBOUND),
        (ROOT, "peer", 443, OUTBOUND),
        # An application that talks to itself.
        (APPLICATION, "loopback", 80, PAST),
        (APPLICATION, "own", 80, PAST),
        (ROOT, "own", 443, PAST),
        # The proxy itself, known by its uid and by nothing else.
        (PROXY, "peer", 80, PAST),
        (PROXY, "loopback", 80, PAST),
        (PROXY, "own", 80, PAST),
        ((15099, 1000), "peer", 80, PAST),
        ((1000, 15099), "peer", 80, OUTBOUND),
    ]),
    ({"include-outbound-ports": "*", "include-outbound-cidrs": "*"}, [
        (APPLICATION, "peer", 80, OUTBOUND),
        (APPLICATION, "far", 9001, OUTBOUND),
    ]),
    ({"include-outbound-ports": "80,8000-8002"}, [
        (APPLICATION, "peer", 80, OUTBOUND),
        (APPLICATION, "peer", 443, PAST),
        (APPLICATION, "peer", 7999, PAST),
        (APPLICATION, "peer", 8000, OUTBOUND),
        (APPLICATION, "peer", 8002, OUTBOUND),
        (APPLICATION, "peer", 8003, PAST),
        (APPLICATION, "own", 80, PAST),
        (PROXY, "peer", 80, PAST),
    ]),
    ({"exclude-outbound-ports": "443,8000-8002"}, [
        (APPLICATION, "peer", 80, OUTBOUND),
        (APPLICATION, "peer", 443, PAST),
        (APPLICATION, "peer", 7999, OUTBOUND),
        (APPLICATION, "peer", 8000, PAST),
        (APPLICATION, "peer", 8002, PAST),
        (APPLICATION, "peer", 8003, OUTBOUND),
    ]),
    # Exclusion beats inclusion.
    ({"include-outbound-ports": "80,443", "exclude-outbound-ports": "443"}, [
        (APPLICATION, "peer", 80, OUTBOUND),
        (APPLICATION, "peer", 443, PAST),
        (APPLICATION, "peer", 8000, PAST),
    ]),
    # More than one rule of the kernel can hold.
    ({"exclude-outbound-ports": MANY}, [
        (APPLICATION, "peer", MANY_PORTS[0], PAST),
        (APPLICATION, "peer", MANY_PORTS[14], PAST),
        (APPLICATION, "peer", MANY_PORTS[15], PAST),
        (APPLICATION, "peer", MANY_PORTS[-1], PAST),
        (APPLICATION, "peer", 9002, OUTBOUND),
    ]),
    ({"include-outbound-ports": MANY_RANGES}, [
        (APPLICATION, "peer", 9001, OUTBOUND),
        (APPLICATION, "peer", 9029, OUTBOUND),
        (APPLICATION, "peer", 9031, PAST),
    ]),
    ({"include-outbound-cidrs": FAR_NETWORK}, [
        (APPLICATION, "far", 80, OUTBOUND),
        (APPLICATION, "farther", 80, PAST),
        (APPLICATION, "peer", 80, PAST),
    ]),
    ({"exclude-outbound-cidrs": FAR_NETWORK}, [
        (APPLICATION, "far", 80, PAST),
        (APPLICATION, "farther", 80, OUTBOUND),
        (APPLICATION, "peer", 80, OUTBOUND),
    ]),
    ({"include-outbound-cidrs": FAR_NETWORKS, "exclude-outbound-cidrs": FARTHER_NETWORK}, [
        (APPLICATION, "far", 80, OUTBOUND),
        (APPLICATION, "farther", 80, PAST),
        (APPLICATION, "peer", 80, PAST),
    ]),
    # Ports and networks are both asked.
    ({"include-outbound-cidrs": FAR_NETWORK, "include-outbound-ports": "80"}, [
        (APPLICATION, "far", 80, OUTBOUND),
        (APPLICATION, "far", 443, PAST),
        (APPLICATION, "peer", 80, PAST),
    ]),
    ({"include-outbound-cidrs": FAR_NETWORKS, "exclude-outbound-ports": "443"}, [
        (APPLICATION, "far", 80, OUTBOUND),
        (APPLICATION, "far", 443, PAST),
    ]),
    # Networks of one family say nothing good, or nothing bad, about the other.
    ({"include-outbound-cidrs": "10.88.0.0/24"}, [
        (APPLICATION, "far", 80, (OUTBOUND, PAST)),
    ]),
    ({"exclude-outbound-cidrs": "fd88::/64"}, [
        (APPLICATION, "far", 80, (OUTBOUND, PAST)),
    ]),
    ({"exclude-uids": "1001,2000-2002,4000000000"}, [
        ((1000, 1001), "peer", 80, OUTBOUND),
        ((1001, 1000), "peer", 80, PAST),
        ((1999, 1000), "peer", 80, OUTBOUND),
        ((2000, 1000), "peer", 80, PAST),
        ((2002, 1000), "peer", 80, PAST),
        ((2003, 1000), "peer", 80, OUTBOUND),
        ((4000000000, 1000), "peer", 80, PAST),
        (PROXY, "peer", 80, PAST),
    ]),
    ({"exclude-gids": "3000,3100-3101"}, [
        ((3000, 1000), "peer", 80, OUTBOUND),
        ((1000, 3000), "peer", 80, PAST),
        ((1000, 3101), "peer", 80, PAST),
        ((1000, 3102), "peer", 80, OUTBOUND),
    ]),
    # What is excluded inbound is not, therefore, outbound.
    ({"exclude-inbound-ports": "80", "exclude-inbound-cidrs": FAR_NETWORK}, [
        (APPLICATION, "peer", 80, OUTBOUND),
        (APPLICATION, "far", 80, OUTBOUND),
    ]),
    # The proxy calls an address of its own pod, and the connection comes in as if from outside:
    # once, since what the proxy delivers comes from its inboundSource.
    ({"profiles": "self-call"}, [
        (PROXY, "own", 80, INBOUND),
        (PROXY, "loopback", 80, PAST),
        (PROXY, "peer", 80, PAST),
        (APPLICATION, "own", 80, PAST),
        (APPLICATION, "peer", 80, OUTBOUND),
    ]),
    ({"redirect-mode": "none"}, [
        (APPLICATION, "peer", 80, PAST),
    ]),
]


@pytest.mark.parametrize("annotations, family, caller, place, port, way", cases(TABLE))
def test_outbound(rig, annotations, family, caller, place, port, way):
    """The connection takes the way that the table says."""
    rig.apply(annotations)
    call = rig.call(rig.pod, address(rig, place, family), port, user=caller)
    assert rig.way(call) == way
