# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin does to a namespace, read back by iptables' own tools: all of it, once, or nothing."""

import concurrent.futures
import errno
import json
import pathlib
import socket
import subprocess

import pytest

import kernel_rules
import lab
import plugin

TRY_LATER, DIFFERENCE, KERNEL, RULES = 11, 103, 104, 101

NO_SANITIZERS = pytest.mark.skipif("sanitize" in str(plugin.PROGRAM),
                                   reason="sanitizers make system calls of their own")

# What the kernel's own headers say: linux/in.h, linux/netfilter_ipv4/ip_tables.h, ip6_tables.h.
LEVEL = {4: socket.IPPROTO_IP, 6: socket.IPPROTO_IPV6}
SET_REPLACE, SET_ADD_COUNTERS, GET_INFO = 64, 65, 64
GET_REVISION_MATCH = {4: 66, 6: 68}
GET_REVISION_TARGET = {4: 67, 6: 69}

NONE = json.dumps(plugin.DOCUMENT_NONE)
EVERYTHING = plugin.document(
    proxyUids="15099,20000-20010", proxyGids="15098", proxyMark=4711, selfCall="inbound",
    excludeInboundPorts="22,9000-9100", excludeInboundCidrs="10.1.0.0/16,fd01::/32",
    includeInboundPorts=",".join(str(port) for port in range(8000, 8040, 2)) + ",9500-9600",
    excludeOutboundPorts="25,6000-6010", includeOutboundPorts="80,443,1000-2000",
    includeOutboundCidrs="10.0.0.0/8,192.168.7.0/24,::/0", excludeOutboundCidrs="10.96.0.0/12",
    excludeUids="0,1000-2000", excludeGids="4294967294")


def iptables(pod, family, *words):
    pod.run(["iptables-legacy" if family == 4 else "ip6tables-legacy", "-t", "nat", *words])


@pytest.mark.parametrize("text", [plugin.document(), EVERYTHING], ids=["envoy", "everything"])
def test_add_twice_is_add_once_and_del_leaves_nothing(pod, text):
    before = pod.rules()
    plugin.succeed("ADD", pod, text)
    once = pod.rules()
    assert once != before
    plugin.succeed("CHECK", pod, text)
    plugin.succeed("ADD", pod, text)
    assert pod.rules() == once
    for _ in range(2):
        plugin.succeed("DEL", pod, text)
        assert pod.rules() == before


def test_a_changed_document_replaces(network):
    changed, fresh = network.add_pod("changed"), network.add_pod("fresh")
    second = plugin.document(inboundSource="127.0.0.7,::7", excludeOutboundPorts="25")
    plugin.succeed("ADD", changed, EVERYTHING)
    plugin.succeed("ADD", changed, second)
    plugin.succeed("ADD", fresh, second)
    assert changed.rules() == fresh.rules()


def test_mode_none_after_redirect_cleans_up(pod):
    before = pod.rules()
    plugin.succeed("ADD", pod, plugin.document())
    plugin.succeed("ADD", pod, NONE)
    assert pod.rules() == before


