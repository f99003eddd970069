# SPDX-License-Identifier: GPL-2.0-or-later
"""What a call of the plugin costs: whole processes, each in a namespace that is new, beside one
that does nothing and a Go plugin that has nothing to do, all in turn."""

import contextlib
import json
import shutil
import subprocess

import containerd
import lab
import plugin
from table import spread

TUNING = "/usr/lib/cni/tuning"
BATCH = 25  # namespaces that are there at once, of either kind

# The rules of a pod of Istio's usual size, in both families.
DOCUMENT = plugin.document(
    excludeInboundPorts="15021,15090", excludeInboundCidrs="10.9.0.0/16,fd09::/16",
    excludeOutboundPorts="3306-3310,25", excludeOutboundCidrs="169.254.169.254,fd00:ec2::254",
    excludeUids="100-199", excludeGids="7", includeOutboundPorts="1-24,26-65535")

FLOOR, PLAN, NONE, GO = "nothing", "plan", "none", "tuning"


def installed(program, directory):
    """A copy of the program: so it is on a node. The kernel starts a file that was written in one go faster than
    one that the linker has put together piece by piece."""
    copy = directory / program.name
    if not copy.exists():
        shutil.copy(program, copy)
    return copy


def job(program, stdin, namespace, command="ADD"):
    """A line for bench-spawn: a call about the namespace."""
    environment = containerd.environment(command, namespace)
    return "\t".join([str(program), str(stdin), *(f"{k}={v}" for k, v in environment.items())])


class _Turn:
    """One call of each program. The stdin of each stands in a file."""

    def __init__(self, stack, directory, number):
        self.fresh = stack.enter_context(lab.Pod(f"plan{number}", number))
        other = stack.enter_context(lab.Pod(f"go{number}", number))
        plain = containerd.configuration(other, {"kubernetes.io/config.source": "api"})
        redirected = containerd.configuration(self.fresh, {plugin.REDIRECT: DOCUMENT})
        tuning = {key: value for key, value in plain.items()
                  if key not in ("capabilities", "runtimeConfig")}
        self.jobs = {}
        for name, program, namespace, stdin in (
                (FLOOR, installed(lab.BUILD / "bench-nothing", directory), other, plain),
                (PLAN, installed(plugin.PROGRAM, directory), self.fresh, redirected),
                (NONE, installed(plugin.PROGRAM, directory), other, plain),
                (GO, TUNING, other, {**tuning, "type": "tuning"})):
            path = directory / f"{name}{number}.json"
            path.write_text(json.dumps(stdin), encoding="utf-8")
            self.jobs[name] = job(program, path, namespace)


def _spawn(argv, jobs):
    """What bench-spawn says: lines of two numbers."""
    done = subprocess.run(argv, input="\n".join(jobs) + "\n", text=True, stdout=subprocess.PIPE, check=True)
    return [tuple(map(int, line.split("\t"))) for line in done.stdout.splitlines()]


def run(jobs, launcher=()):
    """Nanoseconds and KiB of each job. What the launcher takes is not among them."""
    return _spawn([*launcher, lab.BUILD / "bench-spawn"], jobs)


def run_at_once(jobs):
    """Seconds of all jobs together, and how many failed."""
    [(nanoseconds, failed)] = _spawn([lab.BUILD / "bench-spawn", "at-once"], jobs)
    return nanoseconds / 1e9, failed


def _measure(directory, rounds):
    """Lists of milliseconds and of KiB by program, and how many rules an ADD made."""
    times = {name: [] for name in (FLOOR, PLAN, NONE, GO)}
    peaks = {name: [] for name in times}
    rules = 0
    for first in range(0, rounds, BATCH):
        with contextlib.ExitStack() as stack:
            turns = [_Turn(stack, directory, number + 2)
                     for number in range(min(BATCH, rounds - first))]
            names = [name for turn in turns for name in turn.jobs]
            jobs = [job for turn in turns for job in turn.jobs.values()]
            for name, (nanoseconds, kib) in zip(names, run(jobs)):
                times[name].append(nanoseconds / 1e6)
                peaks[name].append(kib)
            rules = turns[-1].fresh.rules().count("-A ")
    return times, peaks, rules


def report(table, directory, rounds):
    """Measures, and adds the rows."""
    times, peaks, rules = _measure(directory, rounds)
    if rules == 0:
        raise RuntimeError("ADD has left no rule")
    table.head(f"One call of the plugin, whole process, {rounds} calls of each in turn")
    floor = spread(times[FLOOR]).median
    go_time = spread(times[GO]).median
    above = {name: spread([time - floor for time in times[name]]) for name in times}
    table.row("a static C program that does nothing (the floor)", spread(times[FLOOR]), "ms", 3)
    table.row(f"ADD, {rules} rules in both families, new namespace", spread(times[PLAN]), "ms", 3)
    table.row("  above the floor", above[PLAN], "ms", 3, limit=0.8)
    table.row("  as a part of what tuning takes", spread(times[PLAN]).median / go_time, "x", 3,
              limit=0.5)
    table.row("ADD of a pod without annotation", spread(times[NONE]), "ms", 3)
    table.row("  above the floor", above[NONE], "ms", 3, limit=0.3)
    table.row("the Go plugin tuning, with nothing to do", spread(times[GO]), "ms", 3)
    table.row("size of sidewire-cni", plugin.PROGRAM.stat().st_size / 1e6, "MB", limit=2.5)
    table.row("peak memory of an ADD with rules", max(peaks[PLAN]) / 1e3, "MB", limit=4)
