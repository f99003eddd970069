# SPDX-License-Identifier: GPL-2.0-or-later
"""A webhook for the tests of one file, and one that a test starts as it likes."""

import pytest

from api_server import CONFIGURATION, NAMESPACES, PODS, ApiServer, configuration, entry, namespace, own_pod
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


@pytest.fixture
def api(tmp_path):
    """An API server with two pods of ours, a namespace, and the webhook configuration as it is installed."""
    server = ApiServer(tmp_path / "api")
    server.put(f"{NAMESPACES}/shop", namespace("shop"))
    for name in "one", "two":
        server.put(f"{PODS}/{name}", own_pod(name))
    server.put(CONFIGURATION, configuration(entry("enabled"), entry("asked")))
    yield server
    server.token = None
    server.go()


@pytest.fixture
def replica(api, start):
    """Starts a replica in the pod of the name."""
    def start_one(name="one", *options, **more):
        return start("--in-cluster", "--service-account", str(api.place), *options, environment=api.environment(name),
                     **more)
    return start_one