def test_mode_none_and_del_make_no_table(network):
    """Looking into a nat table makes it, and with it a hook for every packet of the pod."""
    pod = network.add_pod("untouched")
    for command, text in (("ADD", NONE), ("DEL", NONE), ("DEL", plugin.document())):
        plugin.succeed(command, pod, text)
        assert pod.run(["cat", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"]) == ""


FOREIGN = [
    ("-N", "MINE"), ("-A", "PREROUTING", "-p", "tcp", "--dport", "1", "-j", "MINE"),
    ("-A", "OUTPUT", "-p", "tcp", "--dport", "2", "-m", "comment", "--comment", "x", "-j", "ACCEPT"),
    ("-A", "OUTPUT", "-p", "tcp", "--dport", "3", "-j", "REDIRECT", "--to-ports", "4"),
    ("-A", "MINE", "-p", "udp", "-j", "RETURN"), ("-A", "POSTROUTING", "-j", "MASQUERADE"),
    ("-P", "INPUT", "ACCEPT"),
]


def add_foreign_rules(pod):
    for family in (4, 6):
        for words in FOREIGN:
            iptables(pod, family, *words)


def without_ours(rules):
    return [line for line in rules.splitlines() if "SIDEWIRE_" not in line and "::6" not in line]


def test_foreign_rules_stay_as_they_are(pod):
    add_foreign_rules(pod)
    before = pod.rules()
    plugin.succeed("ADD", pod, plugin.document())
    assert without_ours(pod.rules()) == without_ours(before)
    for family in (4, 6):
        iptables(pod, family, "-A", "OUTPUT", "-p", "tcp", "--dport", "9", "-j", "ACCEPT")
    plugin.succeed("CHECK", pod, plugin.document())
    plugin.succeed("ADD", pod, EVERYTHING)
    plugin.succeed("DEL", pod, plugin.document())
    for family in (4, 6):
        iptables(pod, family, "-D", "OUTPUT", "-p", "tcp", "--dport", "9", "-j", "ACCEPT")
    assert pod.rules() == before


def test_the_jump_comes_first(pod):
    add_foreign_rules(pod)
    plugin.succeed("ADD", pod, plugin.document())
    for family in (4, 6):
        iptables(pod, family, "-I", "OUTPUT", "1", "-j", "MINE")
        iptables(pod, family, "-I", "OUTPUT", "1", "-p", "tcp", "-j", "LOG")
        plugin.succeed("CHECK", pod, plugin.document())
    # IPv6 is looked at first.
    for family in (4, 6):
        iptables(pod, family, "-I", "OUTPUT", "2", "-j", "ACCEPT")
        answer = plugin.call("CHECK", pod, plugin.document())
        assert answer.code == DIFFERENCE
        assert answer.message == f"IPv{family} nat: rule 2 of OUTPUT, ACCEPT, stands before the jump to SIDEWIRE_OUTBOUND"
    plugin.succeed("ADD", pod, plugin.document())
    plugin.succeed("CHECK", pod, plugin.document())
    saved = pod.rules()
    for hook in ("OUTPUT", "PREROUTING"):
        firsts = [line for line in saved.splitlines() if line.startswith(f"-A {hook} ")
                  and "SIDEWIRE_" in line]
        assert len(firsts) == 2
        for table in saved.split("*nat")[1:]:
            of_hook = [line for line in table.split("COMMIT")[0].splitlines()
                       if line.startswith(f"-A {hook} ")]
            assert "SIDEWIRE_" in of_hook[0]


def leftovers(pod):
    """What an earlier version of ours might have left: chains that no plan has, odd jumps."""
    for family in (4, 6):
        iptables(pod, family, "-N", "SIDEWIRE_OLD")
        iptables(pod, family, "-N", "SIDEWIRE_EMPTY")
        iptables(pod, family, "-N", "THEIRS")
        iptables(pod, family, "-A", "SIDEWIRE_OLD", "-p", "tcp", "-g", "THEIRS")
        iptables(pod, family, "-A", "SIDEWIRE_OLD", "-p", "udp", "-j", "SIDEWIRE_EMPTY")
        iptables(pod, family, "-I", "OUTPUT", "2", "-p", "tcp", "-j", "SIDEWIRE_OLD")
        iptables(pod, family, "-A", "MINE", "-p", "tcp", "-g", "SIDEWIRE_OLD")


# Which of the families' commits comes last is decided by the pod's first address.
LAST_COMMITS = [(4, SET_REPLACE), (4, SET_ADD_COUNTERS), (6, SET_REPLACE), (6, SET_ADD_COUNTERS)]


@pytest.mark.parametrize("state", ["fresh", "foreign", "applied", "leftovers"])
@pytest.mark.parametrize("family, option", LAST_COMMITS)
def test_a_failed_commit_puts_everything_back(pod, family, option, state):
    if state != "fresh":
        add_foreign_rules(pod)
    if state == "leftovers":
        leftovers(pod)
    if state == "applied":
        plugin.succeed("ADD", pod, plugin.document())
    before = pod.rules()
    conf = plugin.configuration(pod, EVERYTHING)
    if family == 6:
        conf["prevResult"]["ips"].reverse()
    launcher = plugin.with_failing("setsockopt", str(errno.EPERM), f"1={LEVEL[family]:d}",
                                   f"2={option}")
    answer = plugin.run(plugin.environment("ADD", pod), conf, launcher)
    assert answer.code == RULES
    assert f"IPv{family} nat table" in answer.message
    assert pod.rules() == before


def first_commit_fails_once(network, *more):
    """A launcher: the first commit finds the table changed by someone else, see nat_table_commit().
    strace counts calls by name: which one that commit is, a run in another pod tells."""
    launcher = ["strace", "-o", "/dev/stderr", "-e", "trace=setsockopt"]
    counted = plugin.call("ADD", network.add_pod("counted"), EVERYTHING, launcher)
    calls = [line for line in counted.stderr.splitlines() if line.startswith("setsockopt(")]
    number = next(i for i, line in enumerate(calls, 1) if "_SO_SET_REPLACE" in line)
    return ["strace", "-o", "/dev/null", "-e", "trace=setsockopt,getsockopt",
            "-e", f"inject=setsockopt:error=EAGAIN:when={number}", *more]


@NO_SANITIZERS
def test_someone_else_changed_the_table_once(network, pod):
    assert plugin.call("ADD", pod, EVERYTHING, first_commit_fails_once(network)).status == 0
    plugin.succeed("CHECK", pod, EVERYTHING)


@NO_SANITIZERS
@pytest.mark.parametrize("state", ["fresh", "applied"])
def test_what_was_in_force_comes_back_when_reading_anew_fails(network, pod, state):
    """Each table was read by two calls; the fifth is the beginning of the second reading."""
    if state == "applied":
        plugin.succeed("ADD", pod, plugin.document())
    before = pod.rules()
    launcher = first_commit_fails_once(network, "-e", "inject=getsockopt:error=ENOMEM:when=5")
    assert plugin.call("ADD", pod, EVERYTHING, launcher).code == TRY_LATER
    assert pod.rules() == before


def test_del_goes_on_after_a_failure(pod):
    plugin.succeed("ADD", pod, plugin.document())
    launcher = plugin.with_failing("setsockopt", str(errno.EPERM), "1=0", f"2={SET_REPLACE}")
    assert plugin.call("DEL", pod, plugin.document(), launcher).status == 0
    assert kernel_rules.in_kernel(pod, 4) and not kernel_rules.in_kernel(pod, 6)


def test_many_at_once(network):
    """A node that starts: as many pods as it holds."""
    pods = [network.add_pod(f"many{i}") for i in range(24)]
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda pod: plugin.succeed("ADD", pod, EVERYTHING), pods))
    assert len({pod.rules() for pod in pods}) == 1


