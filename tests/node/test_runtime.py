# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent says when its node's runtime hands no annotations over; and how large it is."""

import time

import pytest

from cluster import EVENTS, NODE
from program import BUILD, wait_for
from samples import LINE

NAME = "sidewire_node_runtime_hands_annotations"


@pytest.mark.parametrize("version, answer, sentence", [
    ("containerd://1.4.13", "no", "the runtime 'containerd://1.4.13' hands no pod annotations to CNI plugins"),
    ("cri-o://1.28.4", "no", "the runtime 'cri-o://1.28.4' hands no pod annotations to CNI plugins"),
    ("docker://20.10", "unknown", "it is not known whether the runtime 'docker://20.10' hands pod annotations"),
])
def test_says_so(node, cluster, version, answer, sentence):
    cluster.runtime = version
    node.put("10-net.conflist", LINE)
    node.start(*cluster.options).wait_ready()
    wait_for("an Event", lambda: cluster.events)
    assert [event["reason"] for event in cluster.events] == ["SidewireRuntimeWithoutAnnotations"]
    assert sentence in cluster.events[0]["message"]
    assert sentence in node.wait_log("runtime without pod annotations")["detail"]
    assert node.metric(f'{NAME}{{runtime="{version}",answer="{answer}"}}') == 1
    assert node.metric(f'{NAME}{{runtime="{version}",answer="yes"}}') == 0


def test_is_silent_where_all_is_well(node, cluster):
    node.put("10-net.conflist", LINE)
    node.start(*cluster.options).wait_ready()
    wait_for("known", lambda: f'{NAME}{{runtime="containerd://2.4.2",answer="yes"}} 1' in node.get("/metrics")[1])
    assert cluster.events == []
    assert [path for _, path, _ in cluster.asked].count(NODE) == 1


def test_events_that_may_not_be_sent(node, cluster):
    """Missing permissions are said in the log, and asked for once."""
    cluster.runtime = "docker://20.10"
    node.put("10-net.conflist", LINE)
    cluster.refuse(EVENTS, 403)
    node.start(*cluster.options).wait_ready()
    assert "POST /api/v1/namespaces/default/events: 403" in node.wait_log("an Event was not sent")["detail"]
    assert node.is_ready()
    assert [path for _, path, _ in cluster.asked].count(EVENTS) == 1


def test_an_ill_api_server_holds_up_no_probe(node, cluster):
    """The call is over after 3 s, and is made again after a minute."""
    cluster.runtime = "docker://20.10"
    node.put("10-net.conflist", LINE)
    cluster.refuse(EVENTS, 503)
    node.start(*cluster.options).wait_ready()
    wait_for("it was asked", lambda: EVENTS in [path for _, path, _ in cluster.asked])
    begin = time.monotonic()
    assert node.get("/healthz")[0] == 200
    assert time.monotonic() - begin < 6
    node.wait_log("an Event was not sent")


@pytest.mark.skipif("sanitize" in str(BUILD), reason="sanitizers make system calls of their own")
def test_memory(node, cluster):
    """With both watches over TLS; before and after it had to do something."""
    node.put("10-net.conflist", LINE)
    node.start(*cluster.options).wait_ready()
    wait_for("both watches", cluster.is_watched)
    small = {"RssAnon": 4096, "VmRSS": 8192}

    def is_small():
        with open(f"/proc/{node.process.pid}/status", encoding="ascii") as status:
            found = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in status) if name in small}
        return all(found[name] < small[name] for name in small)

    wait_for("small", is_small)
    for _ in range(4):
        node.put("10-net.conflist", LINE)
        wait_for("put back", lambda: node.file("10-net.conflist") != LINE and node.is_ready())
    wait_for("small", is_small)
