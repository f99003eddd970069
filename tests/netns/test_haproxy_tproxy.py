# SPDX-License-Identifier: GPL-2.0-or-later
"""Another proxy than Envoy that takes what comes by TPROXY, of both families: HAProxy. What goes out by nat it takes of IPv4
only: of IPv6 it asks the kernel for no original destination, and would call itself."""

import json

import pytest

import lab
import matrix
import plugin
import proxies

PROXY_GID = 15099
DOCUMENT = json.dumps(matrix.document(plugin.DOCUMENT, {
    "mode": "tproxy", "proxyUids": "", "proxyGids": str(PROXY_GID), "dropInvalid": False}))
CONFIGURATION = """
defaults
	mode tcp
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen inbound
	bind 0.0.0.0:15006 transparent
	bind :::15006 v6only transparent
	server original 0.0.0.0 source 0.0.0.0 usesrc clientip
listen outbound
	bind 0.0.0.0:15001
	server original 0.0.0.0
"""


@pytest.fixture(name="haproxy")
def start_haproxy(pod, tmp_path):
    """It runs in the pod; the root of another group, as Envoy does for TPROXY."""
    path, log = tmp_path / "haproxy.cfg", tmp_path / "log"
    path.write_text(CONFIGURATION, encoding="utf-8")
    with open(log, "wb") as output:
        process = pod.start([*lab.as_user((0, PROXY_GID), ["net_raw"]), "haproxy", "-db", "-f", path],
                            stdout=output, stderr=output)
    proxies.wait_until_listening(pod, process, log)
    return process


def call(caller, server, host, user=(0, 0)):
    """Calls a port that the server opens for it. What the caller's end is, and what the server sees of it."""
    with server.listen(host, 8080) as listening, caller.connect(host, 8080, user) as client:
        listening.settimeout(10)
        accepted, seen = listening.accept()
        with accepted:
            accepted.sendall(b"y")
            assert client.recv(1) == b"y"
        return client.getsockname()[:2], seen[:2]


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_whom_the_application_sees(network, pod, haproxy, backend):
    """The caller's address, at a port of the proxy's."""
    conf = plugin.configuration(pod, DOCUMENT, backend=backend)
    assert plugin.run(plugin.environment("ADD", pod), conf).status == 0
    for caller, server, host, user in ((network.node, pod, pod.ipv4, (0, 0)), (network.node, pod, pod.ipv6, (0, 0)),
                                       (pod, network.node, "10.77.0.1", (1000, 1000))):
        called, seen = call(caller, server, host, user)
        assert called[0] == seen[0] and called[1] != seen[1]
    assert haproxy.poll() is None
