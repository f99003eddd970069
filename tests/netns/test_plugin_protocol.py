# SPDX-License-Identifier: GPL-2.0-or-later
"""How the plugin speaks with a runtime: CNI SPEC 1.1.0, and what runtimes really do."""

import json
import os
import pathlib
import subprocess

import pytest

import plugin

VERSIONS = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
NEEDED = {
    "ADD": ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    "CHECK": ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    "DEL": ["CNI_CONTAINERID", "CNI_IFNAME"],
    "GC": ["CNI_PATH"],
    "STATUS": [],
    "VERSION": [],
}
ALL_NEEDED = sorted({name for names in NEEDED.values() for name in names})

ENVIRONMENT, STDIN, DECODING, CONFIG, VERSION = 4, 5, 6, 7, 1
DOCUMENT, RULES, HOST = 100, 101, 102


def newest(**changes):
    """A configuration that every command takes."""
    return plugin.configuration(plugin.NO_POD, None, cniVersion="1.1.0", **changes)


@pytest.mark.parametrize("command", NEEDED)
def test_variables_that_a_command_needs(command):
    for name in NEEDED[command]:
        for value in (None, ""):
            variables = plugin.environment(command, plugin.NO_POD, **{name: value})
            answer = plugin.run(variables, newest())
            assert answer.code == ENVIRONMENT
            assert name in answer.message
    if NEEDED[command]:
        answer = plugin.run({"CNI_COMMAND": command}, newest())
        assert all(name in answer.message for name in NEEDED[command])


@pytest.mark.parametrize("command", NEEDED)
def test_variables_that_a_command_does_not_need(command):
    others = {name: None for name in ALL_NEEDED if name not in NEEDED[command]}
    answer = plugin.run(plugin.environment(command, plugin.NO_POD, **others), newest())
    assert answer.status == 0, answer


@pytest.mark.parametrize("name, value", [
    ("CNI_CONTAINERID", "-dash"), ("CNI_CONTAINERID", "a/b"), ("CNI_CONTAINERID", "a b"),
    ("CNI_IFNAME", "."), ("CNI_IFNAME", ".."), ("CNI_IFNAME", "a/b"), ("CNI_IFNAME", "a:b"),
    ("CNI_IFNAME", "a b"), ("CNI_IFNAME", "sixteen-letters."), ("CNI_COMMAND", "add"),
    ("CNI_COMMAND", "REMOVE"),
])
def test_malformed_variables(name, value):
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD, **{name: value}), newest())
    assert answer.code == ENVIRONMENT
    assert name in answer.message and value in answer.message


def test_longest_good_names():
    variables = plugin.environment("ADD", plugin.NO_POD, CNI_IFNAME="fifteen-letters",
                                   CNI_CONTAINERID="0" * 64)
    assert plugin.run(variables, newest()).status == 0


@pytest.mark.parametrize("stdin, code", [
    ("", DECODING), ("{", DECODING), ("[]", DECODING), ('"text"', DECODING), ("{}{}", DECODING),
    ('{"name": 1, "cniVersion": "1.0.0"}', DECODING),
    ('{"name": "n", "cniVersion": 1}', DECODING),
    ('{"name": "n", "cniVersion": "1.0.0", "prevResult": 1}', DECODING),
    ('{"name": "n", "cniVersion": "1.0.0", "prevResult": {}, "runtimeConfig": []}', DECODING),
    ('{"name": "-n", "cniVersion": "1.0.0", "prevResult": {}}', CONFIG),
    ('{"cniVersion": "1.0.0", "prevResult": {}}', CONFIG),
    (" " * (4 * 1024 * 1024 + 1), STDIN),
])
def test_stdin_that_is_no_configuration(stdin, code):
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), stdin)
    assert answer.code == code, answer


def test_stdin_that_can_not_be_read():
    directory = os.open("/", os.O_RDONLY)
    try:
        answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), directory)
    finally:
        os.close(directory)
    assert answer.code == STDIN
    assert "stdin" in answer.message


