# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line, what is said of it, and where the program is installed."""

import re
import shutil
import subprocess

import pytest

from offline import PROGRAM, PROXY, ROOT, run
from test_inject import POD

COMMANDS = ["inject", "uninject", "explain", "lint", "completion", "version", "help"]


@pytest.mark.parametrize("arguments, words", [
    ([], "a command is missing"),
    (["injekt"], "there is no command 'injekt'"),
    (["-q", "inject"], "the command comes first, before -q"),
    (["inject"], "inject needs a manifest, or - for standard input"),
    (["lint"], "lint needs a profile or a manifest"),
    (["inject", "-x", "-"], "there is no option -x"),
    (["inject", "--nonesuch", "-"], "there is no option --nonesuch"),
    (["inject", "--quiet=1", "-"], "there is no option --quiet=1"),
    (["inject", "--profile"], "the option --profile needs a value"),
    (["inject", "-f"], "the option -f needs a value"),
    (["inject", "--profile", "", "-"], "--profile needs a value that is not empty"),
    (["uninject", "--profile", "x", "-"], "--profile is no option of uninject"),
    (["lint", "-q", "-"], "--quiet is no option of lint"),
    (["version", "x"], "'x' is too much: version takes nothing"),
    (["help", "x"], "there is no command 'x'"),
    (["help", "inject", "x"], "'x' is too much"),
    (["completion"], "completion needs the name of a shell"),
])
def test_a_bad_command_line_is_told_in_one_sentence(arguments, words):
    done = run(*arguments)
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("sidewire-inject: ") and done.err.endswith(" (see sidewire-inject --help)\n")
    assert done.err.count("\n") == 1 and words in done.err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], *[["help", c] for c in COMMANDS],
                                       *[[c, "--help"] for c in COMMANDS if c != "help"]])
def test_help_teaches(arguments):
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    text = done.out.decode()
    assert text.startswith("Usage: sidewire-inject ") and max(map(len, text.splitlines())) <= 90
    assert not re.search(r"[ \t]$", text, re.M) and text.endswith("\n")


def test_help_names_everything_and_its_examples_are_right():
    text = run("--help").out.decode()
    assert all(f"  {command} " in text for command in COMMANDS)
    for command in ("inject", "uninject", "explain", "lint"):
        shown = run("help", command).out.decode().split("Examples:\n")[1]
        assert shown.count(f"sidewire-inject {command} ") == len(shown.splitlines()), shown


def test_version():
    for arguments in (["version"], ["--version"]):
        assert re.fullmatch(rb"sidewire-inject \d+\.\d+\.\d+\n", run(*arguments).out)


def options_of(command):
    """Long options and letters that a command's help names."""
    return set(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)", run("help", command).out.decode(), re.M)), \
        set(re.findall(r"^ +(-\w), ", run("help", command).out.decode(), re.M))


def test_the_manual_page_names_every_command_and_option():
    page = (ROOT / "webhook" / "man" / "sidewire-inject.1").read_text()
    for command in COMMANDS:
        assert re.search(rf"^\.It Cm {command}$", page, re.M), command
    for command in COMMANDS[:4]:
        longs, letters = options_of(command)
        assert longs and all(re.search(rf"^\.It Fl .*-{name[2:]}\b", page, re.M) for name in longs)
        assert all(re.search(rf"^\.It Fl {letter[1:]} ,", page, re.M) for letter in letters)


