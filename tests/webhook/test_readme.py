# SPDX-License-Identifier: GPL-2.0-or-later
"""What the README shows is true: its profile serves, and the files that it sends people to are there."""

import json
import re
import subprocess
import textwrap

from program import PROGRAM, ROOT, encoded, pod

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_smallest_profile_is_a_profile(start, tmp_path):
    text = re.search(r"(?m)^    apiVersion: sidewire\.io/v1alpha1\n(?:    .*\n)+", README).group()
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "my-proxy.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
    program = start("--default-profiles", "my-proxy", profiles=tmp_path / "profiles")
    status, _, body = program.post(encoded(pod()))
    response = json.loads(body)["response"]
    assert status == 200 and response["allowed"] and "patch" in response


def test_its_commands_can_be_typed():
    """But for what serves until it is ended, and who asks that: other tests do so."""
    commands = [line.partition("#")[0].strip() for line in re.findall(r"(?m)^    (build/.*<.*)", README)]
    assert len(commands) == 1
    for command in commands:
        done = subprocess.run(["bash", "-c", command.replace("build/", f"{PROGRAM.parent}/", 1)], cwd=ROOT,
                              capture_output=True, text=True, check=True)
        assert "15001" in done.stdout
    for name in re.findall(r"build/([a-z-]+) ", README):
        assert (PROGRAM.parent / name).exists(), name


def test_every_file_that_it_names_is_there():
    directory = ROOT
    for name in re.findall(r"`((?:[a-z]+/)*[a-z_]+\.[ch])`", README):
        # A name without a directory is beside the one before it.
        path = ROOT / name if "/" in name else directory / name
        assert path.is_file(), name
        directory = path.parent


def test_every_annotation_of_users_is_in_it():
    vocabulary = (ROOT / "common" / "vocabulary.h").read_text(encoding="utf-8")
    written = vocabulary.partition("Annotations that users write.")[2].partition("/*")[0]
    names = re.findall(r'"sidewire\.io/([a-z-]+)"', written)
    assert len(names) > 10
    for name in names:
        assert f"`{name}`" in README, name
