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


TPROXY = {
    "tproxy": Way("envoy-tproxy", is_caller_seen=True),
    "tproxy-both": Way("envoy-tproxy", {"sidewire.io/redirect-mode": "tproxy-both"}, is_caller_seen=True),
}
NFTABLES = {
    "nftables": Way("envoy-tproxy", is_caller_seen=True),
    "nftables-own-users": Way(has_own_users=True),
}
INIT = {
    "init": Way("envoy,init-redirect"),
    "init-own-users": Way("init-redirect,envoy", has_own_users=True),
    "init-tproxy": Way("envoy-tproxy,init-redirect", {"param.sidewire.io/redirectPrivileged": "true"}, is_caller_seen=True),
}
WAYS = {**TPROXY, **NFTABLES, **INIT}


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
        make(installed, NAMESPACE, application(CLIENT, "node1"), *going(TPROXY))
        wait_for_sandboxes(installed, TPROXY)
        with agent_kept_off(installed, NODE):
            with_entry = conflist.read_bytes()
            write_whole(conflist, entry_by_nftables(with_entry))
            make(installed, NAMESPACE, *going(NFTABLES))
            wait_for_sandboxes(installed, NFTABLES)
            write_whole(conflist, installed.before[NODE])
            make(installed, NAMESPACE, *going(INIT))
            wait_for_sandboxes(installed, INIT)
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
    call(ways, NAMESPACE, name, CLIENT)


@pytest.mark.parametrize("name", WAYS)
def test_it_has_the_users_that_were_asked_for_and_did_not_start_twice(ways, name):
    first_outside = int(ways.execute(NAMESPACE, name, "cat", "/proc/self/uid_map", container="app").split()[1])
    assert (first_outside != 0) == WAYS[name].has_own_users
    status = ways.get("-n", NAMESPACE, "pod", name)["status"]
    assert {c["restartCount"] for c in status["initContainerStatuses"] + status["containerStatuses"]} == {0}


@pytest.mark.parametrize("name", NFTABLES)
def test_its_rules_are_the_other_backends(ways, name):
    _, pid = sandbox(ways, NODE, NAMESPACE, name)
    assert rules(ways, NAMESPACE, name) == []
    assert "SIDEWIRE" in ways.node(NODE, "nsenter", "-t", pid, "-n", "nft", "list", "table", "inet", "sidewire")


@pytest.mark.parametrize("name", INIT)
def test_the_init_container_made_the_rules(ways, name):
    """They were not there before it."""
    said = ways.kubectl("-n", NAMESPACE, "logs", name, "-c", "sidewire-redirect")
    assert said == "applied\n"
