# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin asks the kernel for, in an environment of nothing but CNI_*."""

import errno
import json
import re
import socket
import subprocess

import pytest

import matrix
import plugin

pytestmark = pytest.mark.skipif("sanitize" in str(plugin.PROGRAM),
                                reason="sanitizers make system calls of their own")

TRY_LATER = 11
SET_REPLACE = 64  # linux/netfilter_ipv4/ip_tables.h

# Calls that take a path, make a process, a thread or a socket, or speak through one.
LOOKED_AT = ("%file,%process,open_by_handle_at,socket,socketpair,connect,bind,listen,sendto,sendmsg,"
             "setns,write,writev,getsockopt,setsockopt,io_uring_setup")

# What a static program of glibc does before main() and after it.
STARTUP = [r"execve\(.*sidewire-cni.*", r"arch_prctl\(.*", r"readlink\(\"/proc/self/exe\".*",
           r"exit_group\(.*", r"\+\+\+ exited with 0 \+\+\+"]

ENTER = [r"openat\(AT_FDCWD, \"NETNS\", O_RDONLY\|O_NONBLOCK\|O_CLOEXEC\)",
         r"newfstatat\([0-9]+, \"\", .*", r"newfstatat\(AT_FDCWD, \"/proc/self/ns/(net|user)\", .*",
         r"setns\(3, CLONE_NEWNET\)"]
TABLES = [r"socket\(AF_INET6?, SOCK_RAW, IPPROTO_RAW\)",
          r"[gs]etsockopt\([0-9]+, SOL_IPV?6?, IP6?T_SO_.*"]
NETLINK = [r"socket\(AF_NETLINK, SOCK_RAW\|SOCK_CLOEXEC, NETLINK_(ROUTE|NETFILTER)\)",
           r"setsockopt\([0-9]+, SOL_(SOCKET|NETLINK), .*", r"bind\([0-9]+, {sa_family=AF_NETLINK, .*",
           r"sendmsg\([0-9]+, {msg_name={sa_family=AF_NETLINK, .*"]
# linux/netfilter/nf_tables.h: the messages that only ask.
NFTABLES = [r"sendto\([0-9]+, \[{nlmsg_len=[0-9]+, nlmsg_type=0xa(01|04|07|0a|0d|10)\W.*"]
WHICH_TABLES = [r"openat\(AT_FDCWD, \"/proc/self/net/ip6?_tables_names\", .*"]
ANSWER = [r"write\(1, .*"]


def trace(command, pod, text, is_v6_first=False):
    """The calls of one run, a line each; the run must succeed."""
    conf = plugin.configuration(pod, text, cniVersion="1.1.0")
    conf["prevResult"]["ips"].sort(key=lambda ip: (":" in ip["address"]) != is_v6_first)
    done = subprocess.run(["strace", "-f", "-qq", "-s", "16", "-e", f"trace={LOOKED_AT}",
                           plugin.PROGRAM],
                          env=plugin.environment(command, pod), capture_output=True, text=True,
                          input=json.dumps(conf), check=True)
    lines = done.stderr.replace(pod.path, "NETNS").splitlines()
    assert lines[0].startswith("execve(")
    return lines


def others(lines, *allowed):
    """The calls that no pattern allows."""
    patterns = [re.compile(pattern) for group in (STARTUP, *allowed) for pattern in group]
    return [line for line in lines if not any(pattern.match(line) for pattern in patterns)]


def count(lines, text):
    return sum(text in line for line in lines)


def changes(lines):
    """The calls that change something."""
    return [line for line in lines if plugin.EFFECT.match(line)]


def test_add(pod):
    lines = trace("ADD", pod, plugin.document())
    assert others(lines, ENTER, TABLES, NETLINK, NFTABLES, WHICH_TABLES, ANSWER) == []
    assert count(lines, "execve(") == 1 and count(lines, "write(") == 1
    assert count(lines, "openat(") == 3
    for prefix in ("IPT", "IP6T"):
        for option in ("GET_INFO", "GET_ENTRIES", "SET_REPLACE"):
            assert count(lines, f" {prefix}_SO_{option},") == 1, f"each table once: {option}"
    assert count(lines, "sendto(") == 1, "nobody has ever written by nf_tables: no more is asked"
    assert count(lines, "NETLINK_ROUTE") == 1, "one conversation"


