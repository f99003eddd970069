# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the calls of the traffic tables, and tells what became of them: the way, which server saw whom, and what the
evaluator of plans says of the same packets."""

import collections
import json

import calls
import lab
import rigs
from calls import ENDED, REFUSED, SILENT
from traffic import CALLS, CLOSED_PORT, DNS, GATE_PORT, INBOUND, MAPPED, PAST, PING, ROUND, STRAY, TCP, UDP

# A call of a row over one family, and what became of it: the way, and the name of the place that the server saw as
# its caller, "" where there was no answer.
Cell = collections.namedtuple("Cell", "row family")
Seen = collections.namedtuple("Seen", "way source")

# The ports of the proxy that tests of their own listen on: by name, what is in the documents of the tables.
CAPTURES = {DNS: 15053, MAPPED: 15003, f"{MAPPED}-too": 15004}
SECOND_VERSION = {"excludeInterfaces": "", "rerouteInterfaces": "", "portMap": "", "dnsPort": 0, "dnsServers": "",
                  "dropInvalid": False, "nonTcp": "allow"}
MODE_NONE = {"version": 1, "mode": "none"}


def document(base, settings):
    """The redirect document with these fields, of the lowest version."""
    if base["version"] == 1 and not SECOND_VERSION.keys() & settings.keys():
        return {**base, **settings}
    return {**base, "version": 2, **{key: base.get(key, value) for key, value in SECOND_VERSION.items()}, **settings}


def cells(rows, kind):
    """All calls of these rows that a rig of that kind can tell of: HAProxy calls a closed port again, for
    seconds."""
    return [Cell(row, family) for row in rows for family in kind.families
            if not (kind.profile == "haproxy" and row.way == ENDED and row.port == CLOSED_PORT)]


def host_of(text):
    """The host of an endpoint."""
    return text.rpartition(":")[0].strip("[]")


class Matrix:
    """Calls around one rig."""

    def __init__(self, rig, surroundings):
        self._rig = rig
        self._around = surroundings

    def call(self, cell):
        """Makes a cell's call."""
        row, family = cell
        caller = row.caller
        host = self._around.address(caller.place, family) if caller.place else {4: "0.0.0.0", 6: "::"}[family]
        source = (host, caller.port or next(calls.SOURCE_PORTS))
        namespace = self._around.namespaces[caller.where]
        return CALLS[row.protocol](namespace, caller, source, (self._around.address(row.place, family), row.port))

    def way(self, cell, call):
        """The way that the call took. Fails if the proxy or the server was told another destination than the one
        that was dialled, or if nobody knows the way."""
        row, family = cell
        if call.server in calls.NO_ANSWER:
            return call.server
        is_virtual = row.place == "vip"
        landed = rigs.endpoint(self._around.address("own", family), row.port) if is_virtual else call.dialled
        node = self._around.address("node", family) if is_virtual else None
        way = self._rig.way(call, node, landed)
        if call.server == "server":
            assert call.destination == landed
            return way
        # REDIRECT hides the destination of a datagram from everybody.
        if row.protocol == TCP or self._rig.kind.mode == "tproxy-both":
            assert call.destination == call.dialled
        return f"{way} {call.server}".strip()

    def look(self, cells):
        """Makes the calls of these cells. Returns (cell, call, what became of it) of each."""
        self._rig.log.forget()
        return [(cell, call, self._seen(cell, call)) for cell, call in [(cell, self.call(cell)) for cell in cells]]

    def _seen(self, cell, call):
        try:
            way = self.way(cell, call)
        except (RuntimeError, AssertionError) as error:
            return Seen(f"{type(error).__name__}: {error}", "")
        return Seen(way, self._name(host_of(call.seen), cell.family) if call.seen else "")

    def _name(self, host, family):
        return next((name for name, hosts in self._around.places.items() if hosts[family] == host), host)

    def expected(self, cell, call):
        """What ought to become of it, by the table."""
        way = cell.row.expected(self._rig.kind.mode, cell.family)
        if way in calls.NO_ANSWER:
            return Seen(way, "")
        caller = "node" if cell.row.place == "vip" else self._name(host_of(call.source), cell.family)
        if cell.row.caller.where == "guest" and way == "outbound":
            return Seen(way, "own")
        if way in (INBOUND, ROUND) and self._rig.kind.mode == "redirect":
            return Seen(way, "inboundSource")
        return Seen(way, caller)

    def packet(self, cell, call):
        """The first packet of a call, for the evaluator."""
        row, family = cell
        is_inbound = row.caller.where != "pod"
        is_own = self._around.is_own(row.place)
        return {
            "inbound": is_inbound,
            "protocol": {TCP: "tcp", UDP: "udp", PING: "icmp"}[row.protocol],
            "source": host_of(call.source),
            "destination": host_of(call.dialled),
            "sourcePort": 0 if row.protocol == PING else int(call.source.rpartition(":")[2]),
            "destinationPort": row.port,
            "icmpType": 0 if row.protocol != PING else {4: 8, 6: 128}[family],
            "interface": self._around.interface(row, is_inbound),
            "sourceOwn": not is_inbound,
            "destinationOwn": is_own,
            "uid": 0 if is_inbound else row.caller.user[0],
            "gid": 0 if is_inbound else row.caller.user[1],
            "mark": row.caller.mark,
        }


def bare(row):
    """The way of a row's call where no rule is in force."""
    return REFUSED if row.port in (CLOSED_PORT, GATE_PORT) else PAST


def verdicts(text, packets):
    """What the evaluator says of each packet under a redirect document."""
    said = lab.run([lab.BUILD / "plan-verdicts"], input=json.dumps({"document": text, "packets": packets}))
    return json.loads(said)


def expected_verdict(cell, way, text):
    """What the evaluator has to say about the first packet of a call that took this way: (fate, port)."""
    row = cell.row
    first = way.partition(" ")[0]
    if way == REFUSED and row.caller.where == "pod" and row.protocol in (UDP, PING):
        return ("rejected", 0)
    # What comes back from the node is another packet.
    if first in (PAST, REFUSED, SILENT) or (row.place == "vip" and first == INBOUND):
        return ("pass", 0)
    ports = {**CAPTURES, "outbound": text["outboundPort"], INBOUND: text["inboundPort"], ENDED: text["inboundPort"]}
    return ("proxy", ports[first])


def is_for_evaluator(cell):
    """Whether a call is one of those that the evaluator knows: of no connection, it can say nothing."""
    return cell.row.protocol != STRAY
