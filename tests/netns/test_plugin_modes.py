# SPDX-License-Identifier: GPL-2.0-or-later
"""Every mode in the kernel: what is put in force is what iptables itself would write, is recognised, replaced, and taken
away."""

import errno
import itertools
import json
import os
import re

import pytest

import kernel_rules
import lab
import plugin

DIFFERENCE, KERNEL, RULES = 103, 104, 101
GET_INFO = 64  # linux/netfilter_ipv4/ip_tables.h; IPv6 has the same number
DOCUMENTS = {path.name.removesuffix(".in.json"): path.read_text(encoding="utf-8").strip()
             for path in sorted((lab.ROOT / "tests/golden/plan").glob("*.in.json"))}
MODES = ["mode-none", "redirect-every-field", "tproxy-every-field", "tproxy-both-every-field"]
SYSCTL = "/proc/sys/net/ipv4/tcp_fwmark_accept"


@pytest.fixture(scope="module", name="pods")
def make_pods(module_network):
    """Two pods that are used by one test after the other: nothing may stay in them."""
    return module_network.add_pod("ours"), module_network.add_pod("theirs")


@pytest.fixture(name="clean")
def make_clean(pods):
    """The first of them, which has to be afterwards what it was."""
    pod = pods[0]
    before = pod.rules()
    yield pod
    plugin.succeed("DEL", pod, DOCUMENTS["envoy-default"])
    assert pod.rules() == before


def state(pod):
    """pod.rules(), with policy rules of one priority in any order."""
    lines = pod.rules().splitlines()
    return [line for line in lines if line[:6] != "15998:"] + sorted(line for line in lines if line[:6] == "15998:")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_kernel_has_what_iptables_would_write(pods, clean, name):
    text = DOCUMENTS[name]
    plugin.succeed("ADD", clean, text)
    kernel_rules.write(pods[1], text)
    try:
        found, expected = kernel_rules.tables(clean), kernel_rules.tables(pods[1])
    finally:
        plugin.succeed("DEL", pods[1], text)
    assert found == expected
    plugin.succeed("CHECK", clean, text)


@pytest.mark.parametrize("name", MODES)
def test_add_twice_is_add_once_and_del_leaves_nothing(clean, name):
    before = clean.rules()
    plugin.succeed("ADD", clean, DOCUMENTS[name])
    once = clean.rules()
    for _ in range(2):
        plugin.succeed("ADD", clean, DOCUMENTS[name])
        plugin.succeed("CHECK", clean, DOCUMENTS[name])
    assert clean.rules() == once
    for _ in range(2):
        plugin.succeed("DEL", clean, DOCUMENTS[name])
        assert clean.rules() == before


@pytest.mark.parametrize("first, second", itertools.permutations(MODES, 2))
def test_one_mode_after_another_leaves_nothing_of_it(pods, clean, first, second):
    plugin.succeed("ADD", pods[1], DOCUMENTS[second])
    plugin.succeed("ADD", clean, DOCUMENTS[first])
    if first != "mode-none":
        assert plugin.call("CHECK", clean, DOCUMENTS[second]).code == DIFFERENCE
    plugin.succeed("ADD", clean, DOCUMENTS[second])
    plugin.succeed("CHECK", clean, DOCUMENTS[second])
    found, expected = state(clean), state(pods[1])
    plugin.succeed("DEL", pods[1], DOCUMENTS[second])
    assert found == expected


def test_routes_of_marks(clean):
    """To be read by people, and by who changes them: this is all that is not netfilter's."""
    plugin.succeed("ADD", clean, DOCUMENTS["tproxy-both-every-field"])
    for family in ("-4", "-6"):
        rules = [line for line in clean.ip(family, "rule").splitlines() if line.startswith("15998:")]
        assert sorted(rules) == [f"15998:\tfrom all fwmark 0x51de000{mark} lookup 15998" for mark in (1, 4)]
        routes = clean.ip(family, "route", "show", "table", "15998").splitlines()
        assert len(routes) == 1 and routes[0].startswith("local default dev lo ")
    assert clean.run(["cat", SYSCTL]) == "2\n"


