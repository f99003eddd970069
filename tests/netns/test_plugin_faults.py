# SPDX-License-Identifier: GPL-2.0-or-later
"""ADD whose system calls fail one after the other, or that is killed at each of them; two hundred at once; a namespace that
goes away meanwhile. What is in force afterwards is what was there, or what was asked for, and nothing between."""

import collections
import itertools
import json
import re
import threading
import types

import pytest

import lab
import plugin

pytestmark = pytest.mark.skipif("sanitize" in str(plugin.PROGRAM), reason="sanitizers make system calls of their own")

BACKENDS = ("iptables", "nftables")
MODES = ("redirect", "tproxy", "tproxy-both")
DOCUMENTS = {mode: (lab.ROOT / f"tests/golden/plan/{mode}-every-field.in.json").read_text(encoding="utf-8").strip()
             for mode in MODES}
NONE = json.dumps(plugin.DOCUMENT_NONE)

# What can tell of a failure, also of one that was none: of an answer that was lost. The last of an ADD, a write, is the
# plugin's own answer: all is done by then.
CALLS = ("setsockopt", "sendmsg", "sendto", "write", "getsockopt", "recvmsg", "recvfrom", "openat", "read", "setns")

# A system call that a command makes, and its number among those of that name.
Call = collections.namedtuple("Call", "name number is_effect")

SHOW = """
iptables-legacy-save
ip6tables-legacy-save
nft list ruleset
ip -o address show dev lo
ip rule
ip -6 rule
ip route show table 15998 2>/dev/null
ip -6 route show table 15998 2>/dev/null
cat /proc/sys/net/ipv4/tcp_fwmark_accept /proc/sys/net/ipv[46]/fwmark_reflect
"""


@pytest.fixture(scope="module", name="pod")
def make_pod(module_network):
    """One for all tests here: each takes away what it has made. One of the sysctls was set before."""
    made = module_network.add_pod("pod")
    made.run(["sysctl", "-q", "-w", "net.ipv4.fwmark_reflect=1"])
    return made


def state(pod):
    """What lab.Namespace.rules() tells, by fewer programs."""
    text = lab.run(["nsenter", f"--net={pod.path}", "sh", "-c", SHOW])
    text = re.sub(r"\[\d+:\d+\]|^#.*\n| tentative", "", text, flags=re.MULTILINE)
    text = re.sub(r"\*\w+\n(:[A-Z]+ ACCEPT \n)+COMMIT\n", "", text)
    policy = [line for line in text.splitlines() if line.startswith("15998:")]
    return [line for line in text.splitlines() if line not in policy] + sorted(policy)


def call(command, pod, mode, backend="iptables", launcher=()):
    """A call of the plugin; the mode None is that of a pod without redirection."""
    conf = plugin.configuration(pod, DOCUMENTS.get(mode, NONE), backend=backend)
    return plugin.run(plugin.environment(command, pod), conf, launcher)


def put(pod, mode, backend="iptables"):
    """Puts a mode in force, and tells what that looks like."""
    assert call("ADD", pod, mode, backend).status == 0
    return state(pod)


def calls_of(command, pod, mode, backend):
    """The system calls that the command makes, one after the other."""
    traced = call(command, pod, mode, backend, ["strace", "-o", "/dev/stderr"]).stderr.splitlines()
    counts = collections.Counter()
    made = []
    for name, line in ((line.split("(")[0], line) for line in traced if re.match(r"\w+\(", line)):
        counts[name] += 1
        made.append(Call(name, counts[name], bool(plugin.EFFECT.match(line))))
    return made


def injected(what, at):
    """A launcher that does it at that call."""
    return ["strace", "-o", "/dev/null", "-e", f"trace={at.name}", "-e", f"inject={at.name}:{what}:when={at.number}"]


@pytest.mark.parametrize("first, second, error", [
    ((None, "iptables"), ("tproxy-both", "iptables"), "ENOMEM"), (("tproxy-both", "iptables"), ("redirect", "iptables"), "EPERM"),
    (("redirect", "iptables"), ("tproxy", "nftables"), "ENOMEM"), (("tproxy-both", "nftables"), ("tproxy-both", "iptables"), "EPERM")],
    ids=lambda what: "-".join(map(str, what)) if isinstance(what, tuple) else what)