def test_bash_completes(tmp_path):
    (tmp_path / "web.yaml").write_text("")
    (tmp_path / "web").mkdir()
    script = run("completion", "bash").out.decode() + 'compopt() { :; }\n' \
        'complete_it() { COMP_WORDS=(sidewire-inject "$@"); COMP_CWORD=$#; _sidewire_inject; echo "${COMPREPLY[@]}"; }\n'

    def complete(*words):
        call = "complete_it " + " ".join(f"'{word}'" for word in words)
        done = subprocess.run(["bash", "-c", script + call], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stderr == ""
        return done.stdout.split()

    assert complete("") == COMMANDS
    assert complete("ex") == ["explain"]
    assert complete("help", "un") == ["uninject"]
    assert complete("completion", "") == ["bash", "zsh"]
    assert set(complete("inject", "--")) == options_of("inject")[0]
    assert complete("uninject", "--pro") == []
    assert complete("inject", "we") == ["web", "web.yaml"]
    assert complete("inject", "--profiles-dir", "w") == ["web"]
    assert complete("inject", "-n", "w") == []


def test_zsh_reads_its_completion(tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh")
    (tmp_path / "_sidewire-inject").write_bytes(run("completion", "zsh").out)
    done = subprocess.run(["zsh", "-f", "-c", f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -D; "
                           "print $_comps[sidewire-inject]; autoload +X -Uz _sidewire-inject"],
                          capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("_sidewire-inject\n", "")


def test_another_shell_is_refused():
    done = run("completion", "fish")
    assert (done.code, done.err) == (1, "sidewire-inject: there is no completion for 'fish': bash or zsh\n")


def test_as_a_plugin_it_has_kubectls_name(tmp_path):
    plugin = tmp_path / "kubectl-sidewire"
    plugin.symlink_to(PROGRAM)
    done = run("--help", program=plugin)
    assert done.out.startswith(b"Usage: kubectl sidewire COMMAND") and b"  kubectl sidewire inject " in done.out
    assert run("x", program=plugin).err.startswith("kubectl sidewire: there is no command 'x' (see kubectl sidewire --help)")


def test_installed_it_finds_the_profiles_beside_it(tmp_path):
    (tmp_path / "bin").mkdir()
    profiles = tmp_path / "share" / "sidewire" / "profiles"
    profiles.mkdir(parents=True)
    program = shutil.copy(PROGRAM, tmp_path / "bin")
    shutil.copy(PROXY, profiles)
    done = run("inject", "--default-profiles", "proxy", "-", stdin=POD.encode(), program=program)
    assert done.code == 0 and "injected: profiles proxy" in done.err


@pytest.mark.parametrize("command", ["lint", "inject"])
def test_an_installed_profile_that_is_a_link_to_nowhere_is_named(tmp_path, command):
    (tmp_path / "bin").mkdir()
    profiles = tmp_path / "share" / "sidewire" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "envoy.yaml").symlink_to("gone.yaml")
    done = run(command, "-", stdin=POD.encode(), program=shutil.copy(PROGRAM, tmp_path / "bin"))
    assert (done.code, done.out) == (1, b"")
    assert done.err.endswith("/share/sidewire/profiles/envoy.yaml: is not there: a symbolic link that leads nowhere, "
                             "or a file that was just taken away\n")


def test_without_profiles_it_says_how_to_give_one(tmp_path):
    program = shutil.copy(PROGRAM, tmp_path)
    done = run("inject", "-", stdin=POD.encode(), program=program)
    assert (done.code, done.err) == (
        1, "sidewire-inject: there is no profile: give one by --profile FILE, or --profiles-dir DIR\n")
    assert run("lint", "-", stdin=POD.encode(), program=program).code == 0
    assert run("uninject", "-", stdin=POD.encode(), program=program).code == 0


@pytest.mark.parametrize("options, words", [
    (["--profile", "none.yaml"], "none.yaml"),
    (["--profiles-dir", "none"], "none: cannot be listed"),
    (["--profile", PROXY, "--profile", PROXY], "there are two profiles named 'proxy'"),
    (["--profile", PROXY, "--namespace-file", PROXY], "there is no Namespace in it"),
    (["--profile", PROXY, "--namespace-file", "none.yaml"], "none.yaml: cannot be opened"),
])
def test_what_the_options_name_must_be_there(options, words):
    done = run("inject", *options, "-", stdin=POD.encode())
    assert (done.code, done.out) == (1, b"")
    assert done.err.count("\n") == 1 and words in done.err
