# SPDX-License-Identifier: GPL-2.0-or-later
"""A node, and an API server that is a fake."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kube"))

from cluster import Cluster  # noqa: E402
from program import Node  # noqa: E402


@pytest.fixture
def node(tmp_path):
    """A node with empty directories. An agent that still runs is ended with the test."""
    place = tmp_path / "node"
    place.mkdir()
    made = Node(place)
    yield made
    made.stop()


@pytest.fixture
def cluster(tmp_path):
    """An API server in which sidewire is installed."""
    place = tmp_path / "cluster"
    place.mkdir()
    made = Cluster(place)
    yield made
    made.stop()
