# SPDX-License-Identifier: GPL-2.0-or-later
"""A webhook for the tests of one file, and one that a test starts as it likes."""

import pytest

from program import Program


@pytest.fixture(scope="module")
def webhook(tmp_path_factory):
    """A program that all tests of a file share."""
    program = Program(tmp_path_factory.mktemp("webhook"), "--tls-name", "sidewire.example", "--tls-name", "192.0.2.7")
    yield program
    program.stop()


@pytest.fixture
def start(tmp_path):
    """Starts programs of the test's own; all are ended with it."""
    programs = []

    def start_one(*options, **more):
        place = tmp_path / str(len(programs))
        place.mkdir()
        programs.append(Program(place, *options, **more))
        return programs[-1]

    yield start_one
    for program in programs:
        program.stop()
