# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that are made in a pod."""

from calls import Caller
from traffic import (ALL_NETWORKS, APP, DNS, DNS_PORT, FAR_NETWORK, FAR_NETWORKS, FARTHER_NETWORK, GUEST, INBOUND,
                     MANY_PORTS, MAPPED, OUTBOUND, PAST, PEER, PROXY, ROOT, ROUND, SIDECAR, TCP, UDP, Group, Row)

MANY = ",".join(map(str, MANY_PORTS))
# Eight ranges: 16 slots of the 15 that a rule has.
MANY_RANGES = ",".join(f"{port}-{port + 1}" for port in range(9001, 9032, 4))
AS_ROOT = Caller("root", user=ROOT)
DELIVERY = Caller("proxy from inboundSource", user=PROXY, place="inboundSource")
MARKED = Caller("mark 4711", mark=4711)


def uid(number):
    """An application of that user."""
    return Caller(f"uid {number}", user=(number, 1000))


def gid(number):
    """An application of that group."""
    return Caller(f"gid {number}", user=(1000, number))


WHO = [
    Group({}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(APP, TCP, "far", 9001, OUTBOUND),
        Row(AS_ROOT, TCP, "peer", 443, OUTBOUND),
        Row(APP, TCP, "peer", DNS_PORT, OUTBOUND),
        Row(APP, UDP, "peer", 80, PAST),
        Row(APP, UDP, "peer", DNS_PORT, PAST),
        # An application that talks to itself.
        Row(APP, TCP, "loopback", 80, PAST),
        Row(APP, TCP, "own", 80, PAST),
        Row(APP, TCP, "own net1", 80, PAST),
        Row(AS_ROOT, TCP, "own", 443, PAST),
        Row(APP, UDP, "loopback", 80, PAST),
        Row(APP, UDP, "own", 80, PAST),
        Row(SIDECAR, TCP, "peer", 80, PAST),
        Row(SIDECAR, TCP, "loopback", 80, PAST),
        Row(SIDECAR, TCP, "own", 80, PAST),
        Row(SIDECAR, UDP, "peer", 80, PAST),
        Row(SIDECAR, UDP, "peer", DNS_PORT, PAST),
        # Out, and back in from the node.
        Row(APP, TCP, "vip", 80, ROUND),
        Row(SIDECAR, TCP, "vip", 80, INBOUND),
    ]),
    # Every identity of the proxy, each by itself.
    Group({"proxyUids": "15100-15101,15103", "proxyGids": "15098,15099", "proxyMark": 4711}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(uid(15099), TCP, "peer", 80, OUTBOUND),
        Row(uid(15101), TCP, "peer", 80, PAST),
        Row(uid(15102), TCP, "peer", 80, OUTBOUND),
        Row(uid(15103), TCP, "peer", 80, PAST),
        Row(gid(15098), TCP, "peer", 80, PAST),
        Row(gid(15100), TCP, "peer", 80, OUTBOUND),
        Row(MARKED, TCP, "peer", 80, PAST),
        Row(MARKED, TCP, "own", 80, PAST),
        Row(MARKED, TCP, "vip", 80, INBOUND),
        Row(gid(15098), TCP, "own", 80, PAST),
        Row(Caller("mark 4712", mark=4712), TCP, "peer", 80, OUTBOUND),
    ]),
    Group({"excludeUids": "1001,2000-2002,4000000000"}, [
        Row(gid(1001), TCP, "peer", 80, OUTBOUND),
        Row(uid(1001), TCP, "peer", 80, PAST),
        Row(uid(1001), TCP, "vip", 80, INBOUND),
        Row(uid(1999), TCP, "peer", 80, OUTBOUND),
        Row(uid(2000), TCP, "peer", 80, PAST),
        Row(uid(2002), TCP, "peer", 80, PAST),
        Row(uid(2003), TCP, "peer", 80, OUTBOUND),
        Row(uid(4000000000), TCP, "peer", 80, PAST),
        Row(SIDECAR, TCP, "peer", 80, PAST),
    ]),
    Group({"excludeGids": "3000,3100-3101"}, [
        Row(uid(3000), TCP, "peer", 80, OUTBOUND),
        Row(gid(3000), TCP, "peer", 80, PAST),
        Row(gid(3101), TCP, "peer", 80, PAST),
        Row(gid(3102), TCP, "peer", 80, OUTBOUND),
    ]),
]

