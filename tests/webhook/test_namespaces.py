# SPDX-License-Identifier: GPL-2.0-or-later
"""Annotations on namespaces, which the program follows and answers from memory; namespaces that it does not know."""

import concurrent.futures
import contextlib
import json
import threading
import time

import jsonpatch
import pytest

from api_server import NAMESPACES, decode, namespace
from in_cluster import answer_on, answer_to, handshake, wait_readiness, wait_ready
from program import PATIENCE, encoded, pod, review

PORTS = "sidewire.io/exclude-outbound-ports"
# What the API server gives a webhook (timeoutSeconds).
TIMEOUT_S = 5


def put(api, name, annotations=None):
    """Makes or changes a namespace."""
    api.put(f"{NAMESPACES}/{name}", namespace(name, annotations))


def of_ports(ports):
    return {PORTS: str(ports)}


def create(api, program, name="shop", annotations=None, **spec):
    """The answer to a pod's creation in a namespace."""
    return answer_to(program, api.bundles()[0], encoded(pod(annotations=annotations, **spec), namespace=name))


def ports_of(response):
    """The outbound ports that an injected pod excludes."""
    assert response["allowed"], response
    made = jsonpatch.apply_patch(review(pod())["request"]["object"], decode(response["patch"]))
    return json.loads(made["metadata"]["annotations"]["sidewire.io/redirect"]).get("excludeOutboundPorts", "")


def wait_ports(api, program, name, ports):
    """Waits until pods of the namespace get these."""
    end = time.monotonic() + PATIENCE
    while (found := ports_of(create(api, program, name))) != ports:
        assert time.monotonic() < end, found
        time.sleep(0.02)


def lists(api):
    """How often the first page of all namespaces was asked for."""
    return sum(call[:2] == ("GET", NAMESPACES) and "continue" not in call[2] for call in list(api.calls))


def reads(api, name):
    """How often the namespace was read by itself."""
    return sum(call[:2] == ("GET", f"{NAMESPACES}/{name}") for call in list(api.calls))


def watches(api):
    """From which versions namespaces were watched."""
    return [query["resourceVersion"] for collection, query in list(api.watches) if collection == NAMESPACES]


def wait_watches(api, count):
    api.wait(lambda: len(watches(api)) >= count, f"{count} watches")


# What they mean


def test_annotations_of_the_namespace_are_defaults(api, replica):
    put(api, "shop", {**of_ports(5432), "sidewire.io/include-inbound-ports": "8080"})
    program = replica()
    wait_ready(program)
    assert ports_of(create(api, program)) == "5432"
    assert ports_of(create(api, program, annotations=of_ports(6379))) == "6379"
    assert program.metric("sidewire_namespace_reads_total") == 0


def test_a_bad_annotation_of_the_namespace_is_a_denial_that_says_so(api, replica):
    put(api, "shop", of_ports("http"))
    program = replica()
    wait_ready(program)
    response = create(api, program)
    assert not response["allowed"] and response["status"]["code"] == 422
    assert response["status"]["message"].startswith(f"namespace 'shop': annotation '{PORTS}' is 'http', expected ports and ranges ")
    assert ports_of(create(api, program, annotations=of_ports(80))) == "80"


# How they are known


def test_ready_is_who_knows_them(api, replica):
    api.refused_paths[NAMESPACES] = 403
    program = replica()
    assert wait_readiness(program, 503, "the namespaces were not read yet; ") == (
        f"the namespaces were not read yet; {NAMESPACES}: HTTP status 403, {NAMESPACES} is forbidden by the test\n")
    assert "forbidden by the test" in program.wait_log("namespaces are not followed")["detail"]
    assert program.metric("sidewire_kube_api_failures_total") > 0
    api.refused_paths.clear()
    wait_ready(program)
    api.bookmark()
    program.wait_log("namespaces are followed again")


def test_all_pages_of_the_list_are_known(api, replica):
    for number in range(1201):
        put(api, f"of-many-{number}", of_ports(1000 + number))
    program = replica()
    wait_ready(program)
    assert program.metric("sidewire_namespaces") == 1202
    assert [ports_of(create(api, program, f"of-many-{n}")) for n in (0, 499, 500, 1200)] == ["1000", "1499", "1500", "2200"]
    assert program.metric("sidewire_namespace_reads_total") == 0
    assert [call[2].get("continue") for call in api.calls if call[:2] == ("GET", NAMESPACES)] == [None, "500", "1000"]


def test_changes_are_followed(api, replica):
    program = replica()
    wait_ready(program)
    for ports in (1, 2):
        put(api, "shop", of_ports(ports))
        wait_ports(api, program, "shop", str(ports))
    put(api, "shop")
    wait_ports(api, program, "shop", "")
    assert lists(api) == 1 and program.metric("sidewire_namespace_reads_total") == 0


