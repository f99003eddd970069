# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program finds out about the nodes of its cluster, and what follows for probes."""

import concurrent.futures
import threading
import time

import pytest

from api_server import IMAGE, NODES, PODS, decode, node
from in_cluster import answer_to, wait_readiness, wait_ready
from program import PATIENCE, encoded, pod

LINE = "image volumes of the nodes"


@pytest.fixture(name="ask")
def _ask(api):
    def ask(program):
        """The answer to a review of a pod with a tcpSocket probe."""
        a_pod = pod()
        a_pod["spec"]["containers"][0]["livenessProbe"] = {"tcpSocket": {"port": 80}}
        return answer_to(program, api.bundles()[0], encoded(a_pod))
    return ask


def is_exec(response):
    """Whether the probe became one of sidewire-gate in the own image."""
    patch = decode(response["patch"])
    return "--once" in patch and IMAGE in patch


def looks(api):
    """The queries with which nodes were listed."""
    return [query for _, path, query, *_ in list(api.calls) if path == NODES]


@pytest.mark.parametrize("nodes, answer, why", [
    ([node("a"), node("b", runtime="cri-o://1.31.4")], "yes", None),
    ([node("a"), node("b", runtime="containerd://1.7.2")], "no", "node 'b' has kubelet 'v1.35.0' and 'containerd://1.7.2'"),
    ([node("a", kubelet="v1.34.2")], "no", "node 'a' has kubelet 'v1.34.2' and 'containerd://2.1.0'"),
    ([node("a", runtime="other://1.0")], "unknown", "node 'a' has kubelet 'v1.35.0' and 'other://1.0'"),
    ([], "unknown", None)])
def test_the_nodes_decide(api, replica, ask, nodes, answer, why):  # pylint: disable=too-many-arguments
    for one in nodes:
        api.put(f"{NODES}/{one['metadata']['name']}", one)
    program = replica()
    wait_ready(program)
    line = program.wait_log(LINE)
    assert (line["level"], line["answer"], line.get("detail")) == ("info", answer, why)
    response = ask(program)
    assert is_exec(response) == (answer == "yes")
    assert bool(response.get("warnings")) == (answer != "yes")


@pytest.mark.parametrize("held", [NODES, f"{PODS}/one"])
def test_a_new_worker_answers_when_it_knows_what_the_old_one_knew(api, replica, ask, held):
    api.put(f"{NODES}/a", node("a"))
    program = replica()
    wait_ready(program)
    assert is_exec(ask(program))
    known = threading.Event()
    api.before["GET", held] = lambda: known.wait(PATIENCE)
    program.kill_worker()
    with concurrent.futures.ThreadPoolExecutor() as executor:
        waiting = executor.submit(ask, program)
        time.sleep(1)  # it would have answered by then
        assert not waiting.done()
        known.set()
        assert is_exec(waiting.result(PATIENCE))


def test_a_list_of_many_pages(api, replica, ask):
    for number in range(45):
        api.put(f"{NODES}/{number:02}", node(f"{number:02}"))
    api.put(f"{NODES}/99", node("99", kubelet="v1.34.0"))
    program = replica()
    wait_ready(program)
    assert [query.get("continue") for query in looks(api)] == [None, "20", "40"]
    assert not is_exec(ask(program))
    assert program.wait_log(LINE)["detail"].startswith("node '99'")


def test_who_may_not_see_nodes_is_ready_nevertheless(api, replica, ask):
    api.put(f"{NODES}/a", node("a"))
    api.refused["GET", NODES] = 403
    program = replica()
    wait_ready(program)
    line = program.wait_log(LINE)
    assert (line["level"], line["answer"]) == ("warning", "unknown")
    assert "forbidden by the test" in line["detail"]
    assert not is_exec(ask(program))
    assert program.metric("sidewire_kube_api_failures_total") > 0


@pytest.mark.parametrize("option", ["yes", "no"])
def test_who_says_it_asks_no_nodes(api, replica, ask, option):
    api.put(f"{NODES}/a", node("a", kubelet="v1.34.0"))
    program = replica("one", "--image-volumes", option)
    wait_ready(program)
    assert is_exec(ask(program)) == (option == "yes")
    assert not looks(api)


def answers(program, count):
    """What was said of the nodes so far, at least so many times: levels and answers."""
    program.wait_log(LINE, count)
    return [(line["level"], line["answer"]) for line in program.log() if line["msg"] == LINE]


def wait_watches(api, count):
    api.wait(lambda: [collection for collection, _ in api.watches].count(NODES) >= count, f"{count} watches of nodes")