TAMPERINGS = {
    "a rule deleted": ([("-D", "SIDEWIRE_INBOUND", "3")],
                       "rule 3 of SIDEWIRE_INBOUND is another, expected: -A SIDEWIRE_INBOUND "
                       "-p tcp --dport 15021 -j RETURN"),
    "the last rule deleted": ([("-D", "SIDEWIRE_INBOUND", "4")],
                              "rule 4 of SIDEWIRE_INBOUND is missing, expected: "
                              "-A SIDEWIRE_INBOUND -p tcp --syn -j REDIRECT --to-ports 15006"),
    "a chain flushed": ([("-F", "SIDEWIRE_OUTBOUND")], "rule 1 of SIDEWIRE_OUTBOUND is missing"),
    "a rule inserted": ([("-I", "SIDEWIRE_OUTBOUND", "-j", "RETURN")],
                        "rule 1 of SIDEWIRE_OUTBOUND is another"),
    "a rule appended": ([("-A", "SIDEWIRE_OUTBOUND", "-j", "RETURN")],
                        "rule 6 of SIDEWIRE_OUTBOUND is one too many"),
    "another port": ([("-R", "SIDEWIRE_INBOUND", "4", "-p", "tcp", "-j", "REDIRECT", "--to-ports",
                       "15007")], "rule 4 of SIDEWIRE_INBOUND is another"),
    "another user": ([("-R", "SIDEWIRE_OUTBOUND", "3", "-m", "owner", "--uid-owner", "15098", "-j",
                       "RETURN")], "rule 3 of SIDEWIRE_OUTBOUND is another"),
    "another verdict": ([("-R", "SIDEWIRE_OUTBOUND", "4", "-o", "lo", "-j", "ACCEPT")],
                        "rule 4 of SIDEWIRE_OUTBOUND is another"),
    "another interface": ([("-R", "SIDEWIRE_OUTBOUND", "4", "-o", "lo+", "-j", "RETURN")],
                          "rule 4 of SIDEWIRE_OUTBOUND is another"),
    "a chain deleted": ([("-D", "PREROUTING", "-j", "SIDEWIRE_INBOUND"), ("-F", "SIDEWIRE_INBOUND"),
                         ("-X", "SIDEWIRE_INBOUND")], "chain SIDEWIRE_INBOUND is missing"),
    "a chain added": ([("-N", "SIDEWIRE_PROXY")], "chain SIDEWIRE_PROXY is one too many"),
    "a jump deleted": ([("-D", "OUTPUT", "-j", "SIDEWIRE_OUTBOUND")],
                       "the jump from OUTPUT to SIDEWIRE_OUTBOUND is missing"),
    "a narrowed jump": ([("-R", "OUTPUT", "1", "-p", "tcp", "-j", "SIDEWIRE_OUTBOUND")],
                        "the jump from OUTPUT to SIDEWIRE_OUTBOUND is missing"),
    "a jump added": ([("-A", "OUTPUT", "-p", "udp", "-j", "SIDEWIRE_INBOUND")],
                     "the jump from OUTPUT to SIDEWIRE_INBOUND is not expected"),
}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_check_names_the_first_difference(pod, name, family):
    text = plugin.document(inboundSource="127.0.0.6,::6")
    commands, expected = TAMPERINGS[name]
    plugin.succeed("ADD", pod, text)
    plugin.succeed("CHECK", pod, text)
    for words in commands:
        iptables(pod, family, *words)
    answer = plugin.call("CHECK", pod, text)
    assert answer.code == DIFFERENCE
    assert answer.message.startswith(f"IPv{family} nat: {expected}")
    plugin.succeed("ADD", pod, text)
    plugin.succeed("CHECK", pod, text)


