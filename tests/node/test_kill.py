# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 at every call that touches files: what is left can always be loaded, never names a binary that is not there, and
the next start heals it."""

import json
import os
import pathlib
import re
import shutil
import signal

import pytest

import runtime
from cluster import NAMESPACE
from program import BUILD, wait_for
from samples import SINGLE, TALL, TALL_WITH_OURS

pytestmark = pytest.mark.skipif("sanitize" in str(BUILD), reason="sanitizers make system calls of their own")

CALLS = ("openat", "write", "fsync", "rename", "renameat2", "unlink", "fchmod", "fchown", "close", "madvise")
OLD_PLUGIN = b"an older plugin"


class Scene:
    """What is there before the agent starts, and when it is done."""

    def __init__(self, name, files, is_done, *, plugin=None, originals=(TALL,)):
        self.name = name
        self.files = files
        self.is_done = is_done
        self.plugin = plugin
        self.originals = originals

    def set_up(self, node):
        """Makes the directories anew."""
        for directory in (node.conf, node.bin):
            shutil.rmtree(directory)
            directory.mkdir()
        for name, text in self.files.items():
            node.put(name, text)
        if self.plugin is not None:
            node.installed.write_bytes(self.plugin)
            node.installed.chmod(0o755)


def has_entry(node):
    """The usual end."""
    return len(node.lines("in place")) == 2


def is_removed(node):
    """The end of an uninstallation."""
    return bool(node.lines("taken out")) and not node.is_ready()


SCENES = [
    Scene("first-start", {"10-net.conflist": TALL}, has_entry),
    Scene("beside-a-conf", {"10-net.conf": SINGLE}, has_entry, originals=(SINGLE,)),
    Scene("upgrade", {"10-net.conflist": TALL_WITH_OURS.replace(b"pod-annotations", b"another")}, has_entry,
          plugin=OLD_PLUGIN),
    Scene("binary-is-gone", {"10-net.conflist": TALL_WITH_OURS}, has_entry),
    Scene("leftovers", {"10-net.conflist": TALL, "10-net.conflist.sidewire-tmp": b"{"}, has_entry),
]


def network(text):
    """What a runtime makes of a configuration."""
    found = json.loads(text)
    plugins = found.get("plugins", [found])
    return {"name": found["name"], "cniVersion": found["cniVersion"], "plugins": plugins}


def signal_traced(node, number):
    """Not to strace, but to what it traces: strace ends with it, with the same status. Returns whether it still lived."""
    with open(f"/proc/{node.process.pid}/task/{node.process.pid}/children", encoding="ascii") as children:
        found = children.read().split()
    if found:
        os.kill(int(found[0]), number)
    return bool(found)


def traced(node, scene, *strace_options, options=()):
    """Runs an agent under strace until it is done, or killed. Returns whether it was killed."""
    scene.set_up(node)
    node.start(*options, wrapper=["strace", "-f", "-qq", "-o", str(node.log_path) + ".strace", *strace_options])
    ended = wait_for("done or dead", lambda: node.process.poll() is not None or (scene.is_done(node) and "done"))
    # What is killed right after its last line is done, and dead before strace is.
    killed = ended != "done" or not signal_traced(node, signal.SIGKILL)
    node.process.wait()
    node.process = None
    return killed


def calls_of(node, scene, options=()):
    """How often each call is made, and how often before the first that touches a directory of the node's."""
    assert not traced(node, scene, "-e", "trace=" + ",".join(CALLS), options=options)
    total, before = dict.fromkeys(CALLS, 0), None
    with open(str(node.log_path) + ".strace", encoding="utf-8", errors="replace") as trace:
        for line in trace:
            found = re.match(r"\d+ +(\w+)\(", line)
            if before is None and str(node.conf.parent) in line:
                before = dict(total)
            if found:
                total[found.group(1)] += 1
    return total, before


def assert_heals(node, scene):
    """A start without a fault."""
    node.start().wait_ready()
    found = runtime.load(node.conf)
    assert found["plugins"].pop() == runtime.OURS
    assert found in [network(text) for text in scene.originals]
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    assert not [name for name in [*node.names(), *os.listdir(node.bin)] if name.endswith(".sidewire-tmp")]
    node.stop()


