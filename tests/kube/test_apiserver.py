# SPDX-License-Identifier: GPL-2.0-or-later
"""The client and a real API server."""

import pytest

import apiserver
from client import Client

NAMESPACES = "/api/v1/namespaces"

pytestmark = pytest.mark.skipif(not apiserver.is_there(), reason=f"no kube-apiserver in {apiserver.PROGRAMS}")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """One server for all tests."""
    server = apiserver.ApiServer(tmp_path_factory.mktemp("apiserver"))
    yield server
    server.stop()


@pytest.fixture
def start(api):
    """Starts clients of the server; all are ended with the test."""
    clients = []

    def start_one(*collections, **more):
        clients.append(Client(api.url, api.ca, api.token, *collections, **more))
        return clients[-1]

    yield start_one
    for client in clients:
        client.stop()
    api.token.write_text("admin-token")


def make(client, name, **metadata):
    """Creates a namespace and returns it as stored."""
    made = client.call("POST", NAMESPACES, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, **metadata}})
    assert made["status"] == 201, made
    return made["object"]


def wait_for(client, kind, name):
    """Takes events until this one comes; returns those before it."""
    before = []
    while (found := client.next()) != (kind, {name}):
        before.append(found)
    return before


def test_calls(start):
    client = start()
    made = make(client, "calls", labels={"a": "b"})
    assert client.call("GET", NAMESPACES + "/calls")["object"]["metadata"]["uid"] == made["metadata"]["uid"]
    assert client.call("POST", NAMESPACES, {"metadata": {"name": "calls"}})["object"]["reason"] == "AlreadyExists"
    assert client.call("GET", NAMESPACES + "/none")["status"] == 404
    patched = client.call("PATCH", NAMESPACES + "/calls", {"metadata": {"labels": {"a": None, "c": "d"}}})["object"]
    assert "a" not in patched["metadata"]["labels"] and patched["metadata"]["labels"]["c"] == "d"
    assert client.call("POST", NAMESPACES, {"metadata": {"name": "Not a name"}})["status"] == 422
    assert client.call("DELETE", NAMESPACES + "/calls")["status"] == 200


def test_a_list_of_several_pages(start):
    client = start()
    names = {f"page-{number}" for number in range(501)}
    for name in names:
        make(client, name)
    kind, found = start(NAMESPACES).next()
    assert kind == "LISTED" and names <= found
    for name in names:
        client.call("DELETE", f"{NAMESPACES}/{name}")


def test_optimistic_locking(start):
    client = start()
    first = make(client, "locking")
    assert client.call("PUT", NAMESPACES + "/locking", {**first, "metadata": {**first["metadata"], "labels": {"by": "one"}}})[
        "status"] == 200
    lost = client.call("PUT", NAMESPACES + "/locking", {**first, "metadata": {**first["metadata"], "labels": {"by": "two"}}})
    assert (lost["status"], lost["object"]["reason"]) == (409, "Conflict")
    assert client.call("GET", NAMESPACES + "/locking")["object"]["metadata"]["labels"]["by"] == "one"


def test_without_rights(api, start):
    client = start(NAMESPACES)
    client.event()
    api.token.write_text("nobody-token")
    refused = client.call("GET", NAMESPACES)
    assert (refused["status"], refused["object"]["reason"]) == (403, "Forbidden")
    api.token.write_text("of-nobody")
    assert client.call("GET", NAMESPACES)["status"] == 401


def test_a_watch_without_rights_begins_once_it_has_them(api, start):
    api.token.write_text("nobody-token")
    client = start(NAMESPACES)
    while client.health()["failures"] < 2:
        pass
    assert "forbidden" in client.health()["last_failure"]
    assert client.events.empty()
    api.token.write_text("admin-token")
    kind, names = client.next()
    assert kind == "LISTED" and "kube-system" in names


def test_a_watch_sees_what_happens(start):
    client = start(NAMESPACES)
    kind, names = client.next()
    assert kind == "LISTED" and "kube-system" in names and "seen" not in names
    make(client, "seen")
    wait_for(client, "ADDED", "seen")
    client.call("PATCH", NAMESPACES + "/seen", {"metadata": {"labels": {"a": "b"}}})
    wait_for(client, "MODIFIED", "seen")
    # Without controllers nobody else takes the finalizer away.
    gone = client.call("DELETE", NAMESPACES + "/seen")["object"]
    client.call("PUT", NAMESPACES + "/seen/finalize", {**gone, "spec": {"finalizers": []}})
    wait_for(client, "DELETED", "seen")
    assert client.health()["failures"] == 0


def test_a_selector(start):
    client = start(NAMESPACES + "?fieldSelector=metadata.name%3Dchosen", NAMESPACES + "?labelSelector=is%3Dchosen")
    assert [client.next() for _ in range(2)] == [("LISTED", set())] * 2
    make(client, "other")
    make(client, "chosen", labels={"is": "chosen"})
    assert [client.next() for _ in range(2)] == [("ADDED", {"chosen"})] * 2


def test_a_list_of_megabytes(start):
    client = start()
    path = "/api/v1/namespaces/default/configmaps"
    for i in range(300):
        client.ask(f'POST {path} {{"metadata": {{"name": "many-{i}"}}, "data": {{"x": "{"y" * 10000}"}}}}')
    assert {client.answer()["status"] for _ in range(300)} == {201}
    watching = start(path)
    _, names = watching.next()
    assert {f"many-{i}" for i in range(300)} <= names


def test_the_server_is_started_anew(api, start):
    client = start(NAMESPACES)
    client.event()
    make(client, "before")
    wait_for(client, "ADDED", "before")
    api.stop_api()
    while client.health()["failures"] < 2:
        pass
    api.start()
    make(start(), "after")
    known = {"before"}
    while "after" not in known:
        kind, names = client.next()
        known = names if kind == "LISTED" else known | names
    assert "before" in known


def test_the_server_has_forgotten(api, start):
    client = start(NAMESPACES)
    client.event()
    make(client, "remembered")
    wait_for(client, "ADDED", "remembered")
    assert client.call("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "later"}})["status"] == 201
    api.stop_api()
    api.compact()
    api.start()
    kind, names = client.next()
    assert kind == "LISTED" and "remembered" in names
    assert "410" in client.health()["last_failure"]
