# SPDX-License-Identifier: GPL-2.0-or-later
"""One cluster for all end-to-end tests, with the test images on every node."""

import os

import pytest

from cluster import BUILD, ROOT, Cluster, run


@pytest.fixture(scope="session", name="possible")
def _possible():
    if os.geteuid() != 0:
        pytest.skip("a cluster needs root")


@pytest.fixture(scope="session")
def cluster(possible):  # pylint: disable=unused-argument
    """Up, with test/app:1 and Envoy's image. With E2E_KEEP=1 it is found and left up."""
    keep = "E2E_KEEP" in os.environ
    made = Cluster(BUILD.resolve() / "e2e/cluster")
    images = BUILD / "e2e/images"
    images.mkdir(parents=True, exist_ok=True)
    if not (keep and made.state.exists()):
        made.command("down")
        made.up()
    run([ROOT / "tests/e2e/images/build", images])
    made.command("load", images / "app.tar", images / "envoy.tar")
    yield made
    if not keep:
        made.command("down")
