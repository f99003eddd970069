# SPDX-License-Identifier: GPL-2.0-or-later
"""What an agent installs, where, and what it leaves alone."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time

import pytest

import runtime
from program import PROGRAM, wait_for
from samples import LINE, SINGLE, TABS, TALL, TALL_WITH_OURS

OLDER = TALL_WITH_OURS.replace(b'"io.kubernetes.cri.pod-annotations": true', b'"another": true')
UNKNOWN_VERSION = LINE.replace(b"1.0.0", b"0.2.0")


def test_installs_binary_and_entry(node):
    node.put("10-flannel.conflist", TALL)
    node.start().wait_ready()
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    assert node.installed.stat().st_mode & 0o7777 == 0o755
    assert node.file("10-flannel.conflist") == TALL_WITH_OURS
    assert node.get("/healthz") == (200, "ok\n")
    assert node.get("/readyz") == (200, "ok\n")
    assert node.metric('sidewire_node_in_place{part="plugin"}') == 1
    assert node.metric('sidewire_node_in_place{part="entry"}') == 1
    assert node.put_back("plugin") == node.put_back("entry") == 0
    assert [line["part"] for line in node.lines("installed")] == ["plugin", "entry"]


@pytest.mark.parametrize("text", [TALL, LINE, TABS])
def test_what_is_loaded_is_the_original_and_ours(node, text):
    node.put("10-net.conflist", text)
    node.start().wait_ready()
    found = runtime.load(node.conf)
    assert found.pop("plugins") == json.loads(text)["plugins"] + [runtime.OURS]
    assert found == {key: json.loads(text)[key] for key in ("name", "cniVersion")}


def test_second_start_touches_nothing(node):
    node.put("10-net.conflist", LINE)
    node.start().wait_ready().stop()
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in (node.installed, node.conf / "10-net.conflist")]
    node.start().wait_ready()
    assert before == [(path.stat().st_ino, path.stat().st_mtime_ns) for path in (node.installed, node.conf / "10-net.conflist")]
    assert not node.lines("installed")


@pytest.mark.parametrize("name, text", [("10-net.conflist", LINE), ("10-net.conf", SINGLE)])
def test_the_entry_names_the_backend(node, name, text):
    """And follows the option when the agent is started anew with another one."""
    node.put(name, text)
    for options, named in ((["--backend", "nftables"], {"backend": "nftables"}),
                           (["--backend=iptables"], {"backend": "iptables"}), (["--backend", "auto"], {})):
        node.start(*options).wait_ready().stop()
        assert runtime.load(node.conf)["plugins"][-1] == {**runtime.OURS, **named}


def test_upgrade_replaces_binary_and_entry(node):
    node.put("10-flannel.conflist", OLDER)
    node.installed.write_bytes(b"an older one")
    node.installed.chmod(0o755)
    with node.installed.open("rb") as running:
        node.start().wait_ready()
        assert running.read() == b"an older one"  # who runs it keeps it: it was not written in place
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    assert node.file("10-flannel.conflist") == TALL_WITH_OURS


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(b"another"),
    lambda path: path.chmod(0o644),
    lambda path: (path.unlink(), path.symlink_to("elsewhere")),
])
def test_a_binary_that_is_not_as_it_should_be(node, spoil):
    node.put("10-net.conflist", LINE)
    node.start().wait_ready().stop()
    spoil(node.installed)
    node.start().wait_ready()
    assert node.installed.read_bytes() == node.plugin.read_bytes()
    assert node.installed.lstat().st_mode == 0o100755


def test_mode_and_owner_stay(node):
    path = node.conf / "10-net.conflist"
    path.write_bytes(LINE)
    path.chmod(0o640)
    owner = (1234, 5678) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(path, *owner)
    node.start().wait_ready()
    found = path.stat()
    assert (found.st_mode & 0o7777, found.st_uid, found.st_gid) == (0o640, *owner)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_two_capabilities_are_enough(node):
    """For directories and files that belong to anyone: DAC_OVERRIDE and CHOWN."""
    path = node.conf / "10-net.conflist"
    path.write_bytes(LINE)
    path.chmod(0o600)
    for changed in (path, node.conf, node.bin):
        os.chown(changed, 1234, 5678)
    wrapper = ["setpriv", "--inh-caps=-all", "--bounding-set=-all,+dac_override,+chown"]
    node.start(wrapper=wrapper).wait_ready()
    found = path.stat()
    assert (found.st_mode & 0o7777, found.st_uid, found.st_gid) == (0o600, 1234, 5678)
    node.stop()
    os.chown(path, 0, 0)
    path.write_bytes(TALL)
    node.start(wrapper=["setpriv", "--inh-caps=-all", "--bounding-set=-all,+dac_override"]).wait_ready()


def test_only_the_first_file_changes(node):
    node.put("05-net.conflist", LINE)
    node.put("10-net.conflist", TALL)
    node.put("00-no-configuration.txt", b"")
    (node.conf / "00-directory.conf").mkdir()
    node.start().wait_ready()
    assert runtime.OURS in runtime.load(node.conf)["plugins"]
    assert node.file("10-net.conflist") == TALL
    assert node.names() == ["00-directory.conf", "00-no-configuration.txt", "05-net.conflist", "10-net.conflist"]


def test_waits_for_a_configuration_and_says_so(node):
    node.start().wait_reason("the entry is not in place: there is no network configuration yet")
    assert node.get("/readyz")[0] == 503
    assert node.wait_log("waiting", part="entry")["detail"] == "there is no network configuration yet"
    assert node.installed.exists()
    node.put("10-net.conflist", LINE)
    node.wait_ready()


@pytest.mark.parametrize("text, reason", [
    (b"", "10-net.conflist: not valid JSON"),
    (LINE[:-1], "10-net.conflist: not valid JSON"),
    (SINGLE, "10-net.conflist: there is no 'plugins' in it: it is no conflist"),
    (LINE.replace(b'{"type":"ptp","ipMasq":false}', b""), "10-net.conflist: it has no plugin to be chained to"),
    (UNKNOWN_VERSION, "10-net.conflist: its cniVersion is '0.2.0', and sidewire-cni speaks 0.3.0 to 1.1.0"),
])
def test_waits_for_a_valid_configuration(node, text, reason):
    node.put("10-net.conflist", text)
    node.start().wait_reason(reason)
    assert node.file("10-net.conflist") == text
    node.put("10-net.conflist", TALL)
    node.wait_ready()


def test_symbolic_link_is_left_alone(node):
    (node.conf / "target").write_bytes(LINE)
    (node.conf / "10-net.conflist").symlink_to("target")
    node.start().wait_reason("10-net.conflist: is no regular file, and so is left alone")
    assert node.file("target") == LINE


def test_entry_goes_where_the_plugin_cannot_run(node):
    """A cniVersion that the plugin refuses would fail every pod of the node, were it still named."""
    node.put("10-net.conflist", LINE)
    node.start().wait_ready()
    node.put("10-net.conflist", node.file("10-net.conflist").replace(b"1.0.0", b"0.2.0"))
    wait_for("the entry is out", lambda: node.file("10-net.conflist") == UNKNOWN_VERSION)
    node.wait_reason("its cniVersion is '0.2.0'")


def test_beside_a_configuration_for_one_plugin(node):
    node.put("10-single.conf", SINGLE)
    node.put("99-other.conf", SINGLE)
    node.start().wait_ready()
    assert node.names() == ["10-single-sidewire.conflist", "10-single.conf", "99-other.conf"]
    assert node.file("10-single.conf") == SINGLE
    assert runtime.load(node.conf) == {"name": "single", "cniVersion": "0.4.0", "plugins": [json.loads(SINGLE), runtime.OURS]}


def test_made_conflist_follows_what_it_is_made_from(node):
    node.put("10-single.conf", SINGLE)
    node.start().wait_ready()
    changed = SINGLE.replace(b"bridge", b"macvlan")
    node.put("10-single.conf", changed)
    wait_for("it follows", lambda: runtime.load(node.conf)["plugins"][0] == json.loads(changed))
    node.put("10-single.conf", UNKNOWN_VERSION)
    node.wait_reason("10-single.conf: there is no 'type' in it")
    node.put("10-single.conf", changed.replace(b"0.4.0", b"0.1.0"))
    wait_for("it is gone", lambda: node.names() == ["10-single.conf"])
    node.put("10-single.conf", changed)
    node.wait_ready()
    (node.conf / "10-single.conf").rename(node.conf / "10-single.conf.disabled")
    wait_for("it is gone", lambda: node.names() == ["10-single.conf.disabled"])


def test_made_conflist_goes_when_the_primary_becomes_a_conflist(node):
    node.put("10-single.conf", SINGLE)
    node.start().wait_ready()
    node.put("10-single.conflist", LINE)
    (node.conf / "10-single.conf").unlink()
    wait_for("only the new one is there", lambda: node.names() == ["10-single.conflist"] and node.is_ready())
    assert runtime.OURS in runtime.load(node.conf)["plugins"]


def test_a_file_of_that_name_that_is_not_ours(node):
    node.put("10-net-sidewire.conflist", LINE)
    node.put("10-net.conf", SINGLE)
    node.start().wait_ready()
    assert node.names() == ["10-net-sidewire.conflist", "10-net.conf"]
    assert runtime.load(node.conf)["name"] == "kindnet"


def test_leftovers_of_a_killed_run_go(node):
    node.put("10-net.conflist", LINE)
    (node.conf / "10-net.conflist.sidewire-tmp").write_bytes(b"half a fi")
    (node.bin / "sidewire-cni.sidewire-tmp").write_bytes(b"\x7fEL")
    (node.bin / "bridge").write_bytes(b"another's")
    node.start().wait_ready()
    assert node.names() == ["10-net.conflist"]
    assert sorted(os.listdir(node.bin)) == ["bridge", "sidewire-cni"]


def test_says_why_the_binary_cannot_be_installed(node):
    node.put("10-net.conflist", LINE)
    plugin = node.plugin.read_bytes()
    node.plugin.unlink()
    node.start().wait_reason(f"the plugin is not in place: {node.plugin}: cannot be read: No such file")
    assert node.file("10-net.conflist") == LINE  # never an entry before its binary
    node.plugin.write_bytes(plugin)
    node.wait_ready()


@pytest.mark.parametrize("directory", ["bin", "conf"])
def test_ends_when_a_directory_goes(node, directory):
    """A mount of a directory that was removed stays on the old one: only a new container sees the new one."""
    node.put("10-net.conflist", LINE)
    node.start().wait_ready()
    path = getattr(node, directory)
    path.rename(path.with_name("gone"))
    assert node.wait_end() == 1
    assert "was removed or replaced" in node.wait_log("cannot go on")["detail"]
    node.process = None


MOUNT = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"']


def mounted(node, directory, tmp_path):
    """What starts an agent that sees the directory at another place, as a container does; and the option for that."""
    place = tmp_path / "mounted"
    place.mkdir()
    return {"wrapper": [*MOUNT, directory, place]}, place


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_ends_when_a_directory_behind_a_mount_goes(node, tmp_path):
    """The mount keeps it alive: no event ever tells."""
    start, place = mounted(node, node.conf, tmp_path)
    node.start("--cni-conf-dir", place, **start).wait_reason("there is no network configuration yet")
    node.conf.rmdir()
    assert node.wait_end() == 1
    assert f"{place} was removed" in node.wait_log("cannot go on")["detail"]
    node.process = None


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_ends_when_the_directory_of_binaries_behind_a_mount_goes(node, tmp_path):
    """Its content goes first, of which events do tell."""
    start, place = mounted(node, node.bin, tmp_path)
    node.put("10-net.conflist", LINE)
    node.start("--cni-bin-dir", place, **start).wait_ready()
    node.process.send_signal(signal.SIGSTOP)
    node.installed.unlink()
    node.bin.rmdir()
    node.process.send_signal(signal.SIGCONT)
    assert node.wait_end() == 1
    assert f"{place} was removed" in node.wait_log("cannot go on")["detail"]
    node.process = None


def written_by(node):
    """Calls by which the agent wrote anything, ever."""
    with open(f"/proc/{node.process.pid}/io", encoding="ascii") as counts:
        return int(dict(line.split(": ") for line in counts)["syscw"])


def assert_calm(node, part, reason):
    """What cannot be written is tried again now and then, and said once, though each time leaves events."""
    node.wait_reason(reason)
    before = written_by(node)
    for _ in range(20):
        time.sleep(0.1)
        assert not node.is_ready()
    # Each of these requests costs a few, and each attempt not many more; a busy loop makes thousands in a second.
    assert written_by(node) - before < 400
    assert len(node.lines("waiting", part=part)) == 1


def test_a_binary_that_cannot_be_written(node):
    node.put("10-net.conflist", LINE)
    node.installed.mkdir()
    node.start()
    assert_calm(node, "plugin", f"the plugin is not in place: {node.installed}: cannot be replaced: Is a directory")
    node.installed.rmdir()
    node.wait_ready()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_full_file_system(node):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", node.conf], check=True)
    try:
        node.put("10-net.conflist", LINE)
        filler = node.conf / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        node.start()
        assert_calm(node, "entry", "cannot be written: No space left on device")
        assert node.file("10-net.conflist") == LINE
        filler.unlink()
        node.wait_ready()
        node.stop()
    finally:
        subprocess.run(["umount", "-l", node.conf], check=True)


def test_idle_connections_keep_no_probe_out(node):
    node.start()
    node.wait_log("started")
    node.get("/healthz")
    idle = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(100)]
    begin = time.monotonic()
    assert node.get("/healthz") == (200, "ok\n")
    # Of those before it, the ones over the limit wait for the end of the idle ones.
    assert time.monotonic() - begin < 20
    for one in idle:
        one.close()


def test_other_requests(node):
    node.start()
    assert node.get("/nowhere") == (404, "there are /healthz, /readyz and /metrics\n")
    with pytest.raises(http.client.RemoteDisconnected):
        node.get("/healthz", method="POST")


@pytest.mark.parametrize("arguments, status, text", [
    (["--version"], 0, "sidewire-node "),
    (["--help"], 0, "Usage: sidewire-node"),
    (["--listen"], 2, "sidewire-node: the option --listen needs a value (see --help)"),
    (["--backend", "nft"], 2,
     "sidewire-node: --backend: 'nft' is no backend: auto, iptables or nftables is expected (see --help)"),
    (["--listen", ""], 2, "sidewire-node: --listen needs a value that is not empty (see --help)"),
    (["--lisen", "x"], 2, "sidewire-node: there is no option --lisen (see --help)"),
    (["-x"], 2, "sidewire-node: there is no option -x (see --help)"),
    (["now"], 2, "sidewire-node: 'now' is no option, and nothing else is expected (see --help)"),
    (["--api-ca", "x"], 2, "sidewire-node: --api-server, --api-ca and --api-token belong together (see --help)"),
    (["--cni-bin-dir", "/nonexistent"], 1, "/nonexistent: cannot be watched: No such file or directory"),
    (["--cni-bin-dir", "/tmp", "--cni-conf-dir", "/nonexistent"], 1, "/nonexistent: cannot be watched: No such file"),
    (["--listen", "nowhere", "--cni-bin-dir", "/proc/self/fdinfo", "--cni-conf-dir", "/proc/self/fdinfo"], 1,
     "'nowhere' is no address to listen on"),
])
def test_command_line(arguments, status, text):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == status
    assert text in done.stdout
