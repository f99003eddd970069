# SPDX-License-Identifier: GPL-2.0-or-later
"""Others take away what was installed, and write at the same time as the agent."""

import json
import threading
import time

import pytest

import runtime
from program import wait_for
from samples import LINE, SINGLE, TALL, TALL_WITH_OURS, numbered


def test_entry_is_put_back(node):
    node.put("10-net.conflist", TALL)
    node.start().wait_ready()
    node.put("10-net.conflist", TALL)
    wait_for("put back", lambda: node.file("10-net.conflist") == TALL_WITH_OURS)
    wait_for("counted", lambda: node.put_back("entry") == 1)
    assert node.put_back("plugin") == 0
    node.wait_log("put back", part="entry")


def test_entry_is_put_back_into_a_file_written_in_place(node):
    node.put("10-net.conflist", TALL)
    node.start().wait_ready()
    (node.conf / "10-net.conflist").write_bytes(TALL)
    wait_for("put back", lambda: node.file("10-net.conflist") == TALL_WITH_OURS)


def test_entry_that_was_only_laid_out_anew_stays(node):
    """Another program that reads and writes the whole file (as chained CNIs do) is nobody to fight with."""
    node.put("10-net.conflist", TALL)
    node.start().wait_ready()
    changed = json.loads(node.file("10-net.conflist"))
    changed["plugins"].append({"type": "tuning"})
    text = json.dumps(changed, sort_keys=True).encode()
    node.put("10-net.conflist", text)
    node.put("99-other.conflist", b"")
    node.put("10-net.conflist", text)
    assert node.is_ready()
    assert node.file("10-net.conflist") == text
    assert node.put_back("entry") == 0


def test_binary_is_put_back_under_an_entry_that_names_it(node):
    node.put("10-net.conflist", TALL)
    node.start().wait_ready()
    node.installed.unlink()
    wait_for("counted", lambda: node.put_back("plugin") == 1)
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    node.installed.write_bytes(b"not ours")
    wait_for("counted", lambda: node.put_back("plugin") == 2)
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    assert node.put_back("entry") == 0
    node.wait_ready()


def test_binary_that_went_while_no_agent_ran(node):
    node.put("10-net.conflist", TALL)
    node.start().wait_ready().stop()
    node.installed.unlink()
    node.start().wait_ready()
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    assert node.file("10-net.conflist") == TALL_WITH_OURS


def watch_loads(node, is_over, complaints):
    """Loads the configuration all the time, as a runtime could at any moment."""
    while not is_over.is_set():
        try:
            plugins = runtime.load(node.conf)["plugins"]
            if plugins[0]["type"] != "bridge" or plugins[1:] not in ([], [runtime.OURS]):
                complaints.append(plugins)
        except (runtime.NotLoaded, OSError) as reason:
            complaints.append(reason)


def test_thousand_rewrites(node):
    """No moment in which a runtime could not load the file; and what was written last is there in the end, with the entry."""
    node.put("10-net.conflist", numbered(0))
    node.start().wait_ready()
    is_over, complaints = threading.Event(), []
    watcher = threading.Thread(target=watch_loads, args=(node, is_over, complaints))
    watcher.start()
    for number in range(1, 1001):
        node.put("10-net.conflist", numbered(number))
    wait_for("the last one has the entry", lambda: runtime.OURS in runtime.load(node.conf)["plugins"])
    is_over.set()
    watcher.join()
    assert runtime.load(node.conf)["plugins"] == [{"type": "bridge", "mtu": 1000}, runtime.OURS]
    assert complaints == []
    assert node.names() == ["10-net.conflist"]


@pytest.mark.parametrize("write", [
    lambda node, text: node.put("10-net.conflist", text),
    lambda node, text: (node.conf / "10-net.conflist").write_bytes(text),
], ids=["by-rename", "in-place"])
def test_no_write_of_another_is_lost(node, write):
    """Rewrites at all distances from the agent's own."""
    node.put("10-net.conflist", numbered(0))
    for round_number in range(40):
        node.start().wait_ready()
        for number in range(4):
            text = numbered(round_number * 10 + number)
            write(node, text)
            end = time.monotonic() + number * 0.0003 * (round_number % 10)
            while time.monotonic() < end:
                pass
        wait_for("the entry is back", lambda text=text: runtime.load_or_none(node.conf) == {
            **json.loads(text), "plugins": json.loads(text)["plugins"] + [runtime.OURS]})
        node.stop()


def test_a_configuration_that_changes_is_nobody_to_fight_with(node):
    """The conflist that was made of it follows at once, each time: a stale one is another network."""
    node.put("10-net.conf", SINGLE)
    node.start().wait_ready()
    for number in range(20):
        text = SINGLE.replace(b"bridge", b"bridge%d" % number)
        node.put("10-net.conf", text)
        wait_for("it follows", lambda text=text: runtime.load(node.conf)["plugins"][0] == json.loads(text))
        assert node.is_ready()
    assert node.put_back("entry") == 0
    assert node.lines("fight") == []


def test_fight(node, cluster):
    """Somebody who takes the entry away as soon as it is there: said once, and then put back after pauses."""
    node.put("10-net.conflist", LINE)
    node.start(*cluster.options).wait_ready()
    for number in range(1, 6):
        node.put("10-net.conflist", LINE)
        wait_for("counted", lambda number=number: node.put_back("entry") == number)
    assert node.metric('sidewire_node_fight{part="entry"}') == 1
    assert node.metric('sidewire_node_fight{part="plugin"}') == 0
    node.put("10-net.conflist", LINE)
    node.wait_reason("the entry is not in place: it was put back 5 times, and taken away again; next in 1 s at most")
    assert node.file("10-net.conflist") == LINE  # a pause
    wait_for("counted", lambda: node.put_back("entry") == 6)
    assert len(node.lines("fight", part="entry")) == 1
    wait_for("an Event", lambda: cluster.events)
    event = cluster.events[0]
    assert event["involvedObject"] == {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "node-1"}
    assert event["metadata"] == {"generateName": "sidewire-node-", "namespace": "default"}
    assert (event["reason"], event["type"]) == ("SidewireFight", "Warning")
    assert event["message"] == node.wait_log("fight")["detail"]
