# SPDX-License-Identifier: GPL-2.0-or-later
"""sidewire-gate --once: whether anybody listens on a port of the pod."""

import contextlib
import socket
import subprocess
import time

import pytest

import lab

GATE = lab.BUILD / "sidewire-gate"
PORT = 8080
EXTRA_V4 = "10.77.1.9"
# Nobody who listens is known at once: far below what an answer is waited for (100 ms an address, 5 of them).
SECONDS_AT_ONCE = 0.3


def ask(pod, *options, port=PORT, **others):
    """Asks. Returns the exit status and what was said."""
    process = pod.start([GATE, "--once", str(port), *options], stderr=subprocess.PIPE, text=True, **others)
    said = process.communicate(timeout=30)[1]
    return process.returncode, said


def own(pod, place):
    """An address of the pod."""
    return {"own v4": pod.ipv4, "own v6": pod.ipv6}.get(place, place)


@contextlib.contextmanager
def full(pod, host, port):
    """A listener that accepts nobody, and has no room for one more."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(pod.listen(host, port))
        server.listen(0)
        stack.enter_context(pod.connect(host, port))
        yield server


@pytest.mark.parametrize("place", ["127.0.0.1", "::1", "own v4", "own v6", EXTRA_V4, "0.0.0.0", "::"])
def test_somebody_listens(pod, place):
    pod.ip("addr", "add", f"{EXTRA_V4}/24", "dev", "eth0")
    with pod.listen(own(pod, place), PORT):
        assert ask(pod) == (0, "")
        assert ask(pod, user=(1000, 1000)) == (0, ""), "who has no capability"
        assert ask(pod, "--timeout", "0") == (0, "")


def test_nobody_listens(pod):
    with pod.listen("::", PORT + 1):
        begin = time.monotonic()
        status, said = ask(pod)
        assert time.monotonic() - begin < SECONDS_AT_ONCE
    assert (status, said) == (1, "sidewire-gate: nobody in this pod answers on port 8080: Connection refused\n")


def test_without_a_network(pod):
    pod.ip("link", "del", "eth0")
    assert ask(pod)[0] == 1
    with pod.listen("127.0.0.1", PORT):
        assert ask(pod) == (0, "")


def test_without_ipv6(pod):
    pod.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"])
    assert ask(pod)[0] == 1
    with pod.listen(pod.ipv4, PORT):
        assert ask(pod) == (0, "")


def test_an_address_of_lo_is_nobodys(pod):
    """Such as the plugin's ::6: the kubelet asks none of them."""
    pod.ip("addr", "add", "10.99.0.1/32", "dev", "lo")
    with pod.listen("10.99.0.1", PORT):
        assert ask(pod)[0] == 1


def test_one_call_and_no_more(pod):
    """An application that listens everywhere has not to bear more than from the kubelet."""
    with pod.listen("::", PORT) as server:
        assert ask(pod)[0] == 0
        server.settimeout(1)
        with server.accept()[0] as connection:
            assert connection.recv(1) == b"", "closed, and not reset"
        server.settimeout(0.1)
        with pytest.raises(socket.timeout):
            server.accept()


def test_one_address_is_enough(pod):
    with pod.listen(pod.ipv4, PORT) as first, pod.listen(pod.ipv6, PORT) as second:
        assert ask(pod)[0] == 0
        called = 0
        for server in (first, second):
            server.settimeout(0.1)
            with contextlib.suppress(socket.timeout):
                server.accept()[0].close()
                called += 1
        assert called == 1


def test_who_does_not_answer_is_waited_for(pod):
    with full(pod, "127.0.0.1", PORT):
        begin = time.monotonic()
        status, said = ask(pod, "--timeout", "1")
        assert 1 <= time.monotonic() - begin < 3
    assert status == 1 and said.endswith(": Connection timed out\n")


def test_who_answers_late_is_heard(pod):
    """The kernel tries again after a second."""
    with full(pod, "127.0.0.1", PORT) as server:
        process = pod.start([GATE, "--once", str(PORT)])
        time.sleep(0.3)
        assert process.poll() is None
        with server.accept()[0]:
            assert process.wait(timeout=10) == 0


def test_who_does_not_answer_hides_nobody(pod):
    with full(pod, "127.0.0.1", PORT), pod.listen(pod.ipv4, PORT):
        begin = time.monotonic()
        assert ask(pod) == (0, "")
        assert time.monotonic() - begin < 1


@pytest.mark.parametrize("family", (4, 6))
def test_it_does_not_take_itself_for_somebody(pod, family):
    """A port of those that the kernel gives to callers, and the only one: the call comes from where it goes to."""
    pod.run(["sysctl", "-qw", f"net.ipv4.ip_local_port_range={PORT} {PORT}"])
    host = "127.0.0.1" if family == 4 else "::1"
    with pod.connect(host, PORT) as proof:
        assert proof.getsockname() == proof.getpeername(), "this is how it would be fooled"
    assert ask(pod)[0] == 1


def test_many_addresses(pod):
    """More than it has room for, and more than one piece of the kernel's answer holds."""
    for number in range(1, 200):
        pod.ip("addr", "add", f"10.78.{number}.1/32", "dev", "eth0")
    assert ask(pod)[0] == 1
    with pod.listen(pod.ipv4, PORT):
        assert ask(pod) == (0, "")


@pytest.mark.parametrize("options", [["--once", "0"], ["--once", "65536"], ["--once", "web"],
                                     ["--once", "80", "--port", "80"], ["--once", "80", "--termination-log", "x"]])
def test_bad_options(options):
    done = subprocess.run([GATE, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--once" in done.stderr
