# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches against a server with faults."""

import errno
import threading
import time
import urllib.parse

import pytest

from client import PATIENCE
from fake import breaks, ends, event, hangs, lists, pages, says, streams, thing

GONE = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}


def watched_from(request):
    """The resourceVersion from which a request wants to watch; None for a list."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
    if "watch" not in query:
        return None
    assert query["watch"] == ["1"] and query["allowWatchBookmarks"] == ["true"]
    assert 300 <= int(query["timeoutSeconds"][0]) < 600
    return query["resourceVersion"][0]


def versions(fake, count):
    """The same of the next requests."""
    return [watched_from(fake.request()) for _ in range(count)]


def test_lists_and_then_follows(fake, start):
    fake.will(lists("7", "a", "b"),
              streams(event("ADDED", thing("c", "8")), event("MODIFIED", thing("a", "9")), event("DELETED", thing("b", "10")),
                      end=hangs))
    client = start("/api/v1/things")
    assert [client.next() for _ in range(4)] == [
        ("LISTED", {"a", "b"}), ("ADDED", {"c"}), ("MODIFIED", {"a"}), ("DELETED", {"b"})]
    assert versions(fake, 2) == [None, "7"]
    assert client.health()["failures"] == 0


def test_an_empty_list_is_told(fake, start):
    fake.will(says(200, {"metadata": {"resourceVersion": "1"}, "items": None}), hangs)
    assert start("/x").next() == ("LISTED", set())


def test_the_selector_is_in_both_requests(fake, start):
    fake.will(lists("7"), hangs)
    start("/x?fieldSelector=metadata.name%3Da").next()
    for _ in range(2):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(fake.request().path).query)
        assert query["fieldSelector"] == ["metadata.name=a"]


def test_lines_may_come_in_any_parts(fake, start):
    stream = event("ADDED", thing("c", "8")) + b"\n" + event("ADDED", thing("d", "9"))
    for cut in (1, 40, len(stream) - 1):
        fake.will(lists("7"), streams(stream[:cut], stream[cut:], end=hangs))
        client = start("/x")
        assert [client.next() for _ in range(3)] == [("LISTED", set()), ("ADDED", {"c"}), ("ADDED", {"d"})]


def continued_from(request):
    """The token from which a request wants its page; None for the first page; "watch" for a watch."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
    if "watch" in query:
        return "watch"
    assert query["limit"] == ["500"] and "resourceVersion" not in query
    return query.get("continue", [None])[0]


def test_a_list_comes_in_pages(fake, start):
    fake.will(pages("7", "x-1", "a", "b"), pages("7", "x_2", "c"), lists("7", "d"), hangs)
    assert start("/x?fieldSelector=metadata.name%3Da").next() == ("LISTED", {"a", "b", "c", "d"})
    requests = [fake.request() for _ in range(4)]
    assert [continued_from(request) for request in requests] == [None, "x-1", "x_2", "watch"]
    assert all("fieldSelector=metadata.name%3Da" in request.path for request in requests)
    assert watched_from(requests[3]) == "7"


@pytest.mark.parametrize("fault, again", [(says(500, {}), "x1"), (says(403, {}), "x1"), (hangs, "x1"), (says(410, GONE), None),
                                          (says(200, {}), None), (pages("7", "a&b", "c"), None)])
def test_a_page_that_fails(fake, start, fault, again):
    """The list goes on there, or begins anew where the server has forgotten it; never is half a list told."""
    fake.will(pages("7", "x1", "a"), fault)
    fake.will(*([lists("7", "b")] if again else [pages("8", "x2", "a"), lists("8", "b")]), hangs)
    client = start("/x", timeout_ms=700)
    assert client.next() == ("LISTED", {"a", "b"})
    assert [continued_from(fake.request()) for _ in range(3)] == [None, "x1", again]
    assert client.health()["failures"] == 1


