# SPDX-License-Identifier: GPL-2.0-or-later
"""Our rules as the kernel has them, read by iptables' own tools, and as the plan writes them."""

import subprocess

import lab


def in_kernel(pod, family):
    """The rules of our chains, in the spelling of redirect_text."""
    saved = pod.run(["iptables-legacy-save" if family == 4 else "ip6tables-legacy-save", "-t", "nat"])
    lines = [line for line in saved.splitlines() if line.startswith("-A SIDEWIRE_")]
    single = "/32 " if family == 4 else "/128 "
    return [line.replace(" -m tcp", "").replace(single, " ") for line in lines]


def in_plan(document, family):
    """The same of a redirect document, by the tool that golden tests use."""
    plan = subprocess.run([lab.BUILD / "golden-plan"], input=document, capture_output=True, text=True,
                          check=True).stdout
    lines = [line.split(" ", 1) for line in plan.splitlines()
             if line[:1] in "46" and " -A SIDEWIRE_" in line]
    return [rule.strip() for families, rule in lines if str(family) in families]


def by_chain(rules):
    """The rules of each chain in their order: iptables-save prints chains in the order of their names."""
    chains = {}
    for rule in rules:
        chains.setdefault(rule.split()[1], []).append(rule)
    return chains
