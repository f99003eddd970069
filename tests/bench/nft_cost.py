# SPDX-License-Identifier: GPL-2.0-or-later
"""What an ADD costs where the kernel has no ip_tables: by nftables, beside nft that is given the same rules as text, and
a program that does nothing, in turn, each in a namespace that is new."""

import contextlib
import json
import subprocess

import containerd
import lab
import plugin
import plugin_cost
from table import spread

NFT = "/usr/sbin/nft"
LARGE = plugin.document(
    excludeOutboundCidrs=",".join(f"10.{n // 128}.{n % 128 * 2}.0/24" for n in range(1000)),
    excludeOutboundPorts=",".join(str(2 * n + 1) for n in range(500)))


def _script(path, document):
    """A program that is nft with the document's rules, without the lines that take an older table away: that
    would have it wait for the kernel."""
    text = subprocess.run([lab.BUILD / "golden-nft"], input=document, capture_output=True, text=True, check=True).stdout
    path.write_text(f"#!{NFT} -f\n{text[text.index('table inet sidewire {'):]}", encoding="utf-8")
    path.chmod(0o755)
    return path


def _turn(directory, number, document, script):
    """Milliseconds of one call of each."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(lab.Pod(f"nft{number}", number))
        theirs = stack.enter_context(lab.Pod(f"text{number}", number))
        stdin = directory / "nft.json"
        stdin.write_text(json.dumps({**containerd.configuration(ours, {plugin.REDIRECT: document}),
                                     "backend": "nftables"}), encoding="utf-8")
        floor = plugin_cost.job(lab.BUILD / "bench-nothing", stdin, ours)
        add = plugin_cost.job(plugin.PROGRAM, stdin, ours)
        nft = plugin_cost.job(script, "/dev/null", theirs)
        times = [nanoseconds / 1e6 for nanoseconds, _ in
                 plugin_cost.run([floor, add]) + plugin_cost.run([nft], theirs.command([]))]
        listing = ours.run(["nft", "list", "table", "inet", "sidewire"])
        if listing != theirs.run(["nft", "list", "table", "inet", "sidewire"]):
            raise RuntimeError("nft has made other rules of the text than ADD of the document")
        return times


def _rows(table, what, measured, add_limit, nft_floor):
    """The rows of one document: what ADD may take above the floor, and nft must take at least, as often as ADD."""
    floors, adds, nfts = zip(*measured)
    floor = spread(floors).median
    table.row(f"ADD, {what}", spread(adds), "ms", 3)
    table.row("  above the floor", spread([time - floor for time in adds]), "ms", 3, limit=add_limit)
    table.row("nft -f of the same rules", spread(nfts), "ms", 3)
    table.row("  as often as ADD", spread(nfts).median / spread(adds).median, "x", 1, floor=nft_floor)


def report(table, directory, rounds):
    """Measures, and adds the rows."""
    table.head(f"One call of the plugin by nftables, {rounds} calls of each in turn")
    for what, document, add_limit, nft_floor in (("Istio's usual size", plugin_cost.DOCUMENT, 1.5, 2),
                                                 ("1,000 CIDRs and 500 ports", LARGE, 10, None)):
        script = _script(directory / "rules.nft", document)
        measured = [_turn(directory, number + 2, document, script) for number in range(rounds)]
        _rows(table, what, measured, add_limit, nft_floor)
