# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile otel-java with OpenTelemetry's own agent in a JVM, alone and behind Envoy: all spans arrive."""

import contextlib
import http.client
import json

import kubelet
import lab
from outside import CLIENT, COLLECTOR_PORT, SERVER, STOCK_PORT
from rigs import endpoint

AGENT = lab.ROOT / ".deps/otel-java/javaagent.jar"
IMAGES = {"otel-java-agent": kubelet.Image(mounts=[(str(AGENT), "/javaagent.jar", "ro")])}
PORT = 8080
SECONDS_FOR_SPANS = 30


def start_shop(create, peer, image, **annotations):
    """A pod with the shop, which has options of its own, and runs."""
    pod = create({"param.sidewire.io/collector": f"http://{peer.ipv4}:{COLLECTOR_PORT}",
                  "param.sidewire.io/ratio": "1",
                  **{f"sidewire.io/{key.replace('_', '-')}": value for key, value in annotations.items()}},
                 {"command": ["java", "-cp", "/shop", "Shop"],
                  "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
                  "env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Dshop.option=kept"},
                          {"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "team=sales"},
                          {"name": "OTEL_BSP_SCHEDULE_DELAY", "value": "100"},
                          {"name": "STOCK", "value": f"http://{peer.ipv4}:{STOCK_PORT}/"}]})
    pod.boot(IMAGES)
    pod.start("web", image)
    pod.wait_for("web", "readinessProbe")
    return pod


def order(network, pod):
    """Calls the shop from the node; returns the caller's address."""
    connection = http.client.HTTPConnection(pod.namespace.ipv4, PORT)
    connection.sock = network.node.connect(pod.namespace.ipv4, PORT, seconds=20)
    source = endpoint(*connection.sock.getsockname())
    with contextlib.closing(connection):
        connection.request("GET", "/order")
        assert connection.getresponse().read() == b"7 left"
    return source


def check_spans(outside, pod):
    """The spans of the order and of the call that it made are there, as one trace, and know the pod. Returns both."""
    def find():
        found = {span.kind: span for span in outside.spans if span.name != "GET /ready"}
        return found if found.keys() >= {SERVER, CLIENT} else None

    spans = lab.wait_for(find, SECONDS_FOR_SPANS, "both spans")
    (_, headers), = outside.asked
    assert spans[SERVER].name == "GET /order" and spans[CLIENT].name == "GET"
    assert spans[CLIENT].parent_id == spans[SERVER].span_id and spans[SERVER].parent_id == ""
    assert headers["traceparent"] == f"00-{spans[SERVER].trace_id}-{spans[CLIENT].span_id}-01"
    for span in spans.values():
        assert span.resource["service.name"] == "web", "the pod's label app.kubernetes.io/name"
        assert span.resource["team"] == "sales", "the container's own attribute"
        assert span.resource["k8s.pod.name"] == pod.namespace.name
        assert span.resource["k8s.namespace.name"] == "shop"
    assert "its own option: kept\n" in pod.read_log("web")
    return list(spans.values())


def crossings(pod, **fields):
    """The lines of the pod's Envoy that have these fields."""
    lines = [json.loads(line) for line in pod.read_log("envoy").splitlines() if line.startswith("{")]
    return [line for line in lines if fields.items() <= line.items()]


def check_order_crossed_once(outside, pod, source):
    """The order came in through Envoy, once, and its own call went out through it, once."""
    def both():
        return (crossings(pod, direction="inbound", source=source),
                crossings(pod, direction="outbound", original_destination=endpoint(*stock)))

    (address, _), = outside.asked
    stock = (outside.host, STOCK_PORT)
    lab.wait_for(lambda: all(both()), SECONDS_FOR_SPANS, "Envoy's lines")
    (inbound,), (outbound,) = both()
    assert inbound["original_destination"] == endpoint(pod.namespace.ipv4, PORT)
    assert outbound["upstream_source"] == endpoint(*address)
    assert "asked by 127.0.0.6\n" in pod.read_log("web")


def test_alone(network, peer, outside, create, shop_image):
    pod = start_shop(create, peer, shop_image, profiles="otel-java")
    assert "sidewire.io/redirect" not in pod.object["metadata"]["annotations"]
    assert pod.namespace.rules() == pod.rules_before
    order(network, pod)
    check_spans(outside, pod)


def test_behind_envoy_spans_cross_it_too(network, peer, outside, create, shop_image):
    """To the agent's profile its collector is a destination like any other."""
    pod = start_shop(create, peer, shop_image, profiles="envoy,otel-java")
    source = order(network, pod)
    spans = check_spans(outside, pod)
    check_order_crossed_once(outside, pod, source)
    pod.stop("web")  # which ends its connections, so that Envoy writes its lines
    for span in spans:
        lab.wait_for(lambda span=span: crossings(pod, direction="outbound",
                                                 original_destination=endpoint(outside.host, COLLECTOR_PORT),
                                                 upstream_source=endpoint(*span.brought_by)),
                     SECONDS_FOR_SPANS, "Envoy's line about the connection that brought the span")


def test_behind_envoy_spans_go_past_it_where_the_pod_says_so(network, peer, outside, create, shop_image):
    pod = start_shop(create, peer, shop_image, profiles="envoy,otel-java",
                     exclude_outbound_ports=str(COLLECTOR_PORT))
    source = order(network, pod)
    check_spans(outside, pod)
    check_order_crossed_once(outside, pod, source)
    pod.stop("web")
    pod.stop("envoy")
    assert not crossings(pod, original_destination=endpoint(outside.host, COLLECTOR_PORT))
