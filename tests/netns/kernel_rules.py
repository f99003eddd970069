# SPDX-License-Identifier: GPL-2.0-or-later
"""Our rules as the kernel has them, read by iptables' own tools, and as those write the plan's."""

import subprocess

import lab

TOOLS = {4: "iptables-legacy", 6: "ip6tables-legacy"}


def in_kernel(pod, family):
    """The rules of our chains in all tables that are there."""
    saved = pod.run([f"{TOOLS[family]}-save"])
    return [line for line in saved.splitlines() if line.startswith("-A SIDEWIRE_")]


def write(pod, document):
    """Puts the plan of a redirect document in force, by iptables and not by us."""
    plan = subprocess.run([lab.BUILD / "golden-plan"], input=document, capture_output=True, text=True,
                          check=True).stdout
    for family, part in zip((4, 6), plan.removeprefix("# IPv4\n").split("# IPv6\n")):
        pod.run([f"{TOOLS[family]}-restore", "--noflush"], input=part)


def tables(pod):
    """All rules of both families, without counters. A table without a rule is as none."""
    return "".join(line for line in pod.rules().splitlines(True) if line[0] in "*:-")