def test_only_tables_with_rules_are_made(module_network):
    """A nat table has hooks of conntrack: where it shall not be, nobody may even look into it."""
    for name, expected in (("mode-none", ""), ("tproxy-both-plain", "mangle"), ("envoy-default", "nat")):
        pod = module_network.add_pod(name)
        for command in ("ADD", "CHECK", "ADD", "DEL"):
            plugin.succeed(command, pod, DOCUMENTS[name])
        for family in ("ip", "ip6"):
            assert pod.run(["cat", f"/proc/net/{family}_tables_names"]).split() == expected.split()


TAMPERINGS = {
    "a rule of mangle": (["iptables-legacy", "-t", "mangle", "-D", "SIDEWIRE_TPROXY", "1"],
                         "IPv4 mangle: rule 1 of SIDEWIRE_TPROXY is another, expected: -A SIDEWIRE_TPROXY -i"),
    "a rule of filter": (["ip6tables-legacy", "-t", "filter", "-F", "SIDEWIRE_NON_TCP"],
                         "IPv6 filter: rule 1 of SIDEWIRE_NON_TCP is missing"),
    "a type of ICMP": (["iptables-legacy", "-t", "filter", "-D", "SIDEWIRE_NON_TCP", "-p", "icmp",
                        "--icmp-type", "11", "-j", "RETURN"],
                       r"IPv4 filter: rule \d+ of SIDEWIRE_NON_TCP is another"),
    "a jump of mangle": (["iptables-legacy", "-t", "mangle", "-D", "INPUT", "-j", "SIDEWIRE_DELIVER"],
                         "IPv4 mangle: the jump from INPUT to SIDEWIRE_DELIVER is missing"),
    "a chain of another table": (["iptables-legacy", "-t", "nat", "-N", "SIDEWIRE_OUTBOUND"],
                                 "IPv4 nat: chain SIDEWIRE_OUTBOUND is one too many"),
    "a policy rule deleted": (["ip", "rule", "del", "fwmark", "0x51de0001", "lookup", "15998"],
                              "IPv4: the policy rule for mark 0x51de0001 is missing, or another"),
    "a policy rule narrowed": (["sh", "-c", "ip -6 rule del fwmark 0x51de0004 lookup 15998 && ip -6 rule add fwmark "
                                "0x51de0004/0xff lookup 15998 pref 15998"],
                               "IPv6: the policy rule for mark 0x51de0004 is missing, or another"),
    "a policy rule added": (["ip", "rule", "add", "fwmark", "7", "iif", "eth0", "lookup", "15998", "pref", "15998"],
                            "IPv4: the policy rule for mark 0x7 is not expected"),
    "a route deleted": (["ip", "route", "flush", "table", "15998"],
                        "IPv4: the route in table 15998 is missing, or another"),
    "a route of IPv6 deleted": (["ip", "-6", "route", "flush", "table", "15998"],
                                "IPv6: the route in table 15998 is missing, or another"),
    "a route added": (["ip", "route", "add", "unreachable", "10.9.0.0/16", "table", "15998"],
                      "IPv4: the route in table 15998 is not expected"),
    "the sysctl": (["sysctl", "-q", "-w", "net.ipv4.tcp_fwmark_accept=0"],
                   "net.ipv4.tcp_fwmark_accept is 0, and has to be set"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_check_names_the_first_difference_and_add_mends_it(clean, name):
    text = DOCUMENTS["tproxy-both-every-field"]
    plugin.succeed("ADD", clean, text)
    once = state(clean)
    command, expected = TAMPERINGS[name]
    clean.run(command)
    answer = plugin.call("CHECK", clean, text)
    assert answer.code == DIFFERENCE and re.match(expected, answer.message), answer
    plugin.succeed("ADD", clean, text)
    plugin.succeed("CHECK", clean, text)
    assert state(clean) == once


@pytest.mark.parametrize("name", TAMPERINGS)
def test_del_takes_away_what_somebody_has_changed(clean, name):
    plugin.succeed("ADD", clean, DOCUMENTS["tproxy-both-every-field"])
    clean.run(TAMPERINGS[name][0])
    plugin.succeed("DEL", clean, DOCUMENTS["tproxy-both-every-field"])
    plugin.succeed("CHECK", clean, DOCUMENTS["mode-none"])


@pytest.mark.parametrize("leftover, expected", [
    (["iptables-legacy", "-t", "raw", "-N", "SIDEWIRE_OLD"], "IPv4 raw: chain SIDEWIRE_OLD is one too many"),
    (["ip", "-6", "rule", "add", "fwmark", "3", "lookup", "15998", "pref", "15998"],
     "IPv6: the policy rule for mark 0x3 is not expected"),
    (["ip", "route", "add", "local", "default", "dev", "lo", "table", "15998"],
     "IPv4: the route in table 15998 is not expected"),
], ids=["chain", "policy rule", "route"])
def test_check_of_mode_none(clean, leftover, expected):
    clean.run(leftover)
    answer = plugin.call("CHECK", clean, DOCUMENTS["mode-none"])
    assert answer.code == DIFFERENCE and answer.message.startswith(expected)
    plugin.succeed("ADD", clean, DOCUMENTS["mode-none"])
    plugin.succeed("CHECK", clean, DOCUMENTS["mode-none"])


def test_foreign_rules_and_routes_stay(pods):
    pod = pods[1]
    foreign = ["ip rule add fwmark 0x51de0001 lookup 99 pref 15999", "ip rule add fwmark 5 lookup 15998 pref 15997",
               "ip -6 rule add from fd01::/64 lookup 99 pref 15998", "ip route add unreachable 10.8.0.0/16 table 99",
               "iptables-legacy -t mangle -A OUTPUT -p udp -j MARK --set-mark 5",
               "iptables-legacy -t raw -A PREROUTING -p udp --dport 9 -j CT --zone 7",
               "ip6tables-legacy -t filter -A INPUT -p tcp --dport 9 -j REJECT"]
    pod.run(["sh", "-e", "-c", "\n".join(foreign)])
    before = pod.rules()
    for name in MODES[1:]:
        plugin.succeed("ADD", pod, DOCUMENTS[name])
        plugin.succeed("CHECK", pod, DOCUMENTS[name])
    plugin.succeed("DEL", pod, DOCUMENTS[name])
    assert pod.rules() == before


@pytest.mark.parametrize("table", ["raw", "mangle", "filter", "nat"])
def test_another_mesh_is_no_neighbour_in_any_table(module_network, table):
    """Also in a table that we have no rules in, if it is there."""
    pod = module_network.add_pod(f"mesh-{table}")
    pod.run(["ip6tables-legacy", "-t", table, "-N", "ISTIO_INBOUND"])
    before = pod.rules()
    answer = plugin.call("ADD", pod, DOCUMENTS["tproxy-plain"])
    assert f"Istio redirects this pod already: the IPv6 {table} table has its chain ISTIO_INBOUND" in answer.message
    assert pod.rules() == before
    plugin.succeed("DEL", pod, DOCUMENTS["tproxy-plain"])


@pytest.mark.parametrize("backend, command", [
    ("auto", ["nft", "add table ip nat; add chain ip nat ISTIO_OUTPUT"]),
    ("iptables", ["nft", "add table inet istio-proxy-nat; add chain inet istio-proxy-nat output"]),
    ("nftables", ["iptables-legacy", "-t", "nat", "-N", "ISTIO_OUTPUT"])])
def test_another_mesh_is_no_neighbour_by_the_other_backend(module_network, backend, command):
    """Peers have their rules where their iptables puts them, which need not be where ours are."""
    pod = module_network.add_pod(f"mesh-{backend}")
    pod.run(command)
    before = pod.rules()
    conf = plugin.configuration(pod, DOCUMENTS["envoy-default"], backend=backend)
    for call in ("ADD", "CHECK"):
        assert "Istio" in plugin.run(plugin.environment(call, pod), conf).message
    assert pod.rules() == before


def test_another_mesh_is_told_of_before_what_the_kernel_lacks(module_network):
    """A kernel without ip_tables, and a mesh in nf_tables: to load a module would be no help."""
    pod = module_network.add_pod("mesh-lack")
    pod.run(["nft", "add table ip nat; add chain ip nat ISTIO_OUTPUT"])
    launcher = plugin.with_failing("getsockopt", str(errno.ENOPROTOOPT), f"2={GET_INFO}")
    answer = plugin.call("ADD", pod, DOCUMENTS["envoy-default"], launcher)
    assert answer.message.startswith("Istio is in this pod already: the table nat of nftables has its chain ISTIO_OUTPUT")


@pytest.mark.parametrize("call, errnum, expected", [
    ("recvfrom", errno.EAGAIN, "nf_tables' answer ends too early"),
    ("recvmsg", 0, "the addresses can not be listed: the list ends too early"),
], ids=["nf_tables", "rtnetlink"])
def test_a_list_without_its_end_is_none(clean, call, errnum, expected):
    """What is not told for want of an answer is not taken for what is not there."""
    text = DOCUMENTS["tproxy-plain"]
    plugin.succeed("ADD", clean, text)
    answer = plugin.call("CHECK", clean, text, plugin.with_failing(call, str(errnum)))
    assert answer.message == expected


def test_lo_is_set_up_where_routes_lead_there(module_network):
    """IPv6 takes no route on an interface that is down, and a runtime may set lo up at the same time, or later."""
    pod = module_network.add_pod("lodown")
    before = pod.rules()
    pod.ip("link", "set", "lo", "down")
    text = DOCUMENTS["tproxy-plain"]
    plugin.succeed("ADD", pod, text)
    pod.ip("link", "set", "lo", "up")
    plugin.succeed("CHECK", pod, text)
    plugin.succeed("DEL", pod, text)
    assert pod.rules() == before


def test_ipv6_disabled_on_lo(module_network):
    pod = module_network.add_pod("nov6")
    for interface in ("all", "lo", "eth0"):
        pod.run(["sysctl", "-q", "-w", f"net.ipv6.conf.{interface}.disable_ipv6=1"])
    before = pod.rules()
    for _ in range(2):
        plugin.succeed("ADD", pod, DOCUMENTS["tproxy-both-plain"])
        plugin.succeed("CHECK", pod, DOCUMENTS["tproxy-both-plain"])
    plugin.succeed("DEL", pod, DOCUMENTS["tproxy-both-plain"])
    assert pod.rules() == before


def test_proc_sys_is_read_only(clean):
    """So it is in a container that is not privileged. Whatever needs no sysctl can be done."""
    before = clean.rules()
    launcher = plugin.with_failing("openat", str(errno.EROFS), f"2={os.O_WRONLY | os.O_CLOEXEC}")
    answer = plugin.call("ADD", clean, DOCUMENTS["tproxy-plain"], launcher)
    assert answer.message == f"{SYSCTL} can not be written: Read-only file system: a privileged container has it writable"
    assert clean.rules() == before
    plugin.succeed("ADD", clean, DOCUMENTS["envoy-default"], launcher=launcher)
    plugin.succeed("DEL", clean, DOCUMENTS["envoy-default"])
    names = ("net.ipv4.tcp_fwmark_accept", "net.ipv4.fwmark_reflect", "net.ipv6.fwmark_reflect")
    clean.run(["sysctl", "-q", "-w", *(f"{name}=1" for name in names)])
    plugin.succeed("ADD", clean, DOCUMENTS["tproxy-plain"], launcher=launcher)
    plugin.succeed("DEL", clean, DOCUMENTS["tproxy-plain"])
    assert clean.run(["cat", SYSCTL]) == "1\n"
    clean.run(["sysctl", "-q", "-w", *(f"{name}=0" for name in names)])


def test_proc_sys_is_not_there(clean):
    """A sysctl that can not be found is not taken for set: without it answers would go past the proxy."""
    before = clean.rules()
    hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc/sys && exec "$@"', "sh"]
    answer = plugin.call("ADD", clean, DOCUMENTS["tproxy-plain"], hidden)
    assert answer.message == f"{SYSCTL} is not there: is /proc mounted?"
    assert clean.rules() == before


def test_backend_of_the_network_configuration(clean):
    conf = plugin.configuration(clean, DOCUMENTS["envoy-default"], backend="nft")
    answer = plugin.run(plugin.environment("ADD", clean), conf)
    assert answer.message == ("network configuration: backend: 'nft' is no backend: auto, iptables or nftables is "
                              "expected")
    conf = plugin.configuration(clean, DOCUMENTS["envoy-default"], backend="iptables")
    for command in ("ADD", "CHECK"):
        assert plugin.run(plugin.environment(command, clean), conf).status == 0
    assert kernel_rules.in_kernel(clean, 4)
    other = plugin.configuration(clean, None, backend="nft")
    assert plugin.run(plugin.environment("ADD", clean), json.dumps(other)).status == 0
