# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of manifests and image share."""

import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The real kube-apiserver of the tests of its client.
sys.path.insert(0, str(ROOT / "tests" / "kube"))
OVERLAYS = sorted(path.parent.name for path in ROOT.glob("manifests/overlays/*/kustomization.yaml"))


def kubectl():
    """hack/cluster's, or the machine's own."""
    built = ROOT / ".deps" / "cluster" / "bin" / "kubectl"
    return str(built) if built.exists() else shutil.which("kubectl")


@pytest.fixture(scope="session")
def render():
    """Gives the objects of a directory with a kustomization, in the order of the rendered file."""
    program = kubectl()
    if program is None:
        pytest.skip("there is no kubectl: `hack/cluster build` makes one")
    rendered = {}

    def objects(directory="manifests"):
        if directory not in rendered:
            text = subprocess.run([program, "kustomize", ROOT / directory], stdout=subprocess.PIPE, check=True).stdout
            rendered[directory] = [document for document in yaml.safe_load_all(text) if document]
        return rendered[directory]

    return objects


@pytest.fixture(scope="session")
def version():
    asked = subprocess.run(["make", "-s", "--no-print-directory", "print-version"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return asked.stdout.decode().strip()
