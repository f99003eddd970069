# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that are made to a pod, the gate among them, and what becomes of traffic that no proxy takes."""

from calls import ENDED, REFUSED, SILENT, Caller
from traffic import (ALL_NETWORKS, APP, CLOSED_PORT, DNS, DNS_PORT, FAR, FAR_NETWORK, FARTHER, GATE_CLIENT,
                     GATE_PORT, INBOUND, MANY_PORTS, NET1, NODE, OUTBOUND, PAST, PEER, PING, SIDECAR,
                     STRAY, TCP, UDP, WITH_CONNTRACK, Group, Row)

MANY = ",".join(map(str, MANY_PORTS))
EXCLUDED_APP = Caller("uid 1001", user=(1001, 1000))

INBOUND_GROUPS = [
    Group({}, [
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(FAR, TCP, "own", 9001, INBOUND),
        Row(NET1, TCP, "own net1", 80, INBOUND),
        Row(NODE, TCP, "own", 80, INBOUND),
        # The proxy is refused.
        Row(PEER, TCP, "own", CLOSED_PORT, ENDED),
        Row(PEER, UDP, "own", 80, PAST),
        Row(PEER, UDP, "own", DNS_PORT, PAST),
        Row(PEER, UDP, "own", CLOSED_PORT, REFUSED),
        Row(PEER, PING, "own", 0, PAST),
    ]),
    Group({"includeInboundPorts": "80,8000-8002"}, [
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(PEER, TCP, "own", 443, PAST),
        Row(PEER, TCP, "own", 7999, PAST),
        Row(PEER, TCP, "own", 8000, INBOUND),
        Row(PEER, TCP, "own", 8002, INBOUND),
        Row(PEER, TCP, "own", 8003, PAST),
    ]),
    Group({"excludeInboundPorts": f"443,8000-8002,{CLOSED_PORT}"}, [
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(PEER, TCP, "own", 443, PAST),
        Row(PEER, TCP, "own", CLOSED_PORT, REFUSED),
        Row(PEER, TCP, "own", 7999, INBOUND),
        Row(PEER, TCP, "own", 8000, PAST),
        Row(PEER, TCP, "own", 8002, PAST),
        Row(PEER, TCP, "own", 8003, INBOUND),
    ]),
    # Exclusion beats inclusion.
    Group({"includeInboundPorts": "80,443", "excludeInboundPorts": "443"}, [
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(PEER, TCP, "own", 443, PAST),
        Row(PEER, TCP, "own", 8000, PAST),
    ]),
    # More than one rule of the kernel can hold.
    Group({"excludeInboundPorts": MANY}, [
        Row(PEER, TCP, "own", MANY_PORTS[0], PAST),
        Row(PEER, TCP, "own", MANY_PORTS[14], PAST),
        Row(PEER, TCP, "own", MANY_PORTS[15], PAST),
        Row(PEER, TCP, "own", MANY_PORTS[-1], PAST),
        Row(PEER, TCP, "own", 9002, INBOUND),
    ]),
    Group({"includeInboundPorts": MANY}, [
        Row(PEER, TCP, "own", MANY_PORTS[-1], INBOUND),
        Row(PEER, TCP, "own", 9002, PAST),
    ]),
    Group({"excludeInboundCidrs": FAR_NETWORK}, [
        Row(FAR, TCP, "own", 80, PAST),
        Row(FARTHER, TCP, "own", 80, INBOUND),
        Row(PEER, TCP, "own", 80, INBOUND),
    ]),
    Group({"excludeInboundCidrs": "10.88.0.0/24"}, [
        Row(FAR, TCP, "own", 80, {4: PAST, 6: INBOUND}),
    ]),
    Group({"excludeInboundCidrs": FAR_NETWORK, "includeInboundPorts": "80"}, [
        Row(FAR, TCP, "own", 80, PAST),
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(PEER, TCP, "own", 443, PAST),
    ]),
    # What is excluded outbound is not, therefore, inbound.
    Group({"excludeOutboundPorts": "80", "excludeOutboundCidrs": FAR_NETWORK}, [
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(FAR, TCP, "own", 80, INBOUND),
    ]),
    Group({"excludeInterfaces": "net1"}, [
        Row(NET1, TCP, "own net1", 80, PAST),
        Row(PEER, TCP, "own", 80, INBOUND),
    ]),
]