# Ports and networks that are included, and excluded.
WHERE = [
    Group({"includeOutboundPorts": "80,8000-8002"}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(APP, TCP, "peer", 443, PAST),
        Row(APP, TCP, "peer", 7999, PAST),
        Row(APP, TCP, "peer", 8000, OUTBOUND),
        Row(APP, TCP, "peer", 8002, OUTBOUND),
        Row(APP, TCP, "peer", 8003, PAST),
        Row(APP, TCP, "own", 80, PAST),
        Row(SIDECAR, TCP, "peer", 80, PAST),
    ]),
    Group({"excludeOutboundPorts": "443,8000-8002"}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(APP, TCP, "peer", 443, PAST),
        Row(APP, TCP, "peer", 7999, OUTBOUND),
        Row(APP, TCP, "peer", 8000, PAST),
        Row(APP, TCP, "peer", 8002, PAST),
        Row(APP, TCP, "peer", 8003, OUTBOUND),
        Row(APP, UDP, "peer", 443, PAST),
    ]),
    # Exclusion beats inclusion.
    Group({"includeOutboundPorts": "80,443", "excludeOutboundPorts": "443"}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(APP, TCP, "peer", 443, PAST),
        Row(APP, TCP, "peer", 8000, PAST),
    ]),
    # More than one rule of the kernel can hold.
    Group({"excludeOutboundPorts": MANY}, [
        Row(APP, TCP, "peer", MANY_PORTS[0], PAST),
        Row(APP, TCP, "peer", MANY_PORTS[14], PAST),
        Row(APP, TCP, "peer", MANY_PORTS[15], PAST),
        Row(APP, TCP, "peer", MANY_PORTS[-1], PAST),
        Row(APP, TCP, "peer", 9002, OUTBOUND),
    ]),
    Group({"includeOutboundPorts": MANY_RANGES}, [
        Row(APP, TCP, "peer", 9001, OUTBOUND),
        Row(APP, TCP, "peer", 9029, OUTBOUND),
        Row(APP, TCP, "peer", 9031, PAST),
    ]),
    Group({"includeOutboundCidrs": FAR_NETWORK}, [
        Row(APP, TCP, "far", 80, OUTBOUND),
        Row(APP, TCP, "farther", 80, PAST),
        Row(APP, TCP, "peer", 80, PAST),
    ]),
    Group({"excludeOutboundCidrs": FAR_NETWORK}, [
        Row(APP, TCP, "far", 80, PAST),
        Row(APP, TCP, "farther", 80, OUTBOUND),
        Row(APP, TCP, "peer", 80, OUTBOUND),
    ]),
    Group({"includeOutboundCidrs": FAR_NETWORKS, "excludeOutboundCidrs": FARTHER_NETWORK}, [
        Row(APP, TCP, "far", 80, OUTBOUND),
        Row(APP, TCP, "farther", 80, PAST),
        Row(APP, TCP, "peer", 80, PAST),
    ]),
    # Ports and networks are both asked.
    Group({"includeOutboundCidrs": FAR_NETWORK, "includeOutboundPorts": "80"}, [
        Row(APP, TCP, "far", 80, OUTBOUND),
        Row(APP, TCP, "far", 443, PAST),
        Row(APP, TCP, "peer", 80, PAST),
    ]),
    Group({"includeOutboundCidrs": FAR_NETWORKS, "excludeOutboundPorts": "443"}, [
        Row(APP, TCP, "far", 80, OUTBOUND),
        Row(APP, TCP, "far", 443, PAST),
    ]),
    # Networks of one family say nothing good, or nothing bad, about the other.
    Group({"includeOutboundCidrs": "10.88.0.0/24"}, [
        Row(APP, TCP, "far", 80, {4: OUTBOUND, 6: PAST}),
    ]),
    Group({"excludeOutboundCidrs": "fd88::/64"}, [
        Row(APP, TCP, "far", 80, {4: OUTBOUND, 6: PAST}),
    ]),
    # What is excluded inbound is not, therefore, outbound.
    Group({"excludeInboundPorts": "80", "excludeInboundCidrs": FAR_NETWORK}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(APP, TCP, "far", 80, OUTBOUND),
    ]),
    Group({"excludeInterfaces": "net1"}, [
        Row(APP, TCP, "net1", 80, PAST),
        Row(APP, TCP, "peer", 80, OUTBOUND),
    ]),
]

