# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the real sidewire-inject."""

import collections
import json
import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
PROGRAM = BUILD / "sidewire-inject"
GOLDEN = pathlib.Path(__file__).parent / "golden"
PROFILES = pathlib.Path(__file__).parent / "profiles"
PROXY = PROFILES / "proxy.yaml"
ENVOY = ROOT / "manifests" / "profiles" / "envoy.yaml"

# Far above anything a machine under load takes; only a failure waits so long.
PATIENCE = 60

Done = collections.namedtuple("Done", "code out err")


def run(*arguments, stdin=b"", program=PROGRAM, cwd=None):
    """The program's exit status, and what it writes; standard error as text. A sanitizer's report is no answer."""
    done = subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True, timeout=PATIENCE,
                          check=False, cwd=cwd)
    assert done.returncode in (0, 1, 2) and b"Sanitizer" not in done.stderr, done.stderr.decode()
    return Done(done.returncode, done.stdout, done.stderr.decode())


def encode(text):
    return text if isinstance(text, bytes) else text.encode()


def inject(text, *options, profile=PROXY):
    """Injects into a text."""
    return run("inject", "--profile", profile, *options, "-", stdin=encode(text))


def uninject(text):
    """Takes it out again."""
    return run("uninject", "-", stdin=encode(text))


class KubectlLoader(yaml.SafeLoader):  # pylint: disable=too-many-ancestors
    """YAML 1.1, which is nearly what kubectl reads; dates stay texts."""


KubectlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def documents(text):
    """What a stream of documents, or one of JSON, means, by a reader that is not ours."""
    if encode(text).startswith(b"{"):
        return [json.loads(text)]
    return list(yaml.load_all(text, KubectlLoader))  # a SafeLoader
