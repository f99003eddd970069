# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: a network with the webhook on its node, what pods call, and pods by what the webhook answers."""

import itertools
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/netns"))

# pylint: disable=wrong-import-position
import apiserver
import kubelet
import lab
import outside as servers
import pods


@pytest.fixture(scope="session", name="network")
def fixture_network():
    """A node with a bridge."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    with lab.Network() as made:
        yield made


@pytest.fixture(scope="session", name="webhook")
def fixture_webhook(network, tmp_path_factory):
    """The webhook, with the shipped profiles."""
    return apiserver.Webhook(network.node, tmp_path_factory.mktemp("webhook"), ROOT / "manifests/profiles")


@pytest.fixture(scope="session", name="peer")
def fixture_peer(network):
    """A pod that sidewire does not know."""
    return network.add_pod("peer")


@pytest.fixture(name="outside")
def fixture_outside(peer):
    """The stock and the collector, in the peer."""
    made = servers.Outside(peer)
    yield made
    made.close()


@pytest.fixture(scope="session", name="numbers")
def fixture_numbers():
    """Names for pods."""
    return itertools.count()


@pytest.fixture(scope="session", name="shop_image")
def fixture_shop_image(tmp_path_factory):
    """The image of a Java application."""
    classes = tmp_path_factory.mktemp("shop")
    classes.chmod(0o755)
    subprocess.run(["javac", "-d", classes, ROOT / "tests/profiles/Shop.java"], check=True)
    return kubelet.Image(mounts=[(str(classes), "/shop", "ro")])


@pytest.fixture(name="create")
def fixture_create(network, numbers, webhook, tmp_path):
    """Makes a pod with these annotations and members of its application's container; see pods.RunningPod."""
    made = []

    def create(annotations, container):
        made.append(pods.RunningPod(network.add_pod(f"pod{next(numbers)}"), network.node,
                                    webhook.create(annotations, container), tmp_path))
        return made[-1]

    yield create
    for pod in made:
        pod.close()
