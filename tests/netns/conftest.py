# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the namespace tests. Whoever asks for a namespace is skipped, and counted, without root."""

import shutil
import typing

import pytest

import apiserver
import lab
import matrix
import report
import rigs
import servers
import surroundings
import traffic


class Kind(typing.NamedTuple):
    """A rig: a shipped profile and its proxy's container, the mode, and the families whose original destination
    that proxy can find out."""

    profile: str
    container: str
    mode: str
    families: tuple = (4, 6)


RIGS = {
    "envoy": Kind("envoy", "envoy", "redirect"),
    "haproxy": Kind("haproxy", "haproxy", "redirect", (4,)),
    "envoy-tproxy": Kind("envoy-tproxy", "envoy", "tproxy"),
    "envoy-tproxy-both": Kind("envoy-tproxy", "envoy", "tproxy-both"),
}


def is_possible(item):
    """HAProxy learns the original destination of IPv4 connections only; what it does about others is
    for it alone; and what was in force before its rules concerns no proxy. Not every group of the tables is for every
    mode, and probes are the same in all."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    rig, group = parameters.get("rig"), parameters.get("group")
    if rig == "haproxy" and parameters.get("family") == 6:
        return False
    if rig == "haproxy" and getattr(parameters.get("history"), "__name__", "once") != "once":
        return False
    if rig and RIGS[rig].mode != "redirect" and item.module.__name__ == "test_traffic_probe":
        return False
    if rig and group and RIGS[rig].mode not in group.modes:
        return False
    return rig == "haproxy" or "haproxy" not in item.name.partition("[")[0]


def pytest_collection_modifyitems(config, items):
    """pytest counts what is left out as deselected."""
    config.hook.pytest_deselected(items=[item for item in items if not is_possible(item)])
    items[:] = filter(is_possible, items)


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish():
    """After the fixtures that last until then, which need what is swept, and after what failed was told."""
    yield
    lab.sweep()


def pytest_addoption(parser):
    parser.addoption("--matrix", action="store_true", help="print the table of calls, and the ways that they took")


def pytest_configure(config):
    config.observed = report.Observed()


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("matrix"):
        for line in config.observed.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def observed(pytestconfig):
    """What became of calls, to be printed at the end."""
    return pytestconfig.observed


def make_network():
    """A node with a bridge."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    with lab.Network() as made:
        yield made


network = pytest.fixture(make_network, name="network")
module_network = pytest.fixture(make_network, scope="module", name="module_network")
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
    made = servers.Observer()
    made.listen(peer, traffic.PORTS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def webhook(traffic_network, tmp_path_factory):
    """The webhook, with the shipped profiles, and each of them with selfCall."""
    directory = tmp_path_factory.mktemp("webhook")
    profiles = shutil.copytree(lab.ROOT / "manifests/profiles", directory / "profiles")
    for name in ("envoy", "haproxy"):
        text = (profiles / f"{name}.yaml").read_text(encoding="utf-8")
        text = text.replace(f"name: {name}\nspec:", f"name: {name}-self-call\nspec:")
        text = text.replace("selfCall: passthrough", "selfCall: inbound")
        (profiles / f"{name}-self-call.yaml").write_text(text, encoding="utf-8")
    return apiserver.Webhook(traffic_network.node, directory, profiles)


@pytest.fixture(scope="session", params=RIGS)
def rig(request, traffic_network, observer, webhook, around_of, tmp_path_factory):
    """A pod with that proxy, and an application that tells its callers whom it sees."""
    kind = RIGS[request.param]
    pod = around_of(request.param).namespaces["pod"]
    observer.listen(pod, traffic.PORTS)
    for name, port in matrix.CAPTURES.items():
        observer.capture(pod, port, name, traffic.PROXY, kind.mode)
    made = rigs.Rig(pod, webhook, kind, tmp_path_factory.mktemp(request.param) / "proxy.log")
    yield made
    made.log.close()


@pytest.fixture(scope="session")
def around_of(traffic_network, peer):
    """The surroundings of a pod, by its label."""
    made = {}

    def of(label):
        if label not in made:
            made[label] = surroundings.Surroundings(traffic_network, peer, traffic_network.add_pod(label))
        return made[label]
    return of
