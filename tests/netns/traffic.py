# SPDX-License-Identifier: GPL-2.0-or-later
"""The vocabulary of the traffic tables: who calls, where to, over what, and which way a call goes."""

import typing

import calls
from calls import Caller

# Users, as (uid, gid).
APPLICATION = (1000, 1000)
ROOT = (0, 0)
PROXY = (15099, 15099)

# Callers.
APP = Caller("application")
SIDECAR = Caller("proxy", user=PROXY)
GATE_CLIENT = Caller("sidewire-gate", place="loopback", port=15998)
PEER = Caller("peer", "peer", ROOT)
FAR = Caller("far", "peer", ROOT, place="far")
FARTHER = Caller("farther", "peer", ROOT, place="farther")
NET1 = Caller("net1", "net1", ROOT)
NODE = Caller("node", "node", ROOT)
GUEST = Caller("guest", "guest", ROOT)

# Places that are the same for every pod, as their addresses of each family. "far" and "farther" are the peer's too.
PLACES = {
    "peer": {4: "10.77.0.2", 6: "fd77::2"},
    "far": {4: "10.88.0.1", 6: "fd88::1"},
    "farther": {4: "10.88.1.1", 6: "fd88:0:0:1::1"},
    "loopback": {4: "127.0.0.1", 6: "::1"},
}
FAR_NETWORK = "10.88.0.0/24,fd88::/64"
FARTHER_NETWORK = "10.88.1.0/24,fd88:0:0:1::/64"
FAR_NETWORKS = "10.88.0.0/16,fd88::/32"
ALL_NETWORKS = "0.0.0.0/0,::/0"

# More ports than one rule of the kernel holds (15): 9001, 9003, ... 9041.
MANY_PORTS = list(range(9001, 9042, 2))
DNS_PORT = 53
CLOSED_PORT = 7
GATE_PORT = 15999
PORTS = [DNS_PORT, 80, 443, 7999, 8000, 8001, 8002, 8003, 9002] + MANY_PORTS

# The ways of a call: the directions in which it crossed the proxy, see Rig.way(); or which other port of the
# proxy it came to; or that it came to nothing: REFUSED, SILENT, or ENDED by the proxy.
PAST = ""
OUTBOUND = "outbound"
INBOUND = "inbound"
ROUND = "outbound inbound"
DNS = "dns"
MAPPED = "mapped"

# Protocols.
TCP = "tcp"
UDP = "udp"
PING = "ping"
STRAY = "stray"
CALLS = {TCP: calls.tcp, UDP: calls.udp, PING: calls.ping, STRAY: calls.stray}

MODES = ("redirect", "tproxy", "tproxy-both")
WITH_CONNTRACK = ("redirect", "tproxy")


class Row(typing.NamedTuple):
    """A call, and its way: one, or where they differ one for each mode or family, and for all others under None."""

    caller: Caller
    protocol: str
    place: str
    port: int
    way: object

    def expected(self, mode, family):
        """The way in that mode over that family."""
        if not isinstance(self.way, dict):
            return self.way
        return self.way.get(mode, self.way.get(family, self.way.get(None)))

    def __str__(self):
        port = f":{self.port}" if self.port else ""
        return f"{self.caller.name} -{self.protocol}-> {self.place}{port}"


class Group(typing.NamedTuple):
    """Rows under the same fields of the redirect document, in the modes that can have them."""

    settings: dict
    rows: list
    modes: tuple = MODES

    def __str__(self):
        return ",".join(f"{key}={value}" for key, value in self.settings.items()) or "defaults"


def annotations(settings):
    """Annotations of sidewire from their short names."""
    return {f"sidewire.io/{key}": value for key, value in settings.items()}


def address(rig, place, family):
    """A place's address; "own" is the address of the rig's pod."""
    if place == "own":
        return rig.pod.ipv4 if family == 4 else rig.pod.ipv6
    return PLACES[place][family]
