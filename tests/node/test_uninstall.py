# SPDX-License-Identifier: GPL-2.0-or-later
"""An uninstallation takes the entry out; a mere stop, an upgrade, or an API server that cannot be asked leave everything."""

import time

import pytest

import runtime
from cluster import DAEMON_SET, NAMESPACE
from program import wait_for
from samples import LINE, SINGLE, TABS, TALL, TALL_WITH_OURS


@pytest.fixture
def installed(node, cluster):
    """A node on which sidewire is installed, with both watches open."""
    node.put("10-net.conflist", TALL)
    node.start(*cluster.options).wait_ready()
    wait_for("both watches", cluster.is_watched)
    return node


def assert_uninstalled(node):
    """The bytes are the ones before, and the binary stays: DEL of old pods still calls it."""
    wait_for("the entry is out", lambda: node.file("10-net.conflist") == TALL)
    node.wait_reason("sidewire is being uninstalled")
    assert node.installed.read_bytes() == node.plugin.read_bytes()


def assert_ends_and_leaves(node, text):
    """It ends by itself; the configuration is that text."""
    assert node.wait_end() == 0
    assert node.file("10-net.conflist") == text
    assert node.installed.exists()
    node.process = None


def test_kubectl_delete_k(installed, cluster):
    """Permissions go first, then the Namespace gets its deletionTimestamp, and the DaemonSet goes without having had one."""
    cluster.refusal = 403
    cluster.begin_deletion(NAMESPACE)
    cluster.tell(DAEMON_SET, "DELETED")
    assert_uninstalled(installed)
    installed.terminate()
    assert_ends_and_leaves(installed, TALL)
    assert installed.lines("ended", detail="no entry is left")


@pytest.mark.parametrize("delete", [
    lambda cluster: cluster.tell(DAEMON_SET, "DELETED"),
    lambda cluster: cluster.begin_deletion(DAEMON_SET),
    lambda cluster: cluster.tell(NAMESPACE, "DELETED"),
    lambda cluster: cluster.begin_deletion(NAMESPACE),
])
def test_either_tells(installed, cluster, delete):
    delete(cluster)
    assert_uninstalled(installed)


def test_told_after_the_signal(installed, cluster):
    """`kubectl delete namespace` removes pods before DaemonSets."""
    cluster.refusal = 403
    installed.terminate()
    installed.wait_log("ending")
    assert installed.is_ready()
    cluster.tell(DAEMON_SET, "DELETED")
    assert_ends_and_leaves(installed, TALL)


def test_a_mere_stop_leaves_everything(installed):
    begin = time.monotonic()
    installed.terminate()
    assert_ends_and_leaves(installed, TALL_WITH_OURS)
    assert time.monotonic() - begin >= 9.9  # it has watched on
    assert installed.lines("ended", detail="everything stays installed")


def test_changes_that_are_none(installed, cluster):
    cluster.tell(DAEMON_SET, "MODIFIED", annotations={"a": "b"})
    cluster.tell(NAMESPACE, "MODIFIED", deletionTimestamp=None)
    installed.terminate()
    installed.wait_log("ending")
    installed.terminate()  # the second signal hurries
    assert_ends_and_leaves(installed, TALL_WITH_OURS)


@pytest.mark.parametrize("refusal", [401, 403, 500])
def test_refusals_say_nothing(node, cluster, refusal):
    """Also at the start, when nothing is known yet."""
    cluster.refusal = refusal
    node.put("10-net.conflist", TALL)
    node.start(*cluster.options).wait_ready()
    wait_for("it was refused", lambda: node.metric("sidewire_node_api_failures_total") >= 2)
    node.wait_log("a watch failed, and is tried again")
    node.terminate()
    node.wait_log("ending")
    node.terminate()
    assert_ends_and_leaves(node, TALL_WITH_OURS)


def test_api_server_away(node):
    """It is needed for nothing that pods need."""
    node.put("10-net.conflist", TALL)
    node.start("--api-server", "https://127.0.0.1:1", "--api-ca", "/nonexistent", "--api-token", "/nonexistent").wait_ready()
    node.put("10-net.conflist", TALL)
    wait_for("put back", lambda: node.file("10-net.conflist") == TALL_WITH_OURS)


def test_told_once_it_answers(node, cluster):
    cluster.refusal = 500
    cluster.begin_deletion(NAMESPACE)
    node.put("10-net.conflist", TALL)
    node.start(*cluster.options).wait_ready()
    cluster.refusal = 0
    assert_uninstalled(node)


