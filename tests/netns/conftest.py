# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the namespace tests. Whoever asks for a namespace is skipped, and counted, without root."""

import shutil

import pytest

import apiserver
import lab
import rigs
import traffic


# The shipped profiles, and the families whose original destination their proxies can find out.
FAMILIES = {"envoy": (4, 6), "haproxy": (4,)}


def is_possible(item):
    """HAProxy learns the original destination of IPv4 connections only; what it does about others is
    for it alone."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if parameters.get("rig") == "haproxy":
        return parameters.get("family") != 6
    return "haproxy" not in item.name.partition("[")[0]


def pytest_collection_modifyitems(config, items):
    """pytest counts what is left out as deselected."""
    config.hook.pytest_deselected(items=[item for item in items if not is_possible(item)])
    items[:] = filter(is_possible, items)


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish():
    """After the fixtures that last until then, which need what is swept, and after what failed was told."""
    yield
    lab.sweep()


def make_network():
    """A node with a bridge."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    with lab.Network() as made:
        yield made


network = pytest.fixture(make_network, name="network")
traffic_network = pytest.fixture(make_network, scope="session", name="traffic_network")


@pytest.fixture
def pod(network):
    """A dual stack pod."""
    return network.add_pod("pod")


@pytest.fixture(scope="session")
def peer(traffic_network):
    """A pod that sidewire does not know, with more addresses than one. Whoever calls it is told the
    address that it has for them."""
    made = traffic_network.add_pod("peer")
    for place in ("far", "farther"):
        for host in traffic.PLACES[place].values():
            made.ip("addr", "add", host, "dev", "lo")
    return made


@pytest.fixture(scope="session")
def observer(peer):
    """The servers of all traffic tests."""
    made = rigs.Observer()
    made.listen(peer, traffic.PORTS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def webhook(traffic_network, tmp_path_factory):
    """The webhook, with the shipped profiles, and each of them with selfCall."""
    directory = tmp_path_factory.mktemp("webhook")
    profiles = shutil.copytree(lab.ROOT / "manifests/profiles", directory / "profiles")
    for name in FAMILIES:
        text = (profiles / f"{name}.yaml").read_text(encoding="utf-8")
        text = text.replace(f"name: {name}\nspec:", f"name: {name}-self-call\nspec:")
        text = text.replace("selfCall: passthrough", "selfCall: inbound")
        (profiles / f"{name}-self-call.yaml").write_text(text, encoding="utf-8")
    return apiserver.Webhook(traffic_network.node, directory, profiles)


@pytest.fixture(scope="session", params=FAMILIES)
def rig(request, traffic_network, peer, observer, webhook, tmp_path_factory):
    """A pod with that proxy, and an application that tells its callers whom it sees."""
    directory = tmp_path_factory.mktemp(request.param)
    pod = traffic_network.add_pod(request.param)
    for network in traffic.FAR_NETWORKS.split(","):
        pod.ip("route", "add", network, "via", peer.ipv6 if ":" in network else peer.ipv4)
    observer.listen(pod, traffic.PORTS)
    made = rigs.Rig(pod, webhook, request.param, directory / "proxy.log", FAMILIES[request.param])
    yield made
    made.log.close()