def assert_sound(node, scene):
    """What a runtime would find now. Where the entry was there before the binary was, only an agent can help."""
    found = runtime.load(node.conf)
    count = sum(plugin["type"] == "sidewire-cni" for plugin in found["plugins"])
    assert count <= 1
    if count == 1:
        ours = found["plugins"].pop()
        installed = node.installed.read_bytes() if node.installed.exists() else None
        if scene.name == "binary-is-gone":
            assert installed in (None, node.plugin.read_bytes())
        elif ours == runtime.OURS or scene.plugin is None:
            assert installed == node.plugin.read_bytes()
        else:
            assert installed in (scene.plugin, node.plugin.read_bytes())
        assert installed is None or os.access(node.installed, os.X_OK)
    assert found in [network(text) for text in scene.originals]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_installation(node, scene):
    total, before = calls_of(node, scene)
    kills = 0
    for call in CALLS:
        for number in range(before[call] + 1, total[call] + 1):
            if traced(node, scene, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"):
                kills += 1
            assert_sound(node, scene)
            assert_heals(node, scene)
    assert kills >= 15, total


def test_uninstallation(node, cluster):
    """From what was installed to the original bytes: at every moment one or the other."""
    scene = Scene("uninstall", {"10-net.conflist": TALL_WITH_OURS}, is_removed, plugin=node.plugin.read_bytes())
    cluster.begin_deletion(NAMESPACE)
    total, _ = calls_of(node, scene, cluster.options)
    seen = set()
    for call in ("fsync", "renameat2", "unlink", "fchmod", "fchown"):
        for number in range(1, total[call] + 1):
            traced(node, scene, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}",
                   options=cluster.options)
            assert node.file("10-net.conflist") in (TALL, TALL_WITH_OURS)
            assert node.installed.read_bytes() == node.plugin.read_bytes()
            seen.add(node.file("10-net.conflist"))
            node.start(*cluster.options)
            node.wait_reason("sidewire is being uninstalled")
            wait_for("the entry is out", lambda: node.file("10-net.conflist") == TALL)
            wait_for("swept", lambda: node.names() == ["10-net.conflist"])
            node.stop()
    assert seen == {TALL, TALL_WITH_OURS}


def assert_synced(lines, temporary, path):
    """The temporary file before it is renamed, and the directory after it: a power cut leaves one whole file or the other."""
    renamed = [number for number, line in enumerate(lines)
               if re.search(r" rename(at2)?\(", line) and f'"{temporary}"' in line and f'"{path}"' in line]
    assert len(renamed) == 1, lines
    synced = [number for number, line in enumerate(lines) if re.search(rf" fsync\(\d+<{re.escape(str(temporary))}>\) += 0", line)]
    assert synced and synced[-1] < renamed[0], lines
    after = lines[renamed[0] + 1:]
    directory = re.escape(str(path.parent))
    assert [line for line in after[:4] if re.search(rf" fsync\(\d+<{directory}>\) += 0", line)], lines


@pytest.mark.parametrize("name, text", [("10-net.conflist", TALL), ("10-net.conf", SINGLE)])
def test_what_is_renamed_is_on_the_disk(node, name, text):
    """Nothing but a power cut would show it."""
    scene = Scene("synced", {name: text}, has_entry)
    assert not traced(node, scene, "-y", "-e", "trace=openat,fsync,rename,renameat2")
    lines = pathlib.Path(str(node.log_path) + ".strace").read_text(encoding="utf-8", errors="replace").splitlines()
    written = node.conf / ("10-net.conflist" if text == TALL else "10-net-sidewire.conflist")
    for path in (node.installed, written):
        assert_synced(lines, path.with_name(path.name + ".sidewire-tmp"), path)


def test_a_directory_that_cannot_be_synced(node):
    """What was exchanged goes back. That fsync says EINVAL does not mean that the file system has no exchange."""
    node.put("10-net.conflist", TALL)
    # The binary and its directory, the temporary file of the configuration, and then its directory.
    node.start(wrapper=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                        "inject=fsync:error=EINVAL:when=4+"])
    node.wait_reason(f"the entry is not in place: {node.conf}: cannot be synced: Invalid argument")
    assert node.file("10-net.conflist") == TALL
    assert node.names() == ["10-net.conflist"]
    signal_traced(node, signal.SIGTERM)
    assert node.wait_end() == 0
    node.process = None


@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS"])
def test_file_system_without_exchange(node, error):
    """Not a kill, but the same tool: there the file is replaced by an ordinary rename."""
    node.put("10-net.conflist", TALL)
    node.start(wrapper=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
                        f"inject=renameat2:error={error}"])
    wait_for("in place", lambda: has_entry(node))
    assert node.file("10-net.conflist") == TALL_WITH_OURS
    assert node.names() == ["10-net.conflist"]
    signal_traced(node, signal.SIGTERM)
    assert node.wait_end() == 0
    node.process = None
