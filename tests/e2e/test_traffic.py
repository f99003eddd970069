# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes through the Envoys of injected pods, as they log it, and what goes past them."""

import collections
import json

import pytest

from cluster import NODES, wait_for
from shop import PATIENCE, Socket, addresses, is_ready, pod, shop


@pytest.fixture(scope="module", name="client")
def _client(shop):
    """The name of a pod on node1 that is nobody's server."""
    shop.create(pod("client", nodeSelector={"kubernetes.io/hostname": NODES[0]}))
    shop.wait_ready("client")
    return "client"


def call_both_servers(shop, client, host):
    """Calls until both have answered, and gives how often each did."""
    names = {a_pod["metadata"]["name"] for a_pod in shop.servers().values()}
    answers = collections.Counter()

    def have_answered():
        answers[shop.call(client, host)] += 1
        return set(answers) == names

    wait_for(have_answered, PATIENCE, f"answers of {names}")
    return answers


def call_each_directly(shop, client, family):
    """Calls each server by its address, and returns when both Envoys have logged that. What was before is in their logs
    then, too."""
    for server in shop.servers().values():
        name, meant = server["metadata"]["name"], Socket.of(addresses(server)[family], 8080)
        before = len(shop.log(client))
        assert shop.call(client, meant) == name

        def both_logged(name=name, meant=meant, before=before):
            ours = [c for c in shop.log(client)[before:] if c.destination == meant]
            return ours and any(c.source == ours[0].goes_on_from for c in shop.log(name))

        wait_for(both_logged, PATIENCE, f"a call of {name} in the logs")


def test_the_servers_are_on_both_nodes(shop):
    assert sorted(shop.servers()) == sorted(NODES)


@pytest.mark.parametrize("service, family", [("server4", 4), ("server", 6)])
def test_a_request_to_a_service_crosses_each_envoy_once(shop, client, service, family):
    servers = {a_pod["metadata"]["name"]: addresses(a_pod)[family] for a_pod in shop.servers().values()}
    own = Socket.of(addresses(shop.get("pod", client))[family], 0).address
    inside = {4: "127.0.0.6", 6: "::6"}[family]
    call_each_directly(shop, client, family)
    before = {name: len(shop.log(name)) for name in (client, *servers)}
    answers = call_both_servers(shop, client, service)
    call_each_directly(shop, client, family)
    logged = {name: shop.log(name)[count:] for name, count in before.items()}

    # The client's Envoy saw each request once, on its way to the Service, and nothing else but the direct ones.
    expected = collections.Counter({Socket.of(addresses(shop.get("service", service))[family], 80): answers.total()})
    expected.update(Socket.of(address, 8080) for address in servers.values())
    assert collections.Counter(c.destination for c in logged[client]) == expected
    assert {(c.direction, c.source.address) for c in logged[client]} == {("outbound", own)}

    # The Envoy of the server that answered saw it once, meant for its own pod; and nothing goes out of a server.
    arrived = {name: [c for c in logged[name] if c.source.address == own] for name in servers}
    assert {name: len(arrived[name]) - 1 for name in servers} == answers
    for name, address in servers.items():
        assert {c.destination for c in arrived[name]} == {Socket.of(address, 8080)}
        assert {str(c.goes_on_from.address) for c in arrived[name]} == {inside}
        assert {c.direction for c in logged[name]} == {"inbound"}

    # What left the one Envoy is what arrived in the others.
    assert sorted(c.goes_on_from for c in logged[client]) == sorted(c.source for name in servers for c in arrived[name])


def test_the_readiness_probe_tells_of_the_application(shop):
    """The kubelet asks the pod's address, so through the redirect."""
    server = shop.servers()[NODES[1]]
    name, own = server["metadata"]["name"], Socket.of(addresses(server)[4], 8080)

    def probes(flags):
        """Those of them, by the end of their node's address there, whose flags in the log have this one."""
        asked = [c for c in shop.log(name) if c.destination == own and str(c.source.address).endswith(".1")]
        return [c for c in asked if flags in c.flags]

    def ready():
        return is_ready(shop.get("pod", name))

    assert ready()
    wait_for(lambda: probes("-"), PATIENCE, "a probe in Envoy's log")
    shop.execute(name, "killall", "httpd")
    seen = len(probes("UF"))
    wait_for(lambda: not ready(), PATIENCE, "the pod not to be ready")
    wait_for(lambda: len(probes("UF")) > seen, PATIENCE, "a probe that Envoy could not pass on")
    shop.execute(name, "httpd", "-p", "8080", "-h", "/www")
    wait_for(ready, PATIENCE, "the pod to be ready again")
    status = shop.get("pod", name)["status"]
    assert [c["restartCount"] for c in status["containerStatuses"] + status["initContainerStatuses"]] == [0, 0]


SERVICES = ("server4", "server")
PODS = ("{pod4}:8080", "[{pod6}]:8080")

# Name of the client: its annotations, whom it then calls past its Envoy, and whom through it.
EXCLUSIONS = {
    "ports": ({"exclude-outbound-ports": "8080"}, PODS, SERVICES),
    "cidrs": ({"exclude-outbound-cidrs": "{service4}/32,{service6}/128"}, SERVICES, PODS),
    "cidr-of-one-family": ({"exclude-outbound-cidrs": "0.0.0.0/0"}, (SERVICES[0], PODS[0]), (SERVICES[1], PODS[1])),
    "forged": ({"redirect": "{forged}"}, (), SERVICES + PODS),
}


@pytest.fixture(scope="module", name="exclusions")
def _exclusions(shop):
    """The clients, with these annotations; and what stands for the braces."""
    server = shop.servers()[NODES[1]]
    document = json.loads(server["metadata"]["annotations"]["sidewire.io/redirect"])
    words = {"pod4": addresses(server)[4], "service4": addresses(shop.get("service", "server4"))[4],
             "pod6": addresses(server)[6], "service6": addresses(shop.get("service", "server"))[6],
             "forged": json.dumps({**document, "excludeOutboundPorts": "1-65535"})}
    for name, (annotations, _, _) in EXCLUSIONS.items():
        filled = {f"sidewire.io/{key}": value.format(**words) for key, value in annotations.items()}
        shop.create(pod(name, annotations=filled))
    shop.wait_ready(*EXCLUSIONS)
    return words


@pytest.mark.parametrize("name", EXCLUSIONS)
def test_what_is_excluded_is_not_in_the_log(shop, exclusions, name):
    meant_for = {"server4": Socket.of(exclusions["service4"], 80), "server": Socket.of(exclusions["service6"], 80),
                 PODS[0]: Socket.of(exclusions["pod4"], 8080), PODS[1]: Socket.of(exclusions["pod6"], 8080)}
    _, past, through = EXCLUSIONS[name]
    for host in past + through:
        assert shop.call(name, host.format(**exclusions)).startswith("server-")
    # These were called last: when they are in the log, the others would be.
    expected = {("outbound", meant_for[host]) for host in through}

    def logged():
        return [(c.direction, c.destination) for c in shop.log(name)]

    wait_for(lambda: expected <= set(logged()), PATIENCE, "the last calls in the log")
    assert collections.Counter(logged()) == collections.Counter(expected)
