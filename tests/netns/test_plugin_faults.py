# SPDX-License-Identifier: GPL-2.0-or-later
"""ADD whose system calls fail one after the other, or that is killed at each of them; two hundred at once; a namespace that
goes away meanwhile. What is in force afterwards is what was there, or what was asked for, and nothing between."""

import collections
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

# What changes something; and what besides can tell of a failure, also of one that was none: of an answer that was lost.
EFFECTS = ("setsockopt", "sendmsg", "sendto", "write")
CALLS = (*EFFECTS, "getsockopt", "recvmsg", "recvfrom", "openat", "read", "setns")

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


@pytest.fixture(scope="module", name="network")
def make_network():
    """One node for all tests here."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    with lab.Network() as network:
        yield network


@pytest.fixture(scope="module", name="pod")
def make_pod(network):
    """One for all tests here: each takes away what it has made."""
    return network.add_pod("pod")


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
    """How often the command makes each system call."""
    traced = call(command, pod, mode, backend, ["strace", "-o", "/dev/stderr"]).stderr.splitlines()
    return collections.Counter(line.split("(")[0] for line in traced if re.match(r"\w+\(", line))


def injected(name, number, what):
    """A launcher that does it at the call of that number."""
    return ["strace", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:{what}:when={number}"]


@pytest.mark.parametrize("first, second", [
    ((None, "iptables"), ("tproxy-both", "iptables")), (("tproxy-both", "iptables"), ("redirect", "iptables")),
    (("redirect", "iptables"), ("tproxy", "nftables")), (("tproxy-both", "nftables"), ("tproxy-both", "iptables"))],
    ids=lambda what: "-".join(map(str, what)))
def test_whatever_fails_all_is_as_before(pod, first, second):
    after = put(pod, *second)
    before = put(pod, *first)
    calls = calls_of("ADD", pod, *second)
    failures = 0
    assert state(pod) == after and put(pod, *first) == before
    # The last write is the answer: all is done by then.
    calls["write"] -= 1
    for name in CALLS:
        for number in range(1, calls[name] + 1):
            answer = call("ADD", pod, *second, injected(name, number, "error=EPERM"))
            found = state(pod)
            assert found == (before if answer.status != 0 else after), (name, number, answer)
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
    for name, count in calls.items():
        for number in range(1, count + 1):
            kills += call("ADD", pod, "tproxy-both", backend, injected(name, number, "signal=KILL")).status != 0
            assert call("ADD", pod, "tproxy-both", backend).status == 0
            assert call("CHECK", pod, "tproxy-both", backend).status == 0
            assert name not in EFFECTS or state(pod) == after
            assert call("DEL", pod, "tproxy-both").status == 0
            assert call("CHECK", pod, None).status == 0
            assert name not in EFFECTS or state(pod) == nothing
    # All but execve(2), before which there is nothing to kill.
    assert kills == calls.total() - 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["redirect", "tproxy"])
def test_killed_and_deleted(pod, mode, backend):
    """The runtime deletes a pod whose ADD has not answered. When it is killed, too, it deletes it again."""
    nothing = put(pod, None)
    calls = calls_of("ADD", pod, mode, backend)
    deletion = calls_of("DEL", pod, mode, backend)
    for name in EFFECTS:
        for number in range(1, calls[name] + 1):
            assert call("ADD", pod, mode, backend, injected(name, number, "signal=KILL")).status != 0
            assert call("DEL", pod, mode).status == 0
            assert state(pod) == nothing, (name, number)
        for number in range(1, deletion[name] + 1):
            put(pod, mode, backend)
            answer = call("DEL", pod, mode, backend, injected(name, number, "signal=KILL"))
            assert answer.status != 0
            assert call("DEL", pod, mode).status == 0
            assert state(pod) == nothing, (name, number)


def all_at_once(command, pods, text):
    """Starts a plugin for each pod before the first can have ended. Their answers."""
    def run(number, pod):
        answers[number] = plugin.run(plugin.environment(command, pod), plugin.configuration(pod, text[number % len(text)]))

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
    """A node that is started again, with all of its pods."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    texts = list(DOCUMENTS.values())
    with Many(200) as pods:
        for command in ("ADD", "CHECK"):
            assert [answer for answer in all_at_once(command, pods, texts) if answer.status != 0] == []
        states = {tuple(state(pod)) for pod in pods[::11]}
        assert len(states) == len(texts)
        assert [answer for answer in all_at_once("DEL", pods, texts) if answer.status != 0] == []
        assert [answer for answer in all_at_once("CHECK", pods, [NONE]) if answer.status != 0] == []


def test_the_namespace_goes_meanwhile(network):
    """Its file goes while the plugin is inside: it ends its work, in what ends with it."""
    gone = network.add_pod("gone")
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
