# SPDX-License-Identifier: GPL-2.0-or-later
"""Where connections end that are made to a pod, and whom the application sees."""

import pytest

from traffic import (FAR_NETWORK, INBOUND, MANY_PORTS, PAST, address, cases)

MANY = ",".join(map(str, MANY_PORTS))
INBOUND_SOURCES = ("127.0.0.6:", "[::6]:")

# Under each set of annotations: where the caller is, which port it calls, and the connection's way.
TABLE = [
    ({}, [
        ("peer", 80, INBOUND),
        ("far", 9001, INBOUND),
    ]),
    ({"include-inbound-ports": "*"}, [
        ("peer", 80, INBOUND),
    ]),
    ({"include-inbound-ports": "80,8000-8002"}, [
        ("peer", 80, INBOUND),
        ("peer", 443, PAST),
        ("peer", 7999, PAST),
        ("peer", 8000, INBOUND),
        ("peer", 8002, INBOUND),
        ("peer", 8003, PAST),
    ]),
    ({"exclude-inbound-ports": "443,8000-8002"}, [
        ("peer", 80, INBOUND),
        ("peer", 443, PAST),
        ("peer", 7999, INBOUND),
        ("peer", 8000, PAST),
        ("peer", 8002, PAST),
        ("peer", 8003, INBOUND),
    ]),
    # Exclusion beats inclusion.
    ({"include-inbound-ports": "80,443", "exclude-inbound-ports": "443"}, [
        ("peer", 80, INBOUND),
        ("peer", 443, PAST),
        ("peer", 8000, PAST),
    ]),
    # More than one rule of the kernel can hold.
    ({"exclude-inbound-ports": MANY}, [
        ("peer", MANY_PORTS[0], PAST),
        ("peer", MANY_PORTS[14], PAST),
        ("peer", MANY_PORTS[15], PAST),
        ("peer", MANY_PORTS[-1], PAST),
        ("peer", 9002, INBOUND),
    ]),
    ({"include-inbound-ports": MANY}, [
        ("peer", MANY_PORTS[-1], INBOUND),
        ("peer", 9002, PAST),
    ]),
    ({"exclude-inbound-cidrs": FAR_NETWORK}, [
        ("far", 80, PAST),
        ("farther", 80, INBOUND),
        ("peer", 80, INBOUND),
    ]),
    ({"exclude-inbound-cidrs": "10.88.0.0/24"}, [
        ("far", 80, (PAST, INBOUND)),
    ]),
    ({"exclude-inbound-cidrs": FAR_NETWORK, "include-inbound-ports": "80"}, [
        ("far", 80, PAST),
        ("peer", 80, INBOUND),
        ("peer", 443, PAST),
    ]),
    # What is excluded outbound is not, therefore, inbound.
    ({"exclude-outbound-ports": "80", "exclude-outbound-cidrs": FAR_NETWORK}, [
        ("peer", 80, INBOUND),
        ("far", 80, INBOUND),
    ]),
    ({"redirect-mode": "none"}, [
        ("peer", 80, PAST),
    ]),
]


@pytest.mark.parametrize("annotations, family, place, port, way", cases(TABLE))
def test_inbound(rig, peer, annotations, family, place, port, way):
    """The connection takes the way that the table says; the application sees its caller, or the
    proxy's own address."""
    rig.apply(annotations)
    call = rig.call(peer, address(rig, "own", family), port, address(rig, place, family))
    assert rig.way(call) == way
    assert call.seen.startswith(INBOUND_SOURCES) == (way == INBOUND)
