# SPDX-License-Identifier: GPL-2.0-or-later
"""What ADD and CHECK cost by each backend: beside a program that does nothing and the tool that is given the same
rules as text, in turn, all as whole processes and each ADD in a namespace that is new; and how that grows with the
document."""

import collections
import contextlib
import json

import containerd
import kernel_rules
import lab
import plugin
import plugin_cost
from table import spread

BATCH = 10  # turns whose namespaces are there at once: when one goes the kernel is busy
CHECK_LIMIT = 2

# `limit` is of milliseconds that ADD may take above the floor.
Case = collections.namedtuple("Case", "what document limit")
# What programs took in the turns of one case, in milliseconds, and how many rules they made.
Measured = collections.namedtuple("Measured", "floor add check peer rules")


def _long_lists(cidrs, ports):
    """A document that leaves out so many networks and ports, no two of which make one."""
    return plugin.document(
        excludeOutboundCidrs=",".join(f"10.{n // 128}.{n % 128 * 2}.0/24" for n in range(cidrs)),
        excludeOutboundPorts=",".join(str(2 * n + 1) for n in range(ports)))


def _plan(output, document):
    """The document's rules as text."""
    return lab.run([lab.BUILD / "sidewire-redirect", "plan", "-o", output, "-"], input=document)


class _Libiptc:
    """Beside iptables-nft-restore, which is what iptables-restore is on the distributions of today."""

    name = "iptables"
    title = "libiptc"
    peer = "iptables-nft-restore, for both families"
    limit = 0.8
    peer_floor = 5
    _families = ("iptables", "ip6tables")

    def peers(self, directory, document):
        """Programs and their standard input."""
        for family in self._families:
            path = directory / f"rules.{family}"
            path.write_text(_plan(family, document), encoding="utf-8")
            yield f"/usr/sbin/{family}-nft-restore", path

    @staticmethod
    def listing(pod):
        """Our rules in a namespace, a line each."""
        return kernel_rules.in_kernel(pod, 4) + kernel_rules.in_kernel(pod, 6)

    def peer_listing(self, pod):
        """The same of what the peer wrote."""
        saved = [line for family in self._families for line in pod.run([f"{family}-nft-save"]).splitlines()]
        return [line for line in saved if line.startswith("-A SIDEWIRE_")]


class _Nftables:
    """Beside nft."""

    name = "nftables"
    title = "nftables"
    peer = "nft -f"
    limit = 1.5
    peer_floor = 2

    @staticmethod
    def peers(directory, document):
        """A program that is nft with the document's rules, without the lines that take an older table away: that
        would have it wait for the kernel."""
        path = directory / "rules.nft"
        text = _plan("nft", document)
        path.write_text(f"#!/usr/sbin/nft -f\n{text[text.index('table inet sidewire {'):]}", encoding="utf-8")
        path.chmod(0o755)
        yield path, "/dev/null"

    @staticmethod
    def listing(pod):
        """Our rules in a namespace."""
        listed = json.loads(pod.run(["nft", "-j", "list", "table", "inet", "sidewire"]))
        return [entry["rule"]["expr"] for entry in listed["nftables"] if "rule" in entry]

    peer_listing = listing


class _Turn:
    """One call of each program, in two namespaces."""

    def __init__(self, stack, directory, number, backend, document):
        self.ours = stack.enter_context(lab.Pod(f"ours{number}", number))
        self.theirs = stack.enter_context(lab.Pod(f"theirs{number}", number))
        self._directory = directory
        self._stdin = directory / f"rules{number}.json"
        self._stdin.write_text(json.dumps({**containerd.configuration(self.ours, {plugin.REDIRECT: document}),
                                           "backend": backend.name}), encoding="utf-8")

    def run(self, peers):
        """Milliseconds of the floor, ADD, CHECK, and the peers together."""
        jobs = [plugin_cost.job(plugin_cost.installed(program, self._directory), self._stdin, self.ours, command)
                for program, command in ((lab.BUILD / "bench-nothing", "ADD"), (plugin.PROGRAM, "ADD"),
                                         (plugin.PROGRAM, "CHECK"))]
        peer_jobs = [plugin_cost.job(program, stdin, self.theirs) for program, stdin in peers]
        own = [nanoseconds / 1e6 for nanoseconds, _ in plugin_cost.run(jobs)]
        return *own, sum(nanoseconds / 1e6 for nanoseconds, _ in plugin_cost.run(peer_jobs, self.theirs.command([])))


def _measure(directory, rounds, backend, document):
    """All turns of one case."""
    peers = list(backend.peers(directory, document))
    times = []
    for first in range(0, rounds, BATCH):
        with contextlib.ExitStack() as stack:
            turns = [_Turn(stack, directory, number + 2, backend, document)
                     for number in range(min(BATCH, rounds - first))]
            times += [turn.run(peers) for turn in turns]
            rules = backend.listing(turns[-1].ours)
            if rules != backend.peer_listing(turns[-1].theirs):
                raise RuntimeError(f"{backend.peer} has made other rules of the text than ADD of the document")
    return Measured(*map(list, zip(*times)), len(rules))


def _above_floor(measured, times):
    floor = spread(measured.floor).median
    return spread([time - floor for time in times])


def _report_case(table, backend, case, measured, is_usual):
    """The rows of one case. Only the usual size is held to all limits."""
    table.row(f"ADD, {case.what}: {measured.rules} rules", spread(measured.add), "ms", 3)
    table.row("  above the floor", _above_floor(measured, measured.add), "ms", 3, limit=case.limit)
    table.row("  CHECK, above the floor", _above_floor(measured, measured.check), "ms", 3,
              limit=CHECK_LIMIT if is_usual else None)
    table.row(f"  {backend.peer}", spread(measured.peer), "ms", 3)
    table.row("  as often as ADD", spread(measured.peer).median / spread(measured.add).median, "x", 1,
              floor=backend.peer_floor if is_usual else None)


def _report_growth(table, few, many):
    """How the last case has grown from the one before, whose lists have a tenth of its length."""
    table.row("ten times as long lists: rules", many.rules / few.rules, "x", limit=10)
    table.row("  ADD above the floor",
              _above_floor(many, many.add).median / _above_floor(few, few.add).median, "x", limit=10)


def report(table, directory, rounds):
    """Measures, and adds the rows."""
    for backend in (_Libiptc(), _Nftables()):
        table.head(f"One call by {backend.title}, whole process, {rounds} calls of each in turn")
        cases = (Case("Istio's usual size", plugin_cost.DOCUMENT, backend.limit),
                 Case("100 CIDRs and 50 ports", _long_lists(100, 50), None),
                 Case("1,000 CIDRs and 500 ports", _long_lists(1000, 500), 10))
        measured = []
        for case in cases:
            measured.append(_measure(directory, rounds, backend, case.document))
            _report_case(table, backend, case, measured[-1], is_usual=len(measured) == 1)
        _report_growth(table, *measured[1:])
