# SPDX-License-Identifier: GPL-2.0-or-later
"""The other ways in which a pod comes by its rules, and in which these lead to its proxy: TPROXY, nftables, an init
container where there is no plugin. With user namespaces of their own, too."""

import ipaddress
import json
import typing

import pytest

from cluster import wait_for
from injected import (ENABLED, PATIENCE, addresses, agent_kept_off, application, call, make, rules, sandbox,
                      wait_until_ready, write_whole)

NODE = "node2"
NAMESPACE = "ways"
CLIENT = "client"
# By which addresses Envoy calls the application where it does not speak in its caller's name.
INSIDE = {4: ipaddress.ip_address("127.0.0.6"), 6: ipaddress.ip_address("::6")}


class Way(typing.NamedTuple):
    """What makes a pod go that way."""
    profiles: str = "envoy"
    annotations: dict = {}
    has_own_users: bool = False
    is_caller_seen: bool = False
    said: str = ""  # by its init container, where it has one


BY_PLUGIN = {
    "tproxy": Way("envoy-tproxy", is_caller_seen=True),
    "tproxy-both": Way("envoy-tproxy", {"sidewire.io/redirect-mode": "tproxy-both"}, is_caller_seen=True),
    "init-beside-plugin": Way("envoy,init-redirect", said="in force already: nothing was done"),
}
BY_NFTABLES = {
    "nftables": Way("envoy-tproxy", is_caller_seen=True),
    "nftables-own-users": Way(has_own_users=True),
    "init-beside-nftables": Way("envoy,init-redirect", said="replaced"),
}
WITHOUT_PLUGIN = {
    "init": Way("envoy,init-redirect", said="applied"),
    "init-own-users": Way("init-redirect,envoy", has_own_users=True, said="applied"),
    "init-tproxy": Way("envoy-tproxy,init-redirect", {"param.sidewire.io/redirectPrivileged": "true"}, is_caller_seen=True,
                       said="applied"),
}
WAYS = {**BY_PLUGIN, **BY_NFTABLES, **WITHOUT_PLUGIN}


def going(ways):
    """The pods that go these ways, named after them."""
    pods = []
    for name, way in ways.items():
        made = application(name, NODE, {"sidewire.io/profiles": way.profiles, **way.annotations})
        made["spec"]["hostUsers"] = not way.has_own_users
        pods.append(made)
    return pods


def entry_by_nftables(conflist):
    """The conflist, whose entry of ours asks for that backend."""
    changed = json.loads(conflist)
    ours, = [plugin for plugin in changed["plugins"] if plugin["type"] == "sidewire-cni"]
    ours["backend"] = "nftables"
    return json.dumps(changed).encode()


def wait_for_sandboxes(cluster, names):
    """Waits until the pods have their networks."""
    for name in names:
        wait_for(lambda name=name: sandbox(cluster, NODE, NAMESPACE, name), PATIENCE, f"the sandbox of {name}")


@pytest.fixture(scope="module", name="ways")
def _ways(installed):
    """Their pods were made with the plugin as it is; by its other backend; and where there is no plugin. They run."""
    conflist = installed.conflist(NODE)
    with installed.namespace(NAMESPACE, ENABLED):
        make(installed, NAMESPACE, application(CLIENT, "node1"), *going(BY_PLUGIN))
        wait_for_sandboxes(installed, BY_PLUGIN)
        with agent_kept_off(installed, NODE):
            with_entry = conflist.read_bytes()
            write_whole(conflist, entry_by_nftables(with_entry))
            make(installed, NAMESPACE, *going(BY_NFTABLES))
            wait_for_sandboxes(installed, BY_NFTABLES)
            write_whole(conflist, installed.before[NODE])
            make(installed, NAMESPACE, *going(WITHOUT_PLUGIN))
            wait_for_sandboxes(installed, WITHOUT_PLUGIN)
            write_whole(conflist, with_entry)
        wait_until_ready(installed, NAMESPACE, CLIENT, *WAYS)
        yield installed
        installed.kubectl("-n", NAMESPACE, "delete", "pod", "--all", "--force")


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", WAYS)
def test_what_comes_in_crosses_its_envoy(ways, name, family):
    seen = call(ways, NAMESPACE, CLIENT, name, family)
    assert seen == (addresses(ways, NAMESPACE, CLIENT) if WAYS[name].is_caller_seen else INSIDE)[family]


@pytest.mark.parametrize("name", WAYS)
def test_what_goes_out_crosses_its_envoy(ways, name):
    call(ways, NAMESPACE, name, CLIENT, 6)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.has_own_users])
def test_it_has_users_of_its_own(ways, name):
    assert int(ways.execute(NAMESPACE, name, "cat", "/proc/self/uid_map", container="app").split()[1]) != 0


def test_nothing_started_twice(ways):
    for pod in ways.get("-n", NAMESPACE, "pods")["items"]:
        statuses = pod["status"]["initContainerStatuses"] + pod["status"]["containerStatuses"]
        assert {c["restartCount"] for c in statuses} == {0}


@pytest.mark.parametrize("name", ["nftables", "nftables-own-users"])
def test_its_rules_are_the_other_backends(ways, name):
    _, pid = sandbox(ways, NODE, NAMESPACE, name)
    assert rules(ways, NAMESPACE, name) == []
    assert "SIDEWIRE" in ways.node(NODE, "nsenter", "-t", pid, "-n", "nft", "list", "table", "inet", "sidewire")


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.said])
def test_what_the_init_container_found(ways, name):
    """Without the plugin, nothing."""
    assert ways.kubectl("-n", NAMESPACE, "logs", name, "-c", "sidewire-redirect") == WAYS[name].said + "\n"
    assert rules(ways, NAMESPACE, name) != []