def test_check_tells_documents_apart(pod):
    plugin.succeed("ADD", pod, plugin.document())
    answer = plugin.call("CHECK", pod, plugin.document(gatePort=15997))
    assert answer.code == DIFFERENCE and "15997" in answer.message


def test_check_of_mode_none(pod):
    plugin.succeed("CHECK", pod, NONE)
    plugin.succeed("ADD", pod, plugin.document())
    answer = plugin.call("CHECK", pod, NONE)
    assert answer.code == DIFFERENCE and "SIDEWIRE_INBOUND is one too many" in answer.message
    plugin.succeed("ADD", pod, NONE)
    plugin.succeed("CHECK", pod, NONE)


def test_check_misses_the_address_on_lo(pod):
    """Without it the proxy's connections to the application find no way."""
    plugin.succeed("ADD", pod, plugin.document())
    pod.ip("-6", "address", "del", "::6/128", "dev", "lo")
    answer = plugin.call("CHECK", pod, plugin.document())
    assert answer.code == DIFFERENCE and answer.message == "IPv6: the address ::6 is missing on lo"
    plugin.succeed("ADD", pod, plugin.document())
    plugin.succeed("CHECK", pod, plugin.document())


def test_check_finds_an_address_on_lo_that_is_left(pod):
    plugin.succeed("ADD", pod, plugin.document())
    answer = plugin.call("CHECK", pod, plugin.document(inboundSource=""))
    assert answer.code == DIFFERENCE
    plugin.succeed("ADD", pod, plugin.document(inboundSource=""))
    assert "::6" not in pod.ip("address", "show", "dev", "lo")
    plugin.succeed("ADD", pod, plugin.document())
    for tool in ("iptables-legacy-restore", "ip6tables-legacy-restore"):
        pod.run([tool], input="*nat\nCOMMIT\n")
    answer = plugin.call("CHECK", pod, NONE)
    assert answer.code == DIFFERENCE and answer.message == "IPv6: the address ::6 is not expected on lo"
    plugin.succeed("DEL", pod, plugin.document())
    plugin.succeed("CHECK", pod, NONE)


def test_ipv6_disabled_in_the_namespace(pod):
    for name in ("all", "lo", "eth0"):
        pod.run(["sysctl", "-q", "-w", f"net.ipv6.conf.{name}.disable_ipv6=1"])
    before = pod.rules()
    text = plugin.document()
    plugin.succeed("ADD", pod, text)
    plugin.succeed("CHECK", pod, text)
    assert "::6" not in pod.ip("address", "show", "dev", "lo")
    plugin.succeed("DEL", pod, text)
    assert pod.rules() == before


WITHOUT_IPV6 = {
    "no IPv6": ("socket", errno.EAFNOSUPPORT, [f"0={socket.AF_INET6:d}"]),
    "no ip6_tables": ("getsockopt", errno.ENOPROTOOPT, [f"1={LEVEL[6]:d}", f"2={GET_INFO}"]),
    "no nat table": ("getsockopt", errno.ENOENT, [f"1={LEVEL[6]:d}", f"2={GET_INFO}"]),
}


