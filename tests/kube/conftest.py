# SPDX-License-Identifier: GPL-2.0-or-later
"""A fake server for each test, and clients that end with it."""

import pytest

from client import Client
from fake import Fake


@pytest.fixture
def fake(tmp_path):
    """A server that answers as the test says."""
    server = Fake(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def start(fake):
    """Starts clients of the fake server; all are ended with the test."""
    clients = []

    def start_one(*collections, **more):
        clients.append(Client(more.pop("server", fake.url), more.pop("ca_file", fake.ca), fake.token, *collections, **more))
        return clients[-1]

    yield start_one
    for client in clients:
        client.stop()