@pytest.fixture(name="followed")
def _followed(api, replica):
    """A program that follows one node, which can mount image volumes."""
    api.put(f"{NODES}/a", node("a"))
    program = replica()
    wait_ready(program)
    wait_watches(api, 1)
    return program


def test_nodes_are_upgraded_join_and_leave(api, followed, ask):
    assert answers(followed, 1) == [("info", "yes")]
    api.put(f"{NODES}/b", node("b", kubelet="v1.34.0"))
    assert followed.wait_log(LINE, 2)["detail"] == "node 'b' has kubelet 'v1.34.0' and 'containerd://2.1.0'"
    assert not is_exec(ask(followed))
    api.put(f"{NODES}/b", node("b"))
    assert answers(followed, 3)[2:] == [("info", "yes")]
    assert is_exec(ask(followed))
    api.put(f"{NODES}/c", node("c", runtime="containerd://1.7.2"))
    assert answers(followed, 4)[3:] == [("info", "no")]
    api.put(f"{NODES}/c", None)
    assert answers(followed, 5)[4:] == [("info", "yes")]
    assert is_exec(ask(followed))
    assert len(looks(api)) == 1


def test_what_changes_no_answer_is_not_told(api, followed):
    """Nodes that say that they are alive, another one that can, and one of Windows."""
    windows = node("w", kubelet="v1.33.0")
    windows["status"]["nodeInfo"]["operatingSystem"] = "windows"
    for one in {**node("a"), "spec": {"podCIDR": "10.0.0.0/24"}}, node("b"), windows:
        api.put(f"{NODES}/{one['metadata']['name']}", one)
    api.put(f"{NODES}/c", node("c", kubelet="v1.34.0"))
    assert answers(followed, 2) == [("info", "yes"), ("info", "no")]


def test_what_the_server_has_forgotten_is_listed_anew(api, followed, ask):
    """The set that a list gives replaces what was known, also of a node that is no more."""
    api.put(f"{NODES}/b", node("b", kubelet="v1.34.0"))
    assert answers(followed, 2)[1:] == [("info", "no")]
    api.is_held = True
    api.put(f"{NODES}/b", None)
    api.forget()
    assert answers(followed, 3)[2] == ("info", "yes")
    assert is_exec(ask(followed))
    assert len(looks(api)) == 2


def test_who_may_not_watch_nodes_knows_what_they_were(api, replica, ask):
    """That is told once, and again when it is over."""
    api.put(f"{NODES}/a", node("a"))
    api.refused_watches[NODES] = 403
    program = replica()
    wait_ready(program)
    assert answers(program, 2) == [("info", "yes"), ("warning", "yes")]
    assert f"a watch of {NODES} is forbidden by the test" in program.wait_log(LINE, 2)["detail"]
    wait_watches(api, 4)
    assert len(answers(program, 2)) == 2
    assert is_exec(ask(program))
    api.refused_watches.clear()
    api.put(f"{NODES}/b", node("b", kubelet="v1.34.0"))
    assert answers(program, 4)[2:] == [("info", "no"), ("info", "no")]
    assert not is_exec(ask(program))
    assert len(looks(api)) == 1


def test_nodes_are_known_before_there_is_a_certificate(api, replica, ask):
    """Also by who must ask more than once."""
    api.put(f"{NODES}/a", node("a"))
    api.refused["GET", NODES] = 503
    program = replica()
    api.wait(lambda: len(looks(api)) >= 4, "four attempts")
    status, _, body = program.get("/readyz")
    assert (status, body) == (503, b"the nodes were not read yet\n")
    assert answers(program, 1) == [("warning", "unknown")]
    api.refused.clear()
    wait_ready(program)
    assert is_exec(ask(program))


@pytest.mark.parametrize("fault", ["503", "silence"])
def test_nodes_that_cannot_be_had_are_not_waited_for_for_ever(api, replica, ask, fault):
    """As long as for a call, and no longer: 20 seconds."""
    is_over = threading.Event()
    api.put(f"{NODES}/a", node("a"))
    if fault == "503":
        api.refused["GET", NODES] = 503
    else:
        api.before["GET", NODES] = is_over.wait
    try:
        program = replica()
        wait_readiness(program, 503, "the nodes were not read yet")
        begin = time.monotonic()
        wait_ready(program)
        assert time.monotonic() - begin > 15
        assert answers(program, 1) == [("warning", "unknown")]
        assert not is_exec(ask(program))
    finally:
        is_over.set()