@pytest.mark.parametrize("lack", WITHOUT_IPV6)
def test_kernel_without_ipv6_rules(pod, lack):
    """Fatal as long as the pod can be reached by IPv6, by the runtime's word or its own."""
    name, errnum, conditions = WITHOUT_IPV6[lack]
    launcher = plugin.with_failing(name, str(errnum), *conditions)
    before = pod.rules()
    conf = plugin.configuration(pod, plugin.document(), backend="iptables")
    variables = plugin.environment("ADD", pod)
    for _ in range(2):
        answer = plugin.run(variables, conf, launcher)
        assert answer.status != 0 and "the pod has an IPv6 address" in answer.message
        assert pod.rules() == before
        conf["prevResult"]["ips"].pop()
    pod.ip("-6", "address", "flush", "dev", "eth0", "scope", "global")
    assert plugin.run(variables, conf, launcher).status == 0
    assert plugin.run({**variables, "CNI_COMMAND": "CHECK"}, conf, launcher).status == 0
    assert "::6" not in pod.ip("address", "show", "dev", "lo")
    assert kernel_rules.in_kernel(pod, 4) and not kernel_rules.in_kernel(pod, 6)
    answer = plugin.run(variables, plugin.configuration(pod, plugin.document(), backend="iptables"), launcher)
    assert "the pod has an IPv6 address" in answer.message


@pytest.mark.parametrize("errnum, word", [(errno.ENOPROTOOPT, "ip_tables"), (errno.ENOENT, "nat")])
def test_kernel_without_ip_tables(pod, errnum, word):
    before = pod.rules()
    launcher = plugin.with_failing("getsockopt", str(errnum), "1=0", f"2={GET_INFO}")
    conf = plugin.configuration(pod, plugin.document(), backend="iptables")
    for command in ("ADD", "CHECK"):
        answer = plugin.run(plugin.environment(command, pod), conf, launcher)
        assert word in answer.message and "modprobe iptable_nat" in answer.message
        assert answer.code == KERNEL
    assert pod.rules() == before


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("errnum", [errno.ENOPROTOOPT, errno.ENOENT])
def test_nftables_where_the_kernel_has_not_ip_tables(pod, family, errnum):
    """For one of the pod's families is as for none: rules of both backends would stand beside each other."""
    before = pod.rules()
    launcher = plugin.with_failing("getsockopt", str(errnum), f"1={LEVEL[family]:d}", f"2={GET_INFO}")
    for command in ("ADD", "CHECK", "ADD"):
        plugin.succeed(command, pod, plugin.document(), launcher=launcher)
    assert "table inet sidewire" in pod.rules() and "-A SIDEWIRE_" not in pod.rules()
    plugin.succeed("DEL", pod, plugin.document(), launcher=launcher)
    assert pod.rules() == before


@pytest.mark.parametrize("errnum", [errno.EAFNOSUPPORT, errno.ENOPROTOOPT, errno.ENOENT])
def test_ipv4_is_never_left_out(pod, errnum):
    """A pod with IPv4 alone, and a kernel that can redirect IPv6 alone: it would go past the proxy."""
    pod.ip("-6", "address", "flush", "dev", "eth0", "scope", "global")
    before = pod.rules()
    conf = plugin.configuration(pod, plugin.document(), backend="iptables")
    conf["prevResult"]["ips"].pop()
    launcher = plugin.with_failing("getsockopt", str(errnum), f"1={LEVEL[4]:d}", f"2={GET_INFO}")
    answer = plugin.run(plugin.environment("ADD", pod), conf, launcher)
    assert answer.code == KERNEL
    assert pod.rules() == before


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("asked, module", [(GET_REVISION_MATCH, "xt_addrtype"),
                                           (GET_REVISION_TARGET, "xt_REDIRECT")])
def test_kernel_without_a_match_or_target(pod, family, asked, module):
    before = pod.rules()
    level = f"1={LEVEL[family]:d}"
    launcher = plugin.with_failing("setsockopt", str(errno.ENOENT), level, f"2={SET_REPLACE}")
    launcher += plugin.with_failing("getsockopt", str(errno.ENOENT), level, f"2={asked[family]}")
    answer = plugin.call("ADD", pod, plugin.document(), launcher)
    assert answer.code == KERNEL
    assert module in answer.message and f"modprobe {module}" in answer.message
    assert pod.rules() == before


