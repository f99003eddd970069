# SPDX-License-Identifier: GPL-2.0-or-later
"""One cluster for all end-to-end tests, with the test images on every node."""

import os
import time

import pytest

from api import Api
from cluster import BUILD, NODES, ROOT, Cluster, run
from injected import install


@pytest.fixture(scope="session", name="possible")
def _possible():
    if os.geteuid() != 0:
        pytest.skip("a cluster needs root")


@pytest.fixture(scope="session")
def cluster(possible):  # pylint: disable=unused-argument
    """Up, with the images of images/build. With E2E_KEEP=1 it is found and left up."""
    keep = "E2E_KEEP" in os.environ
    made = Cluster(BUILD.resolve() / "e2e/cluster")
    images = BUILD / "e2e/images"
    images.mkdir(parents=True, exist_ok=True)
    if not (keep and made.state.exists()):
        made.command("down")
        made.up()
    run([ROOT / "tests/e2e/images/build", images])
    made.command("load", *(images / f"{name}.tar" for name in ("app", "envoy", "haproxy", "prober")))
    yield made
    if not keep:
        made.command("down")


def sidewire_image():
    """The image of this tree's programs."""
    run(["make", "-s", "image"], cwd=ROOT, seconds=600)
    return next((BUILD / "image").glob("sidewire-*.tar"))


SECONDS_TO_INSTALL = pytest.StashKey[float]()


def pytest_terminal_summary(terminalreporter, config):
    """Shown whether or not what the tests print is."""
    if SECONDS_TO_INSTALL in config.stash:
        seconds = config.stash[SECONDS_TO_INSTALL]
        terminalreporter.write_line(f"kubectl apply -k manifests: webhook and agents were ready after {seconds:.1f} s")


def remember(cluster):
    """Keeps the nodes' conflists as they were before sidewire was there, also for runs that find it installed."""
    for node in NODES:
        kept = cluster.state / f"{node}.conflist"
        if not kept.exists():
            kept.write_bytes(cluster.conflist(node).read_bytes())
        cluster.before[node] = kept.read_bytes()


@pytest.fixture(scope="session")
def installed(cluster, pytestconfig):
    """The cluster with sidewire in it, installed as its users do it; `before` has the nodes' conflists before that. How
    long it took is told at the end."""
    cluster.command("load", sidewire_image())
    remember(cluster)
    begin = time.monotonic()
    install(cluster)
    pytestconfig.stash[SECONDS_TO_INSTALL] = time.monotonic() - begin
    return cluster


@pytest.fixture(scope="session")
def api(installed):
    """Its API server."""
    return Api(installed)


def pytest_collection_modifyitems(items):
    """Tests of a cluster from which sidewire was taken away come after all others."""
    items.sort(key=lambda item: "uninstalled" in item.fixturenames)