def test_errors_are_one_object_on_stdout():
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), newest(prevResult=None))
    assert sorted(answer.error) == ["cniVersion", "code", "details", "msg"]
    assert answer.error["cniVersion"] in VERSIONS
    assert answer.stderr == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_add_answers_prev_result_in_every_version(version):
    previous = {"cniVersion": version, "interfaces": [], "ips": []}
    conf = plugin.configuration(plugin.NO_POD, None, cniVersion=version, prevResult=previous)
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), conf)
    assert answer.status == 0 and json.loads(answer.stdout) == previous


@pytest.mark.parametrize("version", [None, "0.1.0", "0.2.0", "0.9.0", "1.2.0", "2.0.0", "x"])
def test_versions_that_are_not_supported(version):
    conf = plugin.configuration(plugin.NO_POD, None, cniVersion=version)
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), conf)
    assert answer.code == VERSION
    assert (version or "0.1.0") in answer.message


@pytest.mark.parametrize("command, version", [("CHECK", "0.3.1"), ("GC", "1.0.0"),
                                              ("STATUS", "1.0.0")])
def test_commands_that_a_version_does_not_have(command, version):
    conf = plugin.configuration(plugin.NO_POD, None, cniVersion=version)
    assert plugin.run(plugin.environment(command, plugin.NO_POD), conf).code == VERSION


def test_version_lists_versions_and_ignores_stdin():
    answer = plugin.run(plugin.environment("VERSION", plugin.NO_POD), "no JSON")
    assert answer.status == 0
    assert json.loads(answer.stdout)["supportedVersions"] == VERSIONS


PREV_RESULT = ('{ "dns": {},\n\t"cniVersion":"1.0.0" ,"x": "\\u003cb\\u003e \\/ \u00e9", '
               '"e": 1.50E+2, "ips" : [ ] }')


@pytest.mark.parametrize("runtime", ["", '"runtimeConfig": {},', '"runtimeConfig": null,',
                                     '"runtimeConfig": '
                                     '{"io.kubernetes.cri.pod-annotations": null},',
                                     '"runtimeConfig": '
                                     '{"io.kubernetes.cri.pod-annotations": {"a": "b"}},'])
def test_prev_result_comes_back_verbatim_where_nothing_is_asked(runtime):
    """The namespace does not exist: it is not even looked for."""
    conf = ('{"name": "n", %s "prevResult":%s, "cniVersion": "1.0.0", "type": "sidewire-cni"}'
            % (runtime, PREV_RESULT))
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), conf)
    assert answer == plugin.Answer(0, PREV_RESULT, "")


def test_prev_result_comes_back_verbatim_from_a_redirected_pod(pod):
    conf = json.dumps(plugin.configuration(pod, plugin.document(), prevResult="HERE"))
    answer = plugin.run(plugin.environment("ADD", pod), conf.replace('"HERE"', PREV_RESULT))
    assert answer == plugin.Answer(0, PREV_RESULT, "")


def test_large_configuration():
    """An object's annotations may have 256 KiB; an answer can be longer than a pipe holds."""
    previous = {"cniVersion": "1.0.0", "x": "y" * 300000}
    conf = plugin.configuration(plugin.NO_POD, None, prevResult=previous)
    conf["runtimeConfig"]["io.kubernetes.cri.pod-annotations"]["last-applied"] = "<" * 262144
    answer = plugin.run(plugin.environment("ADD", plugin.NO_POD), conf)
    assert answer.status == 0 and json.loads(answer.stdout) == previous


@pytest.mark.parametrize("command", ["ADD", "CHECK"])
@pytest.mark.parametrize("text", [None, plugin.document()])
def test_a_chained_plugin_needs_a_prev_result(command, text):
    conf = plugin.configuration(plugin.NO_POD, text, prevResult=None)
    answer = plugin.run(plugin.environment(command, plugin.NO_POD), conf)
    assert answer.code == CONFIG
    assert "prevResult" in answer.message


@pytest.mark.parametrize("command", ["ADD", "CHECK"])
def test_mode_none_asks_for_no_namespace(command):
    text = json.dumps(plugin.DOCUMENT_NONE)
    assert plugin.call(command, plugin.NO_POD, text).status == 0


