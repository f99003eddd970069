# SPDX-License-Identifier: GPL-2.0-or-later
"""What the README shows is true: its profile serves, and the files that it sends people to are there."""

import json
import re
import textwrap

from program import ROOT, encoded, pod

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_smallest_profile_is_a_profile(start, tmp_path):
    text = re.search(r"(?m)^    apiVersion: sidewire\.io/v1alpha1\n(?:    .*\n)+", README).group()
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "my-proxy.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
    program = start("--default-profiles", "my-proxy", profiles=tmp_path / "profiles")
    status, _, body = program.post(encoded(pod()))
    response = json.loads(body)["response"]
    assert status == 200 and response["allowed"] and "patch" in response


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