# The gate is asked from outside, and from inside by its source port; every other call of the loopback stays there,
# or the proxy's own would come back to it without end.
GATE_ROWS = [
    Row(NODE, TCP, "own", GATE_PORT, ENDED),
    Row(GATE_CLIENT, TCP, "loopback", GATE_PORT, ENDED),
    Row(APP, TCP, "loopback", GATE_PORT, REFUSED),
    Row(SIDECAR, TCP, "loopback", GATE_PORT, REFUSED),
]
GATE_GROUPS = [
    Group({}, GATE_ROWS),
    # It stands before everything.
    Group({"excludeInboundPorts": "1-65535", "excludeInboundCidrs": ALL_NETWORKS, "excludeOutboundPorts": "1-65535",
           "excludeOutboundCidrs": ALL_NETWORKS, "excludeInterfaces": "eth0,net1", "excludeUids": "0-10000"},
          GATE_ROWS),
    Group({"includeInboundPorts": "80", "includeOutboundPorts": "80", "nonTcp": "reject"}, GATE_ROWS),
    # 15999 is then a port as any other.
    Group({"gatePort": 0, "includeInboundPorts": "80"}, [
        Row(NODE, TCP, "own", GATE_PORT, REFUSED),
        Row(GATE_CLIENT, TCP, "loopback", GATE_PORT, REFUSED),
    ]),
]

# Without conntrack nobody knows what is an answer.
ANSWERED = {"tproxy-both": SILENT, None: PAST}
REJECTION_GROUPS = [
    Group({"nonTcp": "reject-quic", "excludeUids": "1001"}, [
        Row(APP, UDP, "peer", 443, REFUSED),
        Row(APP, UDP, "peer", 80, PAST),
        Row(APP, PING, "peer", 0, PAST),
        Row(APP, UDP, "own", 443, PAST),
        Row(APP, UDP, "loopback", 443, PAST),
        Row(SIDECAR, UDP, "peer", 443, PAST),
        Row(EXCLUDED_APP, UDP, "peer", 443, PAST),
        Row(APP, TCP, "peer", 443, OUTBOUND),
        Row(PEER, TCP, "own", 443, INBOUND),
        Row(PEER, UDP, "own", 80, PAST),
        Row(PEER, UDP, "own", 443, PAST),
    ]),
    Group({"nonTcp": "reject", "excludeUids": "1001", "excludeOutboundPorts": "8000",
           "excludeOutboundCidrs": FAR_NETWORK, "excludeInterfaces": "net1"}, [
        Row(APP, UDP, "peer", 80, REFUSED),
        Row(APP, UDP, "peer", 443, REFUSED),
        Row(APP, PING, "peer", 0, REFUSED),
        Row(APP, UDP, "peer", DNS_PORT, PAST),
        Row(APP, UDP, "own", 80, PAST),
        Row(APP, UDP, "loopback", 80, PAST),
        Row(SIDECAR, UDP, "peer", 80, PAST),
        Row(SIDECAR, PING, "peer", 0, PAST),
        Row(EXCLUDED_APP, UDP, "peer", 80, PAST),
        Row(APP, UDP, "peer", 8000, PAST),
        Row(APP, UDP, "far", 80, PAST),
        Row(APP, UDP, "net1", 80, PAST),
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(PEER, UDP, "own", 80, ANSWERED),
        Row(PEER, PING, "own", 0, ANSWERED),
        # An ICMP error.
        Row(PEER, UDP, "own", CLOSED_PORT, REFUSED),
    ]),
    Group({"nonTcp": "reject", "dnsPort": 15053, "dnsServers": ALL_NETWORKS}, [
        Row(APP, UDP, "peer", DNS_PORT, DNS),
        Row(APP, TCP, "peer", DNS_PORT, DNS),
        Row(SIDECAR, UDP, "peer", DNS_PORT, PAST),
        Row(APP, UDP, "peer", 80, REFUSED),
    ]),
    Group({"dropInvalid": False}, [
        Row(PEER, STRAY, "own", CLOSED_PORT, REFUSED),
    ]),
    Group({"dropInvalid": True}, [
        Row(PEER, STRAY, "own", CLOSED_PORT, SILENT),
        Row(PEER, TCP, "own", 80, INBOUND),
        Row(APP, TCP, "peer", 80, OUTBOUND),
    ], WITH_CONNTRACK),
]

GROUPS = INBOUND_GROUPS + GATE_GROUPS + REJECTION_GROUPS