def test_namespace_that_is_gone():
    for command in ("ADD", "CHECK"):
        answer = plugin.call(command, plugin.NO_POD, plugin.document())
        assert answer.code == RULES
        assert plugin.NO_POD.path in answer.message


def test_paths_that_are_no_network_namespace(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    for path in ("/proc/self/ns/mnt", tmp_path / "fifo", tmp_path / "file", "/dev/null", "/"):
        answer = plugin.call("ADD", plugin.NO_POD, plugin.document(), CNI_NETNS=str(path))
        assert answer.code == RULES
        assert "no network namespace" in answer.message


def test_host_namespace_is_refused(pod):
    """The pod stands for the host: the plugin runs in there, and is given that namespace."""
    launcher = ["nsenter", f"--net={pod.path}"]
    before = pod.rules()
    for path in (pod.path, "/proc/self/ns/net"):
        for command in ("ADD", "CHECK"):
            answer = plugin.call(command, pod, plugin.document(), launcher, CNI_NETNS=path)
            assert answer.code == HOST
            assert path in answer.message
        none = json.dumps(plugin.DOCUMENT_NONE)
        plugin.succeed("DEL", pod, plugin.document(), launcher=launcher, CNI_NETNS=path)
        plugin.succeed("ADD", pod, none, launcher=launcher, CNI_NETNS=path)
    assert pod.rules() == before


def test_documents_that_are_refused(pod):
    before = pod.rules()
    for text, reason in ((plugin.document(version=3), "version"),
                         (plugin.document(proxyUids="root"), "root"),
                         (plugin.document(outboundPort=0), "outboundPort"),
                         (plugin.document(surprise=1), "surprise"), ("{", "JSON"), ("", "")):
        answer = plugin.call("ADD", pod, text)
        assert answer.code == DOCUMENT
        assert plugin.REDIRECT in answer.message and reason in answer.message
    assert pod.rules() == before


def test_del_always_succeeds(pod, tmp_path):
    text = plugin.document()
    variables = plugin.environment("DEL", pod)
    plugin.succeed("ADD", pod, text)
    before = pod.rules()
    for stdin in ("", "{", plugin.configuration(pod, None),
                  plugin.configuration(pod, text, cniVersion="9.0.0")):
        assert plugin.run(variables, stdin) == plugin.Answer(0, "", "")
    for netns in (None, "", "/nowhere", str(tmp_path)):
        assert plugin.call("DEL", pod, text, CNI_NETNS=netns) == plugin.Answer(0, "", "")
    assert pod.rules() == before


def test_stdout_that_is_closed_is_no_success():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([plugin.PROGRAM], env=plugin.environment("ADD", plugin.NO_POD),
                          input=json.dumps(newest()).encode(), stdout=writer, check=False)
    os.close(writer)
    assert done.returncode != 0


@pytest.mark.parametrize("command", ["GC", "STATUS"])
def test_gc_and_status(command):
    """STATUS as containerd asks it, with neither prevResult nor runtimeConfig."""
    conf = newest(prevResult=None, runtimeConfig=None,
                  **({"cni.dev/valid-attachments": []} if command == "GC" else {}))
    answer = plugin.run(plugin.environment(command, plugin.NO_POD), conf)
    assert answer == plugin.Answer(0, "", "")
    assert plugin.run(plugin.environment(command, plugin.NO_POD), "{").code == DECODING


def by_hand(*arguments):
    return subprocess.run([plugin.PROGRAM, *arguments], env={}, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


def test_run_by_hand():
    about = by_hand()
    assert about.returncode == 0 and about.stdout == ""
    assert "CNI plugin" in about.stderr and "1.1.0" in about.stderr
    assert by_hand("--help").stdout == about.stderr
    assert by_hand("--version").stdout.startswith("sidewire-cni ")
    assert by_hand("--nonsense").returncode == 2


def test_program_is_small_and_alone():
    """Any host can run it: nothing dynamic. Sanitizers are."""
    if "sanitize" in str(plugin.PROGRAM):
        pytest.skip("a build with sanitizers is dynamic")
    headers = subprocess.run(["readelf", "--wide", "--program-headers", plugin.PROGRAM],
                             capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert pathlib.Path(plugin.PROGRAM).stat().st_size < 2.5e6
