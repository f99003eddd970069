# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of calls, on the kernel: in every mode, by both backends, after every history of the rules."""

import pathlib

import pytest

import matrix
import rows_inbound
import rows_outbound
from traffic import MODES

BACKENDS = ("iptables", "nftables")
OTHER_BACKEND = dict(zip(BACKENDS, reversed(BACKENDS)))
GROUPS = rows_outbound.GROUPS + rows_inbound.GROUPS

# A document whose rules are in every chain, to be changed into others.
FULL = {
    "mode": "tproxy", "proxyMark": 4711, "selfCall": "inbound", "includeOutboundPorts": "1-20000",
    "excludeInboundPorts": "9001", "excludeInboundCidrs": "10.9.0.0/16,fd09::/64", "excludeUids": "77",
    "excludeInterfaces": "net7", "rerouteInterfaces": "tap0", "portMap": "443:15003", "dnsPort": 15053,
    "dnsServers": "10.77.0.2,fd77::2", "dropInvalid": True, "nonTcp": "reject",
}
FULL_BOTH = {**FULL, "mode": "tproxy-both", "dropInvalid": False}


def put(rig, settings, backend):
    """ADD over what is in force. Returns the document."""
    text = matrix.document(rig.document, settings)
    rig.put(text, backend)
    return text


def once(rig, settings, backend):
    rig.remove()
    return put(rig, settings, backend)


def twice(rig, settings, backend):
    once(rig, settings, backend)
    return put(rig, settings, backend)


def changed(rig, settings, backend):
    """From rules of another mode, by the other backend."""
    rig.remove()
    put(rig, FULL if rig.kind.mode == "tproxy-both" else FULL_BOTH, OTHER_BACKEND[backend])
    return put(rig, settings, backend)


HISTORIES = (once, twice, changed)


@pytest.fixture(name="around")
def make_around(request, around_of):
    """What is around the rig's pod."""
    return around_of(request.node.callspec.params["rig"])


def wrong_ways(about, looked):
    """A line about each call that did not become what its row says."""
    for cell, call, seen in looked:
        expected = about.expected(cell, call)
        if seen != expected:
            yield f"{cell.row} v{cell.family}: {seen}, expected {expected}"


def wrong_verdicts(rig, about, looked, text):
    """A line about each call of which the evaluator does not say what its row says."""
    asked = [(cell, call) for cell, call, _ in looked if matrix.is_for_evaluator(cell)]
    said = matrix.verdicts(text, [about.packet(cell, call) for cell, call in asked])
    for (cell, _), verdict in zip(asked, said):
        expected = matrix.expected_verdict(cell, cell.row.expected(rig.kind.mode, cell.family), text)
        if (verdict["fate"], verdict["port"]) != expected:
            yield f"{cell.row} v{cell.family}: the evaluator says {verdict}, expected {expected}"


def conntrack_count(pod):
    """How many connections the kernel knows in a pod."""
    with pod.inside():
        return int(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text(encoding="ascii"))


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_ways(rig, around, observed, group, backend, history):
    """Every call takes the way that its row says; the proxy and the server are told the destination that was
    dialled; the server sees the caller that it ought to; and the evaluator of plans knows it all beforehand."""
    text = history(rig, group.settings, backend)
    rig.check()
    about = matrix.Matrix(rig, around)
    looked = about.look(matrix.cells(group.rows, rig.kind))
    observed.note(rig.kind, backend, group, looked)
    wrong = [*wrong_ways(about, looked), *wrong_verdicts(rig, about, looked, text)]
    assert not wrong, "\n".join(["", *wrong])
    assert (conntrack_count(rig.pod) == 0) == (rig.kind.mode == "tproxy-both")


def every_call(kind):
    """One cell of each call that is in the tables, as a row of what becomes of it where nothing is redirected, nor
    any address of ours on lo."""
    rows = {(row.caller, row.protocol, row.place, row.port): row._replace(way=matrix.bare(row))
            for group in GROUPS for row in group.rows if row.caller.place != "inboundSource"}
    return matrix.cells(rows.values(), kind)


@pytest.mark.parametrize("end", ("removed", "none"))
@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_redirected_any_more(rig, around, backend, end):
    """After DEL, and after mode none, the pod is what it was, and every call passes."""
    rig.remove()
    before = rig.pod.rules()
    for settings in (FULL, FULL_BOTH):
        put(rig, settings, backend)
        assert ("table inet sidewire" in rig.pod.rules()) == (backend == "nftables")
    if end == "removed":
        rig.remove()
    else:
        rig.put(matrix.MODE_NONE, OTHER_BACKEND[backend])
    assert rig.pod.rules() == before
    about = matrix.Matrix(rig, around)
    wrong = list(wrong_ways(about, about.look(every_call(rig.kind))))
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("settings", [{}, {**FULL_BOTH, "mode": "redirect"}, FULL, FULL_BOTH],
                         ids=("defaults", *MODES))
def test_changed_is_as_if_it_had_never_been_otherwise(rig, settings, backend):
    """Whatever was in force before, by whatever backend, the same is left."""
    once(rig, settings, backend)
    expected = rig.pod.rules()
    for history in (twice, changed):
        history(rig, settings, backend)
        assert rig.pod.rules() == expected