def test_lo_may_be_down(network):
    pod = network.add_pod("lodown")
    pod.ip("link", "set", "lo", "down")
    before = pod.rules()
    plugin.succeed("ADD", pod, plugin.document())
    assert "::6/128" in pod.ip("address", "show", "dev", "lo")
    assert "state DOWN" in pod.ip("link", "show", "dev", "lo")
    pod.ip("link", "set", "lo", "up")
    assert "::6" not in pod.ip("-6", "route"), "the way there is in the table local"
    with pod.listen("::6", 7), pod.connect("::6", 7, source=("::6", 0)) as client:
        assert client.getpeername()[0] == "::6"
    plugin.succeed("DEL", pod, plugin.document())
    pod.ip("link", "set", "lo", "down")
    assert pod.rules() == before


def test_an_address_that_was_there_stays(pod):
    """After a failure, and after what has needed it goes."""
    pod.ip("address", "add", "::6/128", "dev", "lo")
    before = pod.rules()
    launcher = plugin.with_failing("setsockopt", str(errno.EPERM), "1=0", f"2={SET_REPLACE}")
    assert plugin.call("ADD", pod, plugin.document(), launcher).code == RULES
    assert pod.rules() == before
    for text in (plugin.document(), plugin.document(inboundSource="127.0.0.6")):
        plugin.succeed("ADD", pod, text)
        plugin.succeed("CHECK", pod, text)
    plugin.succeed("ADD", pod, plugin.document())
    plugin.succeed("DEL", pod, plugin.document())
    assert pod.rules() == before


@pytest.mark.parametrize("chain, mesh", [("ISTIO_OUTPUT", "Istio"), ("KUMA_MESH_OUTBOUND", "Kuma"),
                                         ("PROXY_INIT_OUTPUT", "Linkerd"),
                                         ("CONSUL_PROXY_OUTPUT", "Consul")])
@pytest.mark.parametrize("family", [4, 6])
def test_another_mesh_is_no_neighbour(pod, family, chain, mesh):
    iptables(pod, family, "-N", chain)
    before = pod.rules()
    answer = plugin.call("ADD", pod, plugin.document())
    assert mesh in answer.message and chain in answer.message
    assert pod.rules() == before


def test_a_pod_with_a_user_namespace_of_its_own():
    """hostUsers: false. From outside of it the kernel refuses every rule about socket owners."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    if lab.is_in_chroot():
        pytest.skip("the kernel makes no user namespaces in a chroot")
    with subprocess.Popen(["unshare", "--user", "--net", "sh", "-c", "echo ready; exec sleep 60"],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            for name in ("uid_map", "gid_map"):
                pathlib.Path(f"/proc/{process.pid}/{name}").write_text("0 100000 65536")
            text = plugin.document()
            path = f"/proc/{process.pid}/ns/net"
            answer = plugin.call("ADD", plugin.NO_POD, plugin.document(excludeUids="70000"),
                                 CNI_NETNS=path)
            assert answer.code == RULES and "user namespace" in answer.message
            for command in ("ADD", "CHECK"):
                plugin.succeed(command, plugin.NO_POD, text, CNI_NETNS=path)
            inside = ["nsenter", f"--target={process.pid}", "--user", "--net"]
            assert "--uid-owner 15099" in lab.run([*inside, "iptables-legacy-save", "-t", "nat"])
            plugin.succeed("DEL", plugin.NO_POD, text, CNI_NETNS=path)
            assert "SIDEWIRE" not in lab.run([*inside, "iptables-legacy-save", "-t", "nat"])
        finally:
            process.kill()


def test_a_large_document(pod):
    """Close to what a document may hold: some thousand rules."""
    before = pod.rules()
    text = plugin.document(
        excludeOutboundCidrs=",".join(f"10.{i // 250}.{i % 250}.1" for i in range(2500)),
        excludeUids=",".join(str(2 * i) for i in range(1000)),
        includeInboundPorts=",".join(str(2 * i) for i in range(1000, 1900)))
    plugin.succeed("ADD", pod, text)
    plugin.succeed("CHECK", pod, text)
    assert len(kernel_rules.in_kernel(pod, 4)) > 3500
    plugin.succeed("ADD", pod, text)
    plugin.succeed("DEL", pod, text)
    assert pod.rules() == before
