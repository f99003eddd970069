# SPDX-License-Identifier: GPL-2.0-or-later
"""What our rules cost a connection, that is connected, accepted and closed: by mode and backend, beside a namespace
without rules where the same two are called without detour. tests/bench/connect.c is application and proxy."""

import collections
import json

import containerd
import lab
import plugin
import plugin_cost
from matrix import SECOND_VERSION, document
from table import spread

MODES = ("redirect", "tproxy", "tproxy-both")
BACKENDS = {"iptables": "libiptc", "nftables": "nftables"}
PROXY = 15099  # its uid, and its mark
NODE = "10.77.0.1"  # see lab.Network
OUTBOUND_PORT, INBOUND_PORT = 15001, 15006
CALLED_PORT = 8080
CONNECTIONS = 200  # in a turn; each leaves a port in TIME_WAIT

# A pod of the table.
Place = collections.namedtuple("Place", "name pod has_rules")


def _make_places(network):
    """The namespace without rules first."""
    places = [Place("no rules", network.add_pod("bare"), False)]
    for mode in MODES:
        mark = PROXY if mode == "tproxy-both" else 0
        text = document(json.loads(plugin_cost.DOCUMENT), {**SECOND_VERSION, "mode": mode, "proxyMark": mark})
        for backend, title in BACKENDS.items():
            pod = network.add_pod(f"{mode}-{backend}")
            containerd.call("ADD", pod, {plugin.REDIRECT: json.dumps(text)}, backend=backend)
            places.append(Place(f"{mode}, {title}", pod, True))
    for place in places:
        place.pod.run(["sysctl", "-qw", "net.ipv4.ip_local_port_range=16000 65535"])
    return places


def _connect(place, port, client, host, called):
    """Microseconds of a connection to the proxy's port."""
    words = [lab.BUILD / "bench-connect", port, PROXY, client.path, host, called, CONNECTIONS]
    return int(place.pod.run(words)) / 1e3


def _outbound(place, _):
    """To another host; without rules to the proxy itself."""
    host, called = (NODE, CALLED_PORT) if place.has_rules else ("127.0.0.1", OUTBOUND_PORT)
    return _connect(place, OUTBOUND_PORT, place.pod, host, called)


def _inbound(place, node):
    """From another host."""
    return _connect(place, INBOUND_PORT, node, place.pod.ipv4, CALLED_PORT if place.has_rules else INBOUND_PORT)


def _rows(table, places, what, measured):
    """The rows of one direction."""
    bare = spread(measured[0]).median
    table.row(f"{what}, {places[0].name}", spread(measured[0]), "us", 1)
    for place, times in zip(places[1:], measured[1:]):
        table.row(f"  {place.name}: more", spread([time - bare for time in times]), "us", 1)


def report(table, rounds):
    """Measures, and adds the rows."""
    table.head(f"A connection: connected, accepted and closed, IPv4; {rounds} times {CONNECTIONS} of each in turn")
    with lab.Network() as network:
        places = _make_places(network)
        for what, direction in (("to another host", _outbound), ("from another host", _inbound)):
            turns = [[direction(place, network.node) for place in places] for _ in range(rounds)]
            _rows(table, places, what, list(zip(*turns)))
