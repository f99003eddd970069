# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of sidewire-redirect's tests. Whoever asks for a namespace is skipped, and counted, without root."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "netns"))

import lab  # pylint: disable=wrong-import-position
import redirect  # pylint: disable=wrong-import-position


def pytest_sessionfinish():
    lab.sweep()


@pytest.fixture
def network():
    """A node with a bridge."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    with lab.Network() as made:
        yield made


@pytest.fixture
def pod(network):
    """A dual stack pod, and what is in it before anything is done."""
    made = network.add_pod("pod")
    made.before = redirect.dump(made)
    return made