def test_whatever_fails_all_is_as_before(pod, first, second, error):
    after = put(pod, *second)
    before = put(pod, *first)
    calls = [made for made in calls_of("ADD", pod, *second) if made.name in CALLS][:-1]
    failures = 0
    assert state(pod) == after and put(pod, *first) == before
    for failing in calls:
        answer = call("ADD", pod, *second, injected(f"error={error}", failing))
        assert state(pod) == (before if answer.status != 0 else after), (failing, answer)
        assert "could not be put back" not in answer.stdout
        failures += answer.status != 0
        if answer.status == 0:
            assert put(pod, *first) == before
    assert failures > 40
    put(pod, None)


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_anywhere(pod, backend):
    """What a killed ADD has left is right after the next one, and gone after DEL."""
    nothing = put(pod, None)
    calls = calls_of("ADD", pod, "tproxy-both", backend)
    after = state(pod)
    put(pod, None)
    kills = 0
    for last in calls:
        is_killed = call("ADD", pod, "tproxy-both", backend, injected("signal=KILL", last)).status != 0
        assert is_killed or not last.is_effect
        kills += is_killed
        assert call("ADD", pod, "tproxy-both", backend).status == 0
        assert call("CHECK", pod, "tproxy-both", backend).status == 0
        assert not last.is_effect or state(pod) == after
        assert call("DEL", pod, "tproxy-both").status == 0
        assert call("CHECK", pod, None).status == 0
        assert not last.is_effect or state(pod) == nothing
    # All but execve(2), before which there is nothing to kill. A list that changes while the kernel gives it is asked for
    # anew, so there may have been a few calls more.
    assert kills in range(len(calls) - 10, len(calls))


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_and_deleted(pod, backend):
    """The runtime deletes a pod whose ADD has not answered; and once more, when its DEL has not."""
    nothing = put(pod, None)
    for command in ("ADD", "DEL"):
        for last in calls_of(command, pod, "tproxy", backend):
            if not last.is_effect:
                continue
            assert command == "ADD" or call("ADD", pod, "tproxy", backend).status == 0
            assert call(command, pod, "tproxy", backend, injected("signal=KILL", last)).status != 0
            assert call("DEL", pod, "tproxy").status == 0
            assert state(pod) == nothing, (command, last)
        assert call("ADD", pod, "tproxy", backend).status == 0
    put(pod, None)


def all_at_once(command, pods, ways):
    """Starts a plugin for each pod before the first can have ended, in these ways (mode, backend) by turns. Their answers."""
    def run(number, pod):
        answers[number] = call(command, pod, *ways[number % len(ways)])

    answers = [None] * len(pods)
    threads = [threading.Thread(target=run, args=item) for item in enumerate(pods)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class Many:
    """Bare namespaces, made and removed by one program each."""

    def __init__(self, count):
        self.names = [f"{lab.PREFIX}many{number}" for number in range(count)]
        lab.run(["ip", "-batch", "-"], input="".join(f"netns add {name}\n" for name in self.names))
        self.pods = [types.SimpleNamespace(name=name, path=f"/run/netns/{name}", ipv4="10.77.9.9", ipv6="fd77::9")
                     for name in self.names]

    def __enter__(self):
        return self.pods

    def __exit__(self, *_):
        lab.run(["ip", "-batch", "-"], input="".join(f"netns del {name}\n" for name in self.names))


def test_two_hundred_at_once():
    """A node that is started again, with all of its pods. Both backends work side by side."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    ways = list(itertools.product(MODES, BACKENDS))
    with Many(200) as pods:
        for command in ("ADD", "CHECK"):
            assert [answer for answer in all_at_once(command, pods, ways) if answer.status != 0] == []
        states = {tuple(state(pod)) for pod in pods[::11]}
        assert len(states) == len(ways)
        assert [answer for answer in all_at_once("DEL", pods, ways) if answer.status != 0] == []
        assert [answer for answer in all_at_once("CHECK", pods, [(None, "auto")]) if answer.status != 0] == []


def test_the_namespace_goes_meanwhile(module_network):
    """Its file goes while the plugin is inside: it ends its work, in what ends with it."""
    gone = module_network.add_pod("gone")
    launcher = ["strace", "-o", "/dev/null", "-e", "trace=setns", "-e", "inject=setns:delay_exit=300ms"]
    answers = []
    thread = threading.Thread(target=lambda: answers.append(
        plugin.call("ADD", gone, DOCUMENTS["tproxy-both"], launcher)))
    thread.start()
    lab.wait_for(lambda: lab.run(["ip", "netns", "pids", gone.name]), 10, "the plugin in its namespace")
    lab.run(["ip", "netns", "del", gone.name])
    thread.join()
    assert answers[0].status == 0
    plugin.succeed("DEL", gone, DOCUMENTS["tproxy-both"])
    answer = plugin.call("ADD", gone, DOCUMENTS["tproxy-both"])
    assert answer.status != 0 and "No such file" in answer.message
    lab.run(["ip", "netns", "add", gone.name])