# Other ports of the proxy.
ELSEWHERE = [
    Group({"portMap": "443:15003,8001:15004"}, [
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(APP, TCP, "peer", 443, MAPPED),
        Row(APP, TCP, "far", 8001, f"{MAPPED}-too"),
        Row(APP, TCP, "own", 443, PAST),
        Row(APP, TCP, "loopback", 443, PAST),
        Row(APP, UDP, "peer", 443, PAST),
        Row(SIDECAR, TCP, "peer", 443, PAST),
    ]),
    # Exclusion beats the map; the map beats what is not included.
    Group({"portMap": "443:15003,8001:15004", "excludeOutboundPorts": "8001", "excludeOutboundCidrs": FAR_NETWORK,
           "includeOutboundPorts": "80", "excludeUids": "1001"}, [
        Row(APP, TCP, "peer", 443, MAPPED),
        Row(APP, TCP, "peer", 8001, PAST),
        Row(APP, TCP, "far", 443, PAST),
        Row(APP, TCP, "peer", 8002, PAST),
        Row(uid(1001), TCP, "peer", 443, PAST),
    ]),
    Group({"dnsPort": 15053, "dnsServers": ALL_NETWORKS}, [
        Row(APP, UDP, "peer", DNS_PORT, DNS),
        Row(APP, UDP, "far", DNS_PORT, DNS),
        Row(APP, TCP, "peer", DNS_PORT, DNS),
        Row(APP, UDP, "peer", 80, PAST),
        Row(APP, TCP, "peer", 80, OUTBOUND),
        # A resolver in the pod.
        Row(APP, UDP, "loopback", DNS_PORT, PAST),
        Row(APP, TCP, "loopback", DNS_PORT, PAST),
        Row(APP, UDP, "own", DNS_PORT, PAST),
        # What the proxy asks goes out.
        Row(SIDECAR, UDP, "peer", DNS_PORT, PAST),
        Row(SIDECAR, TCP, "peer", DNS_PORT, PAST),
    ]),
    # Capture comes before excluded ports and networks, and after users.
    Group({"dnsPort": 15053, "dnsServers": "10.77.0.2,fd77::2,10.88.0.0/24,fd88::/64",
           "excludeOutboundPorts": str(DNS_PORT), "excludeOutboundCidrs": "10.77.0.0/24,fd77::/64",
           "excludeUids": "1001"}, [
        Row(APP, UDP, "peer", DNS_PORT, DNS),
        Row(APP, TCP, "peer", DNS_PORT, DNS),
        Row(APP, UDP, "far", DNS_PORT, DNS),
        Row(APP, UDP, "farther", DNS_PORT, PAST),
        Row(APP, TCP, "farther", DNS_PORT, PAST),
        Row(uid(1001), UDP, "peer", DNS_PORT, PAST),
        Row(uid(1001), TCP, "peer", DNS_PORT, PAST),
        Row(SIDECAR, UDP, "peer", DNS_PORT, PAST),
    ]),
    # Interfaces come before it.
    Group({"dnsPort": 15053, "dnsServers": ALL_NETWORKS, "excludeInterfaces": "net1"}, [
        Row(APP, UDP, "net1", DNS_PORT, PAST),
        Row(APP, TCP, "net1", DNS_PORT, PAST),
        Row(APP, UDP, "peer", DNS_PORT, DNS),
    ]),
    # The proxy calls an address of its own pod, and the connection comes in as if from outside; what it delivers
    # comes from its inboundSource, so that it does so once.
    Group({"selfCall": "inbound"}, [
        Row(SIDECAR, TCP, "own", 80, INBOUND),
        Row(SIDECAR, TCP, "own net1", 80, INBOUND),
        Row(APP, TCP, "vip", 80, ROUND),
    ], ("redirect",)),
    # With a server of ours on the inbound port: a proxy that speaks in its callers' names must not have selfCall.
    Group({"selfCall": "inbound", "inboundPort": 15004, "inboundSource": "127.0.0.6,::6"}, [
        Row(SIDECAR, TCP, "own", 80, f"{MAPPED}-too"),
        Row(SIDECAR, TCP, "own net1", 80, f"{MAPPED}-too"),
        Row(SIDECAR, TCP, "loopback", 80, PAST),
        Row(SIDECAR, TCP, "peer", 80, PAST),
        Row(SIDECAR, UDP, "own", 80, PAST),
        Row(DELIVERY, TCP, "own", 80, PAST),
        Row(APP, TCP, "own", 80, PAST),
        Row(APP, TCP, "peer", 80, OUTBOUND),
        Row(PEER, TCP, "own", 80, f"{MAPPED}-too"),
    ]),
    # A virtual machine in the pod.
    Group({"rerouteInterfaces": "tap0", "excludeOutboundPorts": "8001", "excludeOutboundCidrs": FAR_NETWORK,
           "portMap": "443:15003"}, [
        Row(GUEST, TCP, "peer", 80, OUTBOUND),
        Row(GUEST, TCP, "peer", 443, MAPPED),
        Row(GUEST, TCP, "peer", 8001, PAST),
        Row(GUEST, TCP, "far", 80, PAST),
        Row(GUEST, UDP, "peer", 80, PAST),
        Row(GUEST, TCP, "tap0", 80, INBOUND),
    ]),
    Group({"rerouteInterfaces": "tap0", "includeOutboundPorts": "80", "includeOutboundCidrs": "10.77.0.0/24"}, [
        Row(GUEST, TCP, "peer", 80, {4: OUTBOUND, 6: PAST}),
        Row(GUEST, TCP, "peer", 443, PAST),
        Row(GUEST, TCP, "far", 80, PAST),
    ]),
]

GROUPS = WHO + WHERE + ELSEWHERE
