# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line, what is said of it, and what is installed with the program."""

import re
import shutil
import subprocess

import pytest

from redirect import PROGRAM, ROOT, document, fail, succeed

COMMANDS = ["plan", "apply", "verify", "status", "remove", "explain", "completion", "version", "help"]
WORKERS = COMMANDS[:6]
DOCUMENT = ["--annotation", document()]


@pytest.mark.parametrize("arguments, words", [
    ([], "a command is missing"),
    (["aply"], "there is no command 'aply'"),
    (["-n", "apply"], "the command comes first, before -n"),
    (["plan"], "plan needs a document: a file, - for standard input, or --annotation"),
    (["apply"], "apply needs a document"),
    (["verify", "--pid", "1"], "verify needs a document"),
    (["explain"], "explain needs a document"),
    (["plan", "x", "y"], "'y' is too much: plan takes one"),
    (["plan", "x", *DOCUMENT], "--annotation stands in place of 'x': give one"),
    (["plan", "--annotation", ""], "--annotation needs a value that is not empty"),
    (["plan", "--replace", "x"], "--replace is no option of plan"),
    (["remove", "x"], "'x' is too much: remove takes nothing"),
    (["status", "x"], "'x' is too much: status takes nothing"),
    (["status", "--pid", "0"], "--pid: '0'"),
    (["status", "--pid", "self"], "--pid: 'self'"),
    (["status", "--pid", "7", "--in-pod"], "--pod-netns, --pid and --in-pod name one network"),
    (["status", "--output", "nft"], "--output is words or json of status"),
    (["status", "--output", "yaml"], "--output is 'yaml', expected words, json, iptables, ip6tables or nft"),
    (["apply", "--backend", "ipfw", *DOCUMENT], "--backend: 'ipfw'"),
    (["completion"], "completion needs the name of a shell"),
])
def test_a_bad_command_line_is_told_in_one_sentence(arguments, words):
    told = fail(*arguments, code=2)
    assert told.endswith(" (see sidewire-redirect --help)\n") and words in told


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], *[["help", c] for c in COMMANDS],
                                       *[[c, "--help"] for c in COMMANDS if c != "help"]])
def test_help_teaches(arguments):
    text = succeed(*arguments)
    assert text.startswith("Usage: sidewire-redirect ") and max(map(len, text.splitlines())) <= 90
    assert not re.search(r"[ \t]$", text, re.M) and text.endswith("\n")


def test_help_names_everything_and_its_examples_are_right():
    text = succeed("--help")
    assert all(f"  {command} " in text for command in COMMANDS)
    for command in WORKERS:
        shown = succeed("help", command).split("Examples:\n")[1]
        assert shown.count(f"sidewire-redirect {command}") == len(shown.splitlines()), shown


def test_version():
    for arguments in (["version"], ["--version"]):
        assert re.fullmatch(r"sidewire-redirect \d+\.\d+\.\d+\n", succeed(*arguments))


def options_of(command):
    """Long options that a command's help names."""
    return set(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)", succeed("help", command), re.M))


def test_the_manual_page_names_every_command_and_option():
    page = (ROOT / "cni" / "man" / "sidewire-redirect.1").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert re.search(rf"^\.It Cm {command}$", page, re.M), command
    for command in WORKERS:
        for name in options_of(command):
            assert re.search(rf"^\.It .*Fl (\w , )?-{name[2:]}\b", page, re.M), name


def test_bash_completes(tmp_path):
    (tmp_path / "redirect.json").write_text("", encoding="utf-8")
    script = succeed("completion", "bash") + 'compopt() { :; }\n' \
        'complete_it() { COMP_WORDS=(sidewire-redirect "$@"); COMP_CWORD=$#; _sidewire_redirect; echo "${COMPREPLY[@]}"; }\n'

    def complete(*words):
        call = "complete_it " + " ".join(f"'{word}'" for word in words)
        done = subprocess.run(["bash", "-c", script + call], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stderr == ""
        return done.stdout.split()

    assert complete("") == COMMANDS
    assert complete("re") == ["remove"]
    assert set(complete("apply", "--")) == options_of("apply")
    assert complete("apply", "re") == ["redirect.json"]
    assert complete("apply", "--dns-from", "re") == ["redirect.json"]
    assert complete("apply", "--backend", "re") == []


def test_zsh_reads_its_completion(tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh")
    (tmp_path / "_sidewire-redirect").write_text(succeed("completion", "zsh"), encoding="utf-8")
    done = subprocess.run(["zsh", "-f", "-c", f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -D; "
                           "print $_comps[sidewire-redirect]; autoload +X -Uz _sidewire-redirect"],
                          capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("_sidewire-redirect\n", "")


def test_another_shell_is_refused():
    assert "there is no completion for 'fish': bash or zsh" in fail("completion", "fish")


def test_systemd_reads_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    text = (ROOT / "cni" / "systemd" / "sidewire-redirect.service").read_text(encoding="utf-8")
    unit = tmp_path / "sidewire-redirect.service"
    unit.write_text(text.replace("=sidewire-redirect ", f"={PROGRAM} "), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_unit_does_is_what_the_program_can():
    text = (ROOT / "cni" / "systemd" / "sidewire-redirect.service").read_text(encoding="utf-8")
    for line in re.findall(r"^Exec\w+=sidewire-redirect (.*)$", text, re.M):
        words = line.split()
        assert set(word for word in words if word.startswith("-")) <= options_of(words[0]), line
