# SPDX-License-Identifier: GPL-2.0-or-later
"""The shipped profile haproxy, with HAProxy as Debian packages it: IPv4 crosses it both ways, IPv6 is refused."""

import ipaddress

import pytest

from cluster import NODES
from injected import ENABLED, addresses, application, call, make, wait_until_ready

NAMESPACE = "haproxy"
CLIENT, SERVER = "client", "server"
ASKS = {"sidewire.io/profiles": "haproxy"}
DEBIANS = {"param.sidewire.io/image": "test/haproxy:1"}


@pytest.fixture(scope="module", name="pods")
def _pods(installed):
    """Both with HAProxy, on two nodes. Ready, so the gate in front of each application has seen its rules and its proxy."""
    with installed.namespace(NAMESPACE, ENABLED):
        make(installed, NAMESPACE, application(CLIENT, NODES[1], ASKS, DEBIANS), application(SERVER, NODES[0], ASKS, DEBIANS))
        wait_until_ready(installed, NAMESPACE, CLIENT, SERVER)
        yield installed
        installed.kubectl("-n", NAMESPACE, "delete", "pod", "--all", "--force")


@pytest.mark.parametrize("name", [CLIENT, SERVER])
def test_it_has_no_other_sidecar(pods, name):
    found = pods.get("-n", NAMESPACE, "pod", name)
    assert [(c["name"], c["image"]) for c in found["spec"]["initContainers"]] == [("haproxy", "test/haproxy:1")]
    statuses = found["status"]["initContainerStatuses"] + found["status"]["containerStatuses"]
    assert [c["restartCount"] for c in statuses] == [0, 0]


def test_ipv4_crosses_it_both_ways(pods):
    """The application sees the address by which its HAProxy calls it."""
    assert call(pods, NAMESPACE, CLIENT, SERVER, proxy="haproxy") == ipaddress.ip_address("127.0.0.6")


def test_ipv6_that_goes_out_is_refused(pods):
    with pytest.raises(RuntimeError, match="Connection refused"):
        call(pods, NAMESPACE, CLIENT, SERVER, 6, proxy="haproxy")


def test_ipv6_that_comes_in_is_refused(pods):
    address = addresses(pods, NAMESPACE, SERVER)[6]
    with pytest.raises(RuntimeError, match="Connection refused"):
        pods.node(NODES[1], "timeout", "10", "bash", "-c", f"<>/dev/tcp/{address}/8080")