def test_gone_while_a_watch_was_broken(installed, cluster):
    """The list that follows says so: it was answered, and it is empty."""
    cluster.objects[DAEMON_SET] = None
    for watch in cluster.watches[DAEMON_SET]:
        watch.put(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
    assert_uninstalled(installed)


def test_never_there_says_nothing(node, cluster):
    """A DaemonSet of another name, or an agent by hand."""
    cluster.objects[DAEMON_SET] = None
    node.put("10-net.conflist", TALL)
    node.start(*cluster.options).wait_ready()
    wait_for("both watches", cluster.is_watched)
    assert node.file("10-net.conflist") == TALL_WITH_OURS
    assert node.is_ready()


def test_installed_again(installed, cluster):
    """The DaemonSet comes back while the pod still lives."""
    cluster.tell(DAEMON_SET, "DELETED")
    assert_uninstalled(installed)
    cluster.tell(DAEMON_SET, "ADDED", deletionTimestamp=None)
    installed.wait_ready()
    assert installed.file("10-net.conflist") == TALL_WITH_OURS
    assert installed.put_back("entry") == 0


def test_every_trace_goes(node, cluster):
    """Also from configurations that were the primary one before, and the one that was made."""
    node.put("30-net.conflist", TABS)
    node.start(*cluster.options).wait_ready()
    node.put("20-net.conflist", LINE)
    wait_for("it has the entry", lambda: runtime.OURS in runtime.load(node.conf)["plugins"])
    node.put("10-net.conf", SINGLE)
    wait_for("it was made", lambda: "10-net-sidewire.conflist" in node.names() and node.is_ready())
    wait_for("both watches", cluster.is_watched)
    cluster.tell(DAEMON_SET, "DELETED")
    wait_for("all is out", lambda: node.names() == ["10-net.conf", "20-net.conflist", "30-net.conflist"] and [
        node.file(name) for name in node.names()] == [SINGLE, LINE, TABS])


def test_put_in_by_somebody_while_uninstalling(installed, cluster):
    cluster.tell(DAEMON_SET, "DELETED")
    assert_uninstalled(installed)
    installed.put("10-net.conflist", TALL_WITH_OURS)
    assert_uninstalled(installed)


def test_what_cannot_be_read_is_said(installed, cluster):
    """It stops nothing else; and that it has no entry of ours is not known."""
    installed.put("20-net.conflist", b"{")
    cluster.tell(DAEMON_SET, "DELETED")
    assert_uninstalled(installed)
    installed.terminate()
    installed.wait_log("ending")
    installed.terminate()
    assert_ends_and_leaves(installed, TALL)
    assert "what could be taken out is out: 20-net.conflist: not valid JSON" in installed.wait_log("ended")["detail"]


def test_a_file_that_cannot_be_written_stops_no_other(node, cluster):
    for name in ("10-net.conflist", "20-net.conflist"):
        node.put(name, TALL_WITH_OURS)
    node.start(*cluster.options).wait_ready()
    wait_for("both watches", cluster.is_watched)
    in_the_way = node.conf / "10-net.conflist.sidewire-tmp"
    in_the_way.mkdir()
    cluster.tell(DAEMON_SET, "DELETED")
    wait_for("the other one is out", lambda: node.file("20-net.conflist") == TALL)
    assert node.file("10-net.conflist") == TALL_WITH_OURS
    node.wait_log("waiting", part="entry")
    in_the_way.rmdir()
    assert_uninstalled(node)


def test_each_failure_of_a_watch_is_said_once(node, cluster):
    """Though there are two watches, with different reasons, in turns."""
    cluster.refusals = {DAEMON_SET: 403, NAMESPACE: 500}
    node.put("10-net.conflist", TALL)
    node.start(*cluster.options).wait_ready()
    wait_for("it was refused", lambda: node.metric("sidewire_node_api_failures_total") >= 6)
    assert len(node.lines("a watch failed, and is tried again")) == 2
    cluster.refusals = {}
    wait_for("both watches", cluster.is_watched)


@pytest.mark.parametrize("name", ["NODE_NAME", "POD_NAMESPACE"])
def test_without_the_variables(node, cluster, name):
    node.start(*cluster.options, environment={name: ""})
    assert node.wait_end() == 1
    assert "NODE_NAME and POD_NAMESPACE are not both set" in node.wait_log("cannot go on")["detail"]
    node.process = None
