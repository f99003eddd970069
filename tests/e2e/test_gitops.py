# SPDX-License-Identifier: GPL-2.0-or-later
"""A tool that applies the manifests again and again, as it was told, keeps neither caBundle away nor a pod from its sidecar."""

import base64
import json

import pytest
import yaml

from api import NAMES
from cluster import ROOT, wait_for
from creations import creations
from injected import ENABLED, PATIENCE, authority, bundles, wait_until_it_injects

FILE = ROOT / "manifests/base/webhook-configuration.yaml"
SERVER_SIDE = ("apply", "--server-side", "--field-manager=gitops")
# A line end, as stands in many a manifest whose field somebody else shall fill in.
PLACEHOLDER = "Cg=="
MANAGER = "sidewire-webhook-cabundle"


def owners(cluster):
    """Who has written caBundle, as the API server keeps it."""
    managed = cluster.get("mutatingwebhookconfiguration", "sidewire", "--show-managed-fields")["metadata"]["managedFields"]
    return {entry["manager"] for entry in managed if "f:caBundle" in json.dumps(entry["fieldsV1"])}


def bundles_of_the_authority(cluster):
    """The caBundles, if each holds the authority in force and nothing else."""
    found, only = bundles(cluster), authority(cluster).strip()
    return all(base64.b64decode(bundle or "").decode().strip() == only for bundle in found) and found


@pytest.fixture(scope="module", name="whole")
def _whole(installed):
    """The cluster, with the manifests as they are: also afterwards. Only the authority in force is trusted: one that was
    replaced stands beside it for a day, unless it is overwritten."""
    installed.kubectl(*SERVER_SIDE, "--force-conflicts", "-f", "-", input=manifest(PLACEHOLDER))
    before = wait_for(lambda: bundles_of_the_authority(installed), PATIENCE, "bundles with the authority alone")
    yield installed
    installed.kubectl("apply", "-k", ROOT / "manifests")
    wait_for(lambda: bundles(installed) == before, PATIENCE, "the bundles of before")
    wait_until_it_injects(installed)


def manifest(bundle):
    """The shipped configuration, with that caBundle or without one."""
    made = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for entry in made["webhooks"] if bundle else ():
        entry["clientConfig"]["caBundle"] = bundle
    return json.dumps(made)


def test_who_applies_the_manifests_by_force_takes_nothing(whole):
    """The field is the webhook's, and not in them: nobody is refused in between."""
    before = bundles(whole)
    with whole.namespace("gitops-force", ENABLED) as namespace, creations(whole, namespace, 60) as pods:
        for _ in range(3):
            whole.kubectl(*SERVER_SIDE, "--force-conflicts", "-k", ROOT / "manifests")
            assert bundles(whole) == before
    assert pods.wrong == []
    assert owners(whole) == {MANAGER}


def test_who_has_another_bundle_is_told_whose_it_is(whole):
    before = bundles(whole)
    with pytest.raises(RuntimeError, match=rf'conflicts? with "{MANAGER}"'):
        whole.kubectl(*SERVER_SIDE, "-f", "-", input=manifest(PLACEHOLDER))
    assert bundles(whole) == before


@pytest.mark.parametrize("how", [(*SERVER_SIDE, "--force-conflicts"), ("apply",), ("replace",)], ids=" ".join)
@pytest.mark.parametrize("bundle", [PLACEHOLDER, None], ids=["placeholder", "without"])
def test_what_is_overwritten_is_put_back(whole, how, bundle):
    """Each time; and until then pods are refused, rather than made without a sidecar."""
    before = bundles(whole)
    with whole.namespace(f"gitops-{next(NAMES)}", ENABLED) as namespace, creations(whole, namespace, 40) as pods:
        for _ in range(3):
            whole.kubectl(*how, "-f", "-", input=manifest(bundle))
            wait_for(lambda: bundles(whole) == before, PATIENCE, "the bundles of before")
    assert not [said for _, said in pods.wrong if "failed calling webhook" not in said]
    assert owners(whole) == {MANAGER}
