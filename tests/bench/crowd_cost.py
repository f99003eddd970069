# SPDX-License-Identifier: GPL-2.0-or-later
"""Many ADDs at once, as on a node that starts anew: how many a second, and whether all come to their end with the
right rules."""

import contextlib
import json

import containerd
import lab
import plugin
import plugin_cost


def _measure(directory, backend, count):
    """(seconds, failures) of all ADDs, then of all CHECKs."""
    with contextlib.ExitStack() as stack:
        pods = [stack.enter_context(lab.Pod(f"crowd{number}", number)) for number in range(2, count + 2)]
        paths = [directory / f"crowd{pod.number}.json" for pod in pods]
        for pod, path in zip(pods, paths):
            path.write_text(json.dumps({**containerd.configuration(pod, {plugin.REDIRECT: plugin_cost.DOCUMENT}),
                                        "backend": backend}), encoding="utf-8")
        program = plugin_cost.installed(plugin.PROGRAM, directory)
        return [plugin_cost.run_at_once([plugin_cost.job(program, path, pod, command)
                                         for pod, path in zip(pods, paths)])
                for command in ("ADD", "CHECK")]


def report(table, directory, count):
    """Measures, and adds the rows."""
    table.head(f"{count} calls at once, Istio's usual size, each in a namespace that is new")
    for title, backend in (("libiptc", "iptables"), ("nftables", "nftables")):
        (seconds, failures), (check_seconds, wrong) = _measure(directory, backend, count)
        table.row(f"ADD by {title}", count / seconds, "/s", 0)
        table.row("  failures", failures, "", 0, limit=1)
        table.row("  CHECK", count / check_seconds, "/s", 0)
        table.row("  without the right rules", wrong, "", 0, limit=1)