def test_a_watch_that_is_cut_goes_on_where_it_was(api, replica):
    program = replica()
    wait_ready(program)
    put(api, "shop", of_ports(1))
    wait_ports(api, program, "shop", "1")
    version = api.get(f"{NAMESPACES}/shop")["metadata"]["resourceVersion"]
    api.cut()
    wait_watches(api, 2)
    put(api, "shop", of_ports(2))
    wait_ports(api, program, "shop", "2")
    assert watches(api)[1] == version and lists(api) == 1


def test_a_bookmark_is_where_it_goes_on(api, replica):
    program = replica()
    wait_ready(program)
    wait_watches(api, 1)
    put(api, "shop", of_ports(1))
    wait_ports(api, program, "shop", "1")
    version = api.bookmark()
    time.sleep(0.2)
    api.cut()
    wait_watches(api, 2)
    assert watches(api)[1] == str(version)


def test_what_the_server_has_forgotten_is_listed_anew(api, replica):
    put(api, "gone", of_ports(1))
    program = replica()
    wait_ready(program)
    wait_watches(api, 1)
    api.is_held = True
    put(api, "shop", of_ports(2))
    put(api, "new", of_ports(3))
    api.put(f"{NAMESPACES}/gone", None)
    api.forget()
    wait_ports(api, program, "shop", "2")
    assert lists(api) == 2
    assert ports_of(create(api, program, "new")) == "3" and reads(api, "new") == 0
    assert create(api, program, "gone")["status"]["message"] == "there is no namespace 'gone'"


def test_the_token_is_rotated(api, replica):
    program = replica()
    wait_ready(program)
    api.token = "second"
    (api.place / "token").write_text("second")
    api.cut()
    put(api, "shop", of_ports(1))
    wait_ports(api, program, "shop", "1")
    api.is_held = True
    put(api, "new", of_ports(2))
    assert ports_of(create(api, program, "new")) == "2"


def test_age_is_told(api, replica):
    """What nobody was heard of becomes older; a bookmark makes it young."""
    program = replica()
    wait_ready(program)
    wait_watches(api, 1)
    age = "sidewire_namespace_cache_age_seconds"
    end = time.monotonic() + PATIENCE
    while program.metric(age) < 3:
        assert time.monotonic() < end
        time.sleep(0.1)
    api.bookmark()
    while program.metric(age) > 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    api.go()
    while program.metric(age) < 4:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert program.get("/readyz")[0] == 200
    api.come()


# Those that are not known


@pytest.fixture
def late(api, replica):
    """A replica that hears of nothing new."""
    program = replica()
    wait_ready(program)
    wait_watches(api, 1)
    api.is_held = True
    return program


def test_a_namespace_that_was_just_made_is_read(api, late):
    put(api, "new", of_ports(1))
    assert ports_of(create(api, late, "new")) == "1"
    assert ports_of(create(api, late, "new")) == "1"
    assert reads(api, "new") == 1
    assert late.metric("sidewire_namespace_reads_total") == 1
    put(api, "new", of_ports(2))
    api.let_go()
    wait_ports(api, late, "new", "2")
    assert reads(api, "new") == 1


def test_what_was_read_is_not_kept(api, late):
    """Only the watch knows when it is over."""
    put(api, "new", of_ports(1))
    assert ports_of(create(api, late, "new")) == "1"
    time.sleep(1.2)
    put(api, "new", of_ports(2))
    assert ports_of(create(api, late, "new")) == "2"
    assert reads(api, "new") == 2


def test_a_namespace_that_was_deleted(api, replica):
    program = replica()
    wait_ready(program)
    put(api, "old", of_ports(1))
    wait_ports(api, program, "old", "1")
    api.put(f"{NAMESPACES}/old", None)
    program.wait_metric("sidewire_namespaces", 1)
    time.sleep(1.2)  # when it was read because it was new, that is over
    response = create(api, program, "old")
    assert response["status"] == {"code": 422, "message": "there is no namespace 'old'"}
    assert response["auditAnnotations"]["reason"] == "NamespaceUnknown"
    put(api, "old", of_ports(2))
    time.sleep(1.2)
    assert ports_of(create(api, program, "old")) == "2"


