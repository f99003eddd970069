# SPDX-License-Identifier: GPL-2.0-or-later
"""What a proxy has still to send when it closes a connection: the kernel sends it of a socket without an owner, which
a rule by uid does not know. Without conntrack the mark that the connection came with says where it goes. The plan is
put in force by iptables' own tools."""

import socket
import threading

import pytest

import lab

DOCUMENT = lab.ROOT / "tests/golden/plan/tproxy-both-plain.in.json"
RESTORE = {4: "iptables-legacy-restore", 6: "ip6tables-legacy-restore"}
IP = {4: ["ip"], 6: ["ip", "-6"]}
SOCKET = {4: (socket.AF_INET, socket.IPPROTO_IP, 19, "0.0.0.0"),  # IP_TRANSPARENT, IPV6_TRANSPARENT
          6: (socket.AF_INET6, socket.IPPROTO_IPV6, 75, "::")}
PROXY, INBOUND_PORT, SIZE, SECONDS = 15099, 15006, 4_000_000, 5


def put_in_force(pod, family):
    """Rules, routes and sysctl."""
    both = lab.run([lab.BUILD / "golden-plan"], input=DOCUMENT.read_text(encoding="utf-8"))
    parts = both.removeprefix("# IPv4\n").split("# IPv6\n")
    pod.run([RESTORE[family]], input=parts[0 if family == 4 else 1])
    for mark in ("0x51de0001", "0x51de0004"):
        pod.run([*IP[family], "rule", "add", "fwmark", mark, "lookup", "15998", "pref", "15998"])
    pod.run([*IP[family], "route", "add", "local", "default", "dev", "lo", "table", "15998"])
    pod.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/tcp_fwmark_accept"])


def listen(pod, family):
    """The proxy's socket."""
    kind, level, transparent, host = SOCKET[family]
    with pod.inside(PROXY):
        server = socket.socket(kind, socket.SOCK_STREAM)
    server.setsockopt(level, transparent, 1)
    server.bind((host, INBOUND_PORT))
    server.listen(1)
    server.settimeout(SECONDS)
    return server


def answer(pod, server):
    """Sends all that the caller gets, and closes while the most is still to be sent."""
    with pod.inside(PROXY):
        connection, _ = server.accept()
    with connection:
        connection.sendall(bytes(SIZE))


def receive(client):
    """How many bytes come, until the end."""
    size = 0
    while part := client.recv(65536):
        size += len(part)
    return size


@pytest.mark.parametrize("family", [4, 6], ids=["v4", "v6"])
def test_what_is_sent_before_the_end_arrives(network, family):
    pod, peer = network.add_pod("pod"), network.add_pod("peer")
    put_in_force(pod, family)
    with listen(pod, family) as server, peer.inside():
        thread = threading.Thread(target=answer, args=(pod, server))
        thread.start()
        with socket.socket(SOCKET[family][0], socket.SOCK_STREAM) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            client.settimeout(SECONDS)
            client.connect((pod.ipv4 if family == 4 else pod.ipv6, 8080))
            assert receive(client) == SIZE
        thread.join()