def test_what_is_listed_anew_begins_at_the_first_page(fake, start):
    fake.will(pages("7", "x1", "a"), lists("7", "b"), says(410, GONE), pages("9", "x2", "c"), lists("9"), hangs)
    client = start("/x")
    assert [client.next() for _ in range(2)] == [("LISTED", {"a", "b"}), ("LISTED", {"c"})]
    assert [continued_from(fake.request()) for _ in range(6)] == [None, "x1", "watch", None, "x2", "watch"]


@pytest.mark.parametrize("end", [ends, breaks])
def test_goes_on_from_where_it_was(fake, start, end):
    fake.will(lists("7"), streams(event("ADDED", thing("a", "8")), end=end), streams(event("ADDED", thing("b", "9")), end=hangs))
    client = start("/x")
    assert [client.next() for _ in range(3)] == [("LISTED", set()), ("ADDED", {"a"}), ("ADDED", {"b"})]
    assert versions(fake, 3) == [None, "7", "8"]
    assert client.health()["failures"] == (0 if end is ends else 1)


def test_half_a_line_is_no_event(fake, start):
    whole = event("ADDED", thing("b", "9"))
    fake.will(lists("7"), streams(event("ADDED", thing("a", "8")), whole[:-5], end=breaks), streams(whole, end=hangs))
    client = start("/x")
    assert [client.next() for _ in range(3)] == [("LISTED", set()), ("ADDED", {"a"}), ("ADDED", {"b"})]
    assert versions(fake, 3) == [None, "7", "8"]


def test_a_bookmark_moves_the_version_and_is_no_event(fake, start):
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "99"}}}
    fake.will(lists("7"), streams(event("BOOKMARK", bookmark["object"]), end=ends),
              streams(event("ADDED", thing("a", "100")), end=hangs))
    client = start("/x")
    assert [client.next() for _ in range(2)] == [("LISTED", set()), ("ADDED", {"a"})]
    assert versions(fake, 3) == [None, "7", "99"]


@pytest.mark.parametrize("gone", [says(410, GONE), streams(event("ERROR", GONE), end=hangs),
                                  streams(b"no event\n", end=hangs),
                                  streams(event("ADDED", {"metadata": {"name": "a"}}), end=hangs),
                                  streams(b" " * (5 * 2 ** 20), end=hangs)])
def test_lists_anew_when_the_place_is_lost(fake, start, gone):
    fake.will(lists("7", "a"), gone, lists("70", "b"), streams(event("ADDED", thing("c", "71")), end=hangs))
    client = start("/x")
    assert [client.next() for _ in range(3)] == [("LISTED", {"a"}), ("LISTED", {"b"}), ("ADDED", {"c"})]
    assert versions(fake, 4) == [None, "7", None, "70"]
    health = client.health()
    assert health["failures"] == 1
    assert health["last_failure"].startswith("/x: ")


@pytest.mark.parametrize("fault", [says(401, {}), says(403, {"message": "not you"}), says(429, {}), says(500, {}), breaks,
                                   streams(end=ends), streams(event("ERROR", {"code": 500}), end=hangs)])
def test_a_failed_watch_is_opened_again(fake, start, fault):
    fake.will(lists("7", "a"), fault, fault, streams(event("ADDED", thing("b", "8")), end=hangs))
    client = start("/x")
    assert [client.next() for _ in range(2)] == [("LISTED", {"a"}), ("ADDED", {"b"})]
    assert versions(fake, 4) == [None, "7", "7", "7"]
    # A kept connection that turns out to be cut is replaced by libcurl itself.
    assert client.health()["failures"] in ({1, 2} if fault is breaks else {2})


@pytest.mark.parametrize("fault", [says(401, {}), says(403, {}), says(404, {}), says(500, {}), breaks, says(200, {}),
                                   says(200, b"<html>"), says(200, {"items": []}),
                                   says(200, {"metadata": {"resourceVersion": "1&x"}, "items": []})])
def test_a_failed_list_is_repeated(fake, start, fault):
    fake.will(fault, fault, lists("7", "a"), hangs)
    client = start("/x")
    assert client.next() == ("LISTED", {"a"})
    assert versions(fake, 4) == [None, None, None, "7"]
    assert client.health()["failures"] == 2


