# SPDX-License-Identifier: GPL-2.0-or-later
"""What is there when `kubectl apply -k manifests` is done. How long it took is told at the end of the run."""

import json
import secrets

from cluster import NODES
from injected import ENABLED, is_injected
from shop import is_ready, pod

OWN = ("-n", "sidewire-system")


def test_webhook_and_agents_are_ready_on_both_nodes(installed):
    for name in ("sidewire-webhook", "sidewire-node"):
        listed = installed.get(*OWN, "pods", "-l", f"app.kubernetes.io/name={name}")["items"]
        pods = [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]
        assert sorted(pod["spec"]["nodeName"] for pod in pods) == sorted(NODES), name
        assert all(is_ready(pod) for pod in pods), name


def test_the_api_server_trusts_the_webhook(installed):
    webhooks = installed.get("mutatingwebhookconfiguration", "sidewire")["webhooks"]
    assert [webhook["name"] for webhook in webhooks] == ["enabled.sidewire.io", "asked.sidewire.io"]
    assert all(webhook["clientConfig"]["caBundle"] for webhook in webhooks)


def test_the_plugin_is_in_every_nodes_chain(installed):
    for node in NODES:
        conflist, = installed.disk(node, "/etc/cni/net.d").glob("*.conflist")
        plugins = [plugin["type"] for plugin in json.loads(conflist.read_text(encoding="utf-8"))["plugins"]]
        assert plugins[-1] == "sidewire-cni" and plugins.count("sidewire-cni") == 1
        assert installed.node(node, "/opt/cni/bin/sidewire-cni", "--version").startswith("sidewire-cni ")


def test_a_pod_is_reviewed_once(installed):
    """
    The API server mounts the service account's token into containers that a webhook has added, and asks the webhook again
    about what it has changed. The sidecar that comes with that mount leaves it nothing to change.
    """
    name = f"reviewed-{secrets.token_hex(4)}"  # the log still has what an earlier run asked about
    with installed.namespace("reviewed", ENABLED) as namespace:
        made = json.loads(installed.kubectl("-n", namespace, "create", "--dry-run=server", "-o", "json", "-f", "-",
                                            input=json.dumps(pod(name))))
    assert is_injected(made)
    mounts = {container["name"]: {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
              for container in made["spec"]["containers"] + made["spec"]["initContainers"]}
    token = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mounts["app"][token] == mounts["envoy"][token]
    logged = installed.kubectl(*OWN, "logs", "-l", "app.kubernetes.io/name=sidewire-webhook", "--tail=-1")
    assert len([line for line in logged.splitlines() if f'"{name}"' in line]) == 1