@pytest.mark.parametrize("is_v6_first", [False, True])
def test_the_family_that_is_asked_at_the_gate_comes_last(pod, is_v6_first):
    lines = trace("ADD", pod, plugin.document(), is_v6_first)
    commits = [line for line in lines if "_SO_SET_REPLACE" in line]
    assert len(commits) == 2
    assert ("IP6T_" in commits[1]) == is_v6_first


@pytest.mark.parametrize("is_v6_first", [False, True])
def test_the_family_that_is_asked_at_the_gate_goes_back_first(pod, is_v6_first):
    """The last commit is written, its counters fail: both tables are put back, the gate's before all."""
    option = SET_REPLACE + 1
    conf = plugin.configuration(pod, plugin.document())
    conf["prevResult"]["ips"].sort(key=lambda ip: (":" in ip["address"]) != is_v6_first)
    level = socket.IPPROTO_IPV6 if is_v6_first else socket.IPPROTO_IP
    launcher = ["strace", "-o", "/dev/stderr", "-e", "trace=setsockopt",
                *plugin.with_failing("setsockopt", str(errno.EPERM), f"1={level:d}", f"2={option}")]
    answer = plugin.run(plugin.environment("ADD", pod), conf, launcher)
    assert answer.status != 0
    commits = ["IP6T_" in line for line in answer.stderr.splitlines() if "_SO_SET_REPLACE" in line]
    assert commits == [not is_v6_first, is_v6_first, is_v6_first, not is_v6_first]


@pytest.mark.parametrize("first, second, order", [
    ("redirect", "tproxy", ["mangle", "nat"]),
    ("redirect", "tproxy-both", ["mangle", "nat"]),
    ("tproxy", "redirect", ["nat", "mangle"]),
    ("tproxy", "tproxy-both", ["mangle", "nat"]),
    ("tproxy-both", "redirect", ["nat", "mangle"]),
    ("tproxy-both", "tproxy", ["nat", "mangle"]),
])
def test_another_mode_captures_before_that_before_it_ceases(pod, first, second, order):
    """At no moment what comes in, or goes out, goes past the proxy."""
    texts = [json.dumps(matrix.document(plugin.DOCUMENT, {"mode": mode, "nonTcp": "reject"})) for mode in (first, second)]
    plugin.succeed("ADD", pod, texts[0])
    lines = trace("ADD", pod, texts[1])
    assert re.findall(r'_SO_SET_REPLACE, "(\w+)', "\n".join(lines)) == [table for table in ["filter", *order] for _ in (4, 6)]


def test_someone_else_keeps_changing_the_table(pod):
    """The kernel says so by EAGAIN: the table is read and changed anew, but not for ever."""
    before = pod.rules()
    launcher = ["strace", "-o", "/dev/stderr", "-e", "trace=setsockopt",
                *plugin.with_failing("setsockopt", str(errno.EAGAIN), "1=0", f"2={SET_REPLACE}")]
    answer = plugin.call("ADD", pod, plugin.document(), launcher)
    assert answer.code == TRY_LATER
    assert answer.stderr.count(" IPT_SO_SET_REPLACE,") == 5
    assert pod.rules() == before


def test_add_without_annotation(pod):
    lines = trace("ADD", pod, None)
    assert others(lines, ANSWER) == []
    assert count(lines, "write(") == 1


def test_check_writes_nothing(pod):
    plugin.succeed("ADD", pod, plugin.document())
    lines = trace("CHECK", pod, plugin.document())
    assert others(lines, ENTER, TABLES, NETLINK, NFTABLES, WHICH_TABLES) == []
    assert changes(lines) == []


def test_del(pod):
    plugin.succeed("ADD", pod, plugin.document())
    lines = trace("DEL", pod, plugin.document())
    assert others(lines, ENTER, TABLES, NETLINK, NFTABLES, WHICH_TABLES) == []
    assert count(lines, "_SO_SET_REPLACE") == 2
    assert len(changes(lines)) == 5, "a table of each family, with its counters, and ::6"
    lines = trace("DEL", pod, plugin.document())
    assert others(lines, ENTER, TABLES, NETLINK, NFTABLES, WHICH_TABLES) == []
    assert changes(lines) == [], "a table that has nothing of ours is not written"


@pytest.mark.parametrize("command", ["GC", "STATUS"])
def test_gc_and_status_do_nothing(pod, command):
    assert others(trace(command, pod, None)) == []


def test_version(pod):
    assert others(trace("VERSION", pod, None), ANSWER) == []
