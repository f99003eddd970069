# SPDX-License-Identifier: GPL-2.0-or-later
"""The vocabulary of the traffic tables: who calls, where to, and how a table becomes test cases."""

import pytest

# Callers, as (uid, gid).
APPLICATION = (1000, 1000)
ROOT = (0, 0)
PROXY = (15099, 15099)

# Places, as their addresses of each family. "far" and "farther" are the peer's too.
PLACES = {
    "peer": {4: "10.77.0.2", 6: "fd77::2"},
    "far": {4: "10.88.0.1", 6: "fd88::1"},
    "farther": {4: "10.88.1.1", 6: "fd88:0:0:1::1"},
    "loopback": {4: "127.0.0.1", 6: "::1"},
}
FAR_NETWORK = "10.88.0.0/24,fd88::/64"
FARTHER_NETWORK = "10.88.1.0/24,fd88:0:0:1::/64"
FAR_NETWORKS = "10.88.0.0/16,fd88::/32"

# More ports than one rule of the kernel holds (15): 9001, 9003, ... 9041.
MANY_PORTS = list(range(9001, 9042, 2))
PORTS = [80, 443, 7999, 8000, 8001, 8002, 8003, 9002] + MANY_PORTS

# The ways of a connection; see Rig.way().
PAST = ""
OUTBOUND = "outbound"
INBOUND = "inbound"


def address(rig, place, family):
    """A place's address; "own" is the address of the rig's pod."""
    if place == "own":
        return rig.pod.ipv4 if family == 4 else rig.pod.ipv6
    return PLACES[place][family]


def annotations(settings):
    """Annotations of sidewire from their short names."""
    return {f"sidewire.io/{key}": value for key, value in settings.items()}


def cases(table):
    """Test cases of a table that has rows under each set of annotations: one for each row and
    family. A row ends with its way, or with (way of IPv4, way of IPv6)."""
    for settings, rows in table:
        name = ",".join(f"{key}={value}" for key, value in settings.items())
        for *row, way in rows:
            ways = way if isinstance(way, tuple) else (way, way)
            for family, expected in zip((4, 6), ways):
                words = "-".join(str(word) for word in row)
                yield pytest.param(annotations(settings), family, *row, expected,
                                   id=f"{name or 'nothing'}:{words}:v{family}")
