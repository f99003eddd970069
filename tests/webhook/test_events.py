# SPDX-License-Identifier: GPL-2.0-or-later
"""Events about pods of enabled namespaces that are refused, or passed over: what an API server gets, and that no review and
no end of the program waits for it."""

import contextlib
import json
import re
import signal
import threading

from api_server import NAMESPACE
from in_cluster import answer_on, answer_to, handshake, wait_ready
from program import encoded, pod, review

EVENTS = "/api/v1/namespaces/shop/events"
POST = ("POST", EVENTS)
REFUSED = {"sidewire.io/inject": "maybe"}
SENTENCE = "the pod's label sidewire.io/inject is 'maybe': expected \"true\" or \"false\""


def owned(a_pod, name="web-5d5c6d8b4", kind="ReplicaSet"):
    """The same pod as a controller makes it."""
    a_pod["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "other"},
        {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-of-{name}", "controller": True, "blockOwnerDeletion": True}]
    return a_pod


def events(api):
    """The Events that were sent, whatever became of them."""
    with api.changed:
        return [call[3] for call in api.calls if call[0] == "POST" and call[1].endswith("/events")]


def wait_events(api, count):
    api.wait(lambda: len(events(api)) >= count, f"{count} Events")
    return events(api)


def began(replica, api):
    """A replica that is ready, and the authority that its clients trust."""
    program = replica()
    wait_ready(program)
    return program, api.bundles()[0]


def count(program, result):
    return program.metric(f'sidewire_events_total{{result="{result}"}}')


def test_a_refusal_is_told_at_the_controller(api, replica):
    program, bundle = began(replica, api)
    answer = answer_to(program, bundle, encoded(owned(pod(REFUSED))))
    assert answer["status"]["message"] == SENTENCE
    event, = wait_events(api, 1)
    when = event.pop("firstTimestamp")
    assert event.pop("lastTimestamp") == when and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    assert event == {
        "apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "sidewire-webhook-", "namespace": "shop"},
        "involvedObject": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "namespace": "shop", "name": "web-5d5c6d8b4",
                           "uid": "uid-of-web-5d5c6d8b4"},
        "reason": "SidewireRefused", "message": SENTENCE, "type": "Warning", "count": 1,
        "source": {"component": "sidewire-webhook", "host": "one"}}
    program.wait_metric('sidewire_events_total{result="sent"}', 1)


def test_who_else_is_told_of(api, replica):
    """In the order of the reviews, so that whoever is not told of would be seen."""
    program, bundle = began(replica, api)
    trial = review(owned(pod(REFUSED), "trial"))
    trial["request"]["dryRun"] = True
    bodies = [json.dumps(trial).encode(),
              encoded(owned(pod({"sidewire.io/inject": "false"}, hostNetwork=False), "declines")),
              encoded(owned(pod(), "injected")),
              encoded(owned(pod(annotations={"kubernetes.io/config.mirror": "x"}), "mirror")),
              encoded(owned(pod(annotations={"sidewire.io/gate": "maybe"}), "refused")),
              encoded(pod(hostNetwork=True))]
    with contextlib.closing(handshake(program, bundle)) as connection:
        for body in bodies:
            answer_on(connection, body)
    assert [(e["reason"], e["involvedObject"]["kind"], e["involvedObject"]["name"], e["message"]) for e in wait_events(api, 2)] == [
        ("SidewireRefused", "ReplicaSet", "refused", "annotation 'sidewire.io/gate' is 'maybe', expected probe, exec or none"),
        ("SidewireNotInjected", "Namespace", "shop",
         "pod web-5d5c6d8b4-: the pod has hostNetwork: true, and redirecting it would redirect its node")]


def test_the_same_is_told_once(api, replica):
    program, bundle = began(replica, api)
    with contextlib.closing(handshake(program, bundle)) as connection:
        for _ in range(10):
            answer_on(connection, encoded(owned(pod(REFUSED))))
        answer_on(connection, encoded(owned(pod(hostNetwork=True))))
        answer_on(connection, encoded(owned(pod(REFUSED), "other")))
    assert [(e["involvedObject"]["name"], e["reason"]) for e in wait_events(api, 3)] == [
        ("web-5d5c6d8b4", "SidewireRefused"), ("web-5d5c6d8b4", "SidewireNotInjected"), ("other", "SidewireRefused")]
    assert (count(program, "repeated"), count(program, "dropped")) == (9, 0)
    program.wait_metric('sidewire_events_total{result="sent"}', 3)


def test_an_API_server_that_takes_no_Events_is_noticed_once(api, replica):
    api.refused[POST] = 403
    program, bundle = began(replica, api)
    for name in "one", "two":
        answer_to(program, bundle, encoded(owned(pod(REFUSED), name)))
    program.wait_metric('sidewire_events_total{result="failed"}', 2)
    said, = [line for line in program.log() if line["msg"] == "an Event was not sent"]
    assert said["detail"] == f"the API server refused an Event (HTTP status 403): POST of {EVENTS} is forbidden by the test"
    assert program.get("/readyz")[0] == 200


def test_neither_reviews_nor_the_end_wait_for_an_API_server_that_hangs(api, replica):
    """More are refused than the queue holds, and one is on its way when the program ends."""
    hangs = threading.Event()
    api.before[POST] = hangs.wait
    program, bundle = began(replica, api)
    try:
        with contextlib.closing(handshake(program, bundle)) as connection:
            answer_on(connection, encoded(owned(pod(REFUSED), "first")))
            wait_events(api, 1)
            for number in range(40):
                assert answer_on(connection, encoded(owned(pod(REFUSED), f"web-{number}")))["allowed"] is False
        assert (count(program, "sent"), count(program, "dropped")) == (0, 8)
        program.process.send_signal(signal.SIGTERM)
        assert program.wait_end() == 0
        assert not [line for line in program.log() if line["msg"] == "an Event was not sent"], "its attempt ran to its end"
    finally:
        hangs.set()


def test_what_is_told_of_is_told_in_its_own_namespace(api, replica):
    """Whatever a review names as its namespace, nothing else is asked of the API server."""
    program, bundle = began(replica, api)
    with contextlib.closing(handshake(program, bundle)) as connection:
        for name in "../secrets", "a/b", "shop?x=y", "", NAMESPACE, "kube-system":
            answer_on(connection, encoded(owned(pod(REFUSED)), namespace=name))
        answer_on(connection, encoded(owned(pod(REFUSED)), namespace="shop"))
    assert [event["metadata"]["namespace"] for event in wait_events(api, 1)] == ["shop"]