@contextlib.contextmanager
def connections(api, program, count):
    """Connections whose handshake is over."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(handshake(program, api.bundles()[0]))) for _ in range(count)]


def test_many_wait_for_one_read_and_nobody_else_waits(api, late):
    put(api, "new", of_ports(1))
    is_asked, may_go = threading.Event(), threading.Event()

    def hold():
        is_asked.set()
        assert may_go.wait(PATIENCE)

    api.before["GET", f"{NAMESPACES}/new"] = hold
    with connections(api, late, 24) as ours, concurrent.futures.ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(answer_on, one, encoded(pod(), namespace="new")) for one in ours[:16]]
        assert is_asked.wait(PATIENCE)
        others = [ports_of(answer_on(one, encoded(pod(), namespace="shop"))) for one in ours[16:]]
        skipped = answer_on(ours[16], encoded(pod(hostNetwork=True), namespace="other-new"))
        assert not [one for one in waiting if one.done()]
        may_go.set()
        assert [ports_of(one.result(PATIENCE)) for one in waiting] == ["1"] * 16
    assert others == [""] * 8
    assert skipped["allowed"] and "patch" not in skipped
    assert reads(api, "new") == 1 and reads(api, "other-new") == 0


def hang(api, path, seconds):
    """Requests for a path are not answered for so long."""
    api.before["GET", path] = lambda: time.sleep(seconds)


@pytest.mark.parametrize("fault, words", [
    (lambda api: api.refused_paths.update({f"{NAMESPACES}/new": 500}), "HTTP status 500, "),
    (lambda api: api.refused_paths.update({f"{NAMESPACES}/new": 403}), "HTTP status 403, "),
    (lambda api: hang(api, f"{NAMESPACES}/new", TIMEOUT_S), "timed out"),
    (lambda api: api.go(), "Failed to connect"),
])
def test_a_namespace_that_cannot_be_read_is_a_denial_in_time(api, late, fault, words):
    bundle = api.bundles()[0]
    put(api, "new", of_ports(1))
    fault(api)
    begin = time.monotonic()
    response = answer_to(late, bundle, encoded(pod(), namespace="new"))
    assert time.monotonic() - begin < TIMEOUT_S - 1
    assert not response["allowed"] and response["status"]["code"] == 503
    assert response["status"]["message"].startswith("what namespace 'new' says to its pods can not be read now: ")
    assert words in response["status"]["message"]
    assert response["auditAnnotations"]["reason"] == "NamespaceUnknown"
    assert late.metric("sidewire_kube_api_failures_total") > 0
    if not api.listener.is_over:
        api.refused_paths.clear()
        api.before.clear()
        time.sleep(1.2)
        assert ports_of(create(api, late, "new")) == "1"
    else:
        api.come()


def test_a_read_that_hangs_is_tried_again(api, late):
    def hang_once():
        del api.before["GET", f"{NAMESPACES}/new"]
        time.sleep(TIMEOUT_S)

    put(api, "new", of_ports(1))
    api.before["GET", f"{NAMESPACES}/new"] = hang_once
    assert ports_of(create(api, late, "new")) == "1"
    assert reads(api, "new") == 2


def test_many_unknown_namespaces_while_the_server_is_ill(api, late):
    """Whoever is late gets an answer in time too; those that are known are not touched."""
    for number in range(12):
        hang(api, f"{NAMESPACES}/ill-{number}", TIMEOUT_S)

    def timed(connection, number):
        begin = time.monotonic()
        return answer_on(connection, encoded(pod(), namespace=f"ill-{number}")), time.monotonic() - begin

    with connections(api, late, 12) as ours, concurrent.futures.ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(timed, one, number) for number, one in enumerate(ours)]
        time.sleep(0.5)
        assert ports_of(create(api, late)) == ""
        answers = [one.result(PATIENCE) for one in asked]
    assert {response["status"]["code"] for response, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < TIMEOUT_S - 1
    messages = " ".join(response["status"]["message"] for response, _ in answers)
    assert "timed out" in messages and "reads of others took too long" in messages


def test_annotations_that_are_too_large(api, replica):
    put(api, "shop", {"param.sidewire.io/image": "x" * 17000})
    program = replica()
    wait_ready(program)
    status = create(api, program)["status"]
    assert status["code"] == 422
    assert status["message"] == "namespace 'shop': its annotations of sidewire take 17030 bytes, more than 16384"


@pytest.mark.parametrize("name", ["../secrets", "a?b", "A", "x" * 64, ""])
def test_what_is_no_name_is_not_asked_for(api, late, name):
    before = len(api.calls)
    status = create(api, late, name)["status"]
    assert status == {"code": 422, "message": f"'{name}' can not be the name of a namespace"}
    assert len(api.calls) == before


def test_the_program_ends_while_somebody_waits(api, late):
    hang(api, f"{NAMESPACES}/new", TIMEOUT_S)
    with connections(api, late, 4) as ours, concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(answer_on, one, encoded(pod(), namespace="new")) for one in ours]
        late.wait_metric("sidewire_requests_in_flight", 4)
        late.stop()
        answers = [one.result(PATIENCE) for one in waiting]
    assert {response["status"]["code"] for response in answers} == {503}


def test_the_program_ends_without_grace_while_many_wait(api, replica):
    """Some of them for a read that has not begun."""
    program = replica("one", "--grace", "0")
    wait_ready(program)
    for number in range(4):
        hang(api, f"{NAMESPACES}/new-{number}", TIMEOUT_S)
    with connections(api, program, 8) as ours, concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(answer_on, one, encoded(pod(), namespace=f"new-{number // 2}")) for number, one in enumerate(ours)]
        program.wait_metric("sidewire_requests_in_flight", 8)
        program.stop()
        assert all(one.exception(PATIENCE) or one.result()["status"]["code"] == 503 for one in waiting)
