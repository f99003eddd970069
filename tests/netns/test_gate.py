# SPDX-License-Identifier: GPL-2.0-or-later
"""sidewire-gate: it answers when, and only when, the redirect is in force and the proxy listens."""

import subprocess
import time

import pytest

import lab
import plugin

GATE = lab.BUILD / "sidewire-gate"
INBOUND_PORT = plugin.DOCUMENT["inboundPort"]
PROXY_UID = 15099


def start(pod, *options, **others):
    return pod.start([GATE, *options], stderr=subprocess.PIPE, text=True, **others)


def ask(pod, *options, **others):
    """Asks for a moment. Returns the exit status and what was said."""
    process = start(pod, "--timeout", "0", *options, **others)
    said = process.communicate(timeout=30)[1]
    return process.returncode, said


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::"])
def test_both_are_needed(pod, address):
    assert ask(pod)[0] == 1
    with pod.listen(address, INBOUND_PORT):
        assert ask(pod)[0] == 1, "no rules"
        plugin.succeed("ADD", pod, plugin.document())
        assert ask(pod) == (0, "")
        assert ask(pod) == (0, ""), "a second time, from the same port"
    status, said = ask(pod)
    assert status == 1 and "Connection refused" in said
    plugin.succeed("DEL", pod, plugin.document())
    with pod.listen(address, INBOUND_PORT):
        assert ask(pod)[0] == 1, "no rules any more"


def test_waits_for_the_rules_and_then_for_the_proxy(pod):
    """The attempts before leave closed connections with the same addresses and ports in conntrack."""
    process = start(pod, "--timeout", "30")
    time.sleep(0.05)
    plugin.succeed("ADD", pod, plugin.document())
    time.sleep(0.05)
    assert process.poll() is None
    with pod.listen("::", INBOUND_PORT):
        assert process.wait(timeout=30) == 0


def test_it_waits_as_long_as_it_was_told(pod):
    begin = time.monotonic()
    assert start(pod, "--timeout", "1").wait(timeout=60) == 1
    assert time.monotonic() - begin >= 1


def test_any_user_and_several_at_once(pod):
    plugin.succeed("ADD", pod, plugin.document())
    with pod.listen("::", INBOUND_PORT):
        for uid in (0, 1, PROXY_UID):
            assert ask(pod, user=(uid, uid)) == (0, "")
        together = [start(pod, "--timeout", "30", user=(PROXY_UID, PROXY_UID)) for _ in range(10)]
        assert [process.wait(timeout=60) for process in together] == [0] * 10


def test_another_port(pod):
    plugin.succeed("ADD", pod, plugin.document(gatePort=16999))
    with pod.listen("::", INBOUND_PORT):
        assert ask(pod)[0] == 1
        assert ask(pod, "--port", "16999") == (0, "")


def test_no_loopback_interface(pod):
    pod.ip("link", "set", "lo", "down")
    assert ask(pod)[0] == 1


def test_reason_in_the_termination_log(pod, tmp_path):
    log = tmp_path / "termination-log"
    ask(pod, "--termination-log", log)
    assert not log.exists(), "only a kubelet makes it"
    log.write_text("x" * 4096)
    said = ask(pod, "--termination-log", log)[1]
    assert log.read_text() == said and "sidewire-gate: no answer on port 15999" in said


def test_its_own_port_is_taken(pod):
    with pod.listen("127.0.0.1", 15998), pod.listen("::1", 15998):
        status, said = ask(pod)
        assert status == 1 and "port 15998, from which the gate is asked, was in use" in said


@pytest.mark.parametrize("options", [["--port", "0"], ["--port", "65536"], ["--port", "15998"], ["--timeout", "-1"],
                                     ["--timeout", "x"], ["--nonsense"]])
def test_bad_options(options):
    done = subprocess.run([GATE, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and options[0].lstrip("-") in done.stderr


def test_help_and_version():
    assert "--termination-log" in lab.run([GATE, "--help"])
    assert lab.run([GATE, "--version"]).startswith("sidewire-gate ")