@pytest.mark.parametrize("status, code", [(403, errno.EACCES), (401, errno.EACCES), (500, errno.EIO)])
def test_the_reason_of_a_failure_can_be_told(fake, start, status, code):
    fake.will(says(status, {"message": "things is forbidden"}), lists("7"), hangs)
    client = start("/x")
    client.next()
    health = client.health()
    assert health["last_failure"] == f"/x: HTTP status {status}, things is forbidden"
    assert health["trouble_code"] == -code


@pytest.mark.parametrize("silence", [hangs, streams(end=hangs), streams(event("ADDED", thing("b", "8")), end=hangs)])
def test_silence_is_noticed(fake, start, silence):
    fake.will(lists("7"), silence, streams(event("ADDED", thing("z", "10")), end=hangs))
    client = start("/x", timeout_ms=700, stall_ms=1000)
    while client.next() != ("ADDED", {"z"}):
        pass
    assert client.health()["failures"] >= 1


def test_a_refusal_that_hangs_is_no_watch(fake, start):
    """It has the time of an answer, not that of a quiet watch."""
    def half(exchange):
        exchange.send_response(503)
        exchange.send_header("Content-Length", "100")
        exchange.end_headers()
        hangs(exchange)

    fake.will(lists("7"), half, streams(event("ADDED", thing("a", "8")), end=hangs))
    client = start("/x", timeout_ms=700)
    assert [client.next() for _ in range(2)] == [("LISTED", set()), ("ADDED", {"a"})]


def test_a_list_that_hangs_is_repeated(fake, start):
    fake.will(hangs, lists("7", "a"), hangs)
    assert start("/x", timeout_ms=700).next() == ("LISTED", {"a"})


def test_a_token_that_comes_late_is_found(fake, start):
    fake.token.unlink()
    client = start("/x")
    while client.health()["failures"] == 0:
        pass
    fake.will(lists("7", "a"), hangs)
    fake.token.write_text("late")
    assert client.next() == ("LISTED", {"a"})
    assert fake.request().headers["Authorization"] == "Bearer late"


def test_pauses_grow(fake, start):
    fake.will(*[says(500, {})] * 4, lists("7"), hangs)
    begun = time.monotonic()
    client = start("/x")
    client.next()
    assert time.monotonic() - begun >= 0.1 + 0.2 + 0.4 + 0.8
    assert client.health()["failures"] == 4


def test_watches_go_on_during_calls(fake, start):
    is_called, is_seen = threading.Event(), threading.Event()

    def send_once_called(exchange):
        assert is_called.wait(PATIENCE)
        exchange.send(event("ADDED", thing("b", "9")))
        hangs(exchange)

    def reply_once_seen(exchange):
        is_called.set()
        assert is_seen.wait(PATIENCE)
        exchange.reply(200, {"slow": True})

    fake.will(lists("7"), streams(event("ADDED", thing("a", "8")), end=send_once_called))
    client = start("/x", timeout_ms=1000 * PATIENCE)
    assert [client.next() for _ in range(2)] == [("LISTED", set()), ("ADDED", {"a"})]
    fake.will(reply_once_seen)
    client.ask("GET /slow")
    assert client.next() == ("ADDED", {"b"})
    is_seen.set()
    assert client.answer() == {"status": 200, "object": {"slow": True}}


def test_several_watches_share_a_client(fake, start):
    def answer(exchange):
        """One of them may watch before the other one has listed."""
        (hangs if "watch=1" in exchange.path else lists("7", exchange.path[1]))(exchange)

    fake.will(*[answer] * 4)
    client = start("/a", "/b")
    assert {client.event()["collection"] for _ in range(2)} == {"/a", "/b"}


def test_descriptors_do_not_pile_up(fake, start):
    again = streams(event("ADDED", thing("a", "8")), end=breaks)
    fake.will(lists("7"), *[again] * 15, streams(event("ADDED", thing("z", "9")), end=hangs))
    client = start("/x")
    client.next()
    client.next()
    before = client.descriptors()
    while client.next() != ("ADDED", {"z"}):
        pass
    assert client.descriptors() <= before + 1
