# SPDX-License-Identifier: GPL-2.0-or-later
"""sidewire-inject explains living pods, by the real kubectl, with what is installed in the cluster."""

import os
import subprocess

import pytest

from api import LABEL, NAMES
from cluster import BUILD
from injected import application, make, wait_until_ready

PATIENCE = 60


@pytest.fixture(name="explain")
def _explain(installed):
    """The explanation of a pod."""
    environment = {**os.environ, "KUBECONFIG": str(installed.state / "admin.kubeconfig"),
                   "PATH": f"{installed.state / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def explain(name, *options):
        done = subprocess.run([BUILD / "sidewire-inject", "explain", "--from-cluster", name, *options], text=True, check=False,
                              capture_output=True, timeout=PATIENCE, env=environment)
        return done.returncode, done.stdout, done.stderr
    return explain


def test_living_pods(installed, explain):
    with installed.namespace(f"explain-{next(NAMES)}", {LABEL: "enabled"}) as name:
        installed.kubectl("annotate", "namespace", name, "sidewire.io/exclude-outbound-ports=5432")
        plain = application("plain")
        plain["metadata"]["labels"] = {LABEL: "false"}
        make(installed, name, application("web"), plain)
        wait_until_ready(installed, name, "web", "plain")

        code, out, err = explain(f"{name}/web")
        assert (code, err) == (0, "")
        assert f"namespace '{name}' has the label sidewire.io/inject: enabled" in out
        assert [line.split() for line in out.splitlines() if "exclude-outbound-ports" in line] == \
            [["exclude-outbound-ports", "namespace", "5432"]]
        # As it is stored, with all that the API server and the kubelet have added since, nothing is left to do.
        assert "Adds nothing: it is injected already" in out

        code, out, err = explain(f"{name}/plain")
        assert (code, err) == (0, "")
        assert "PodDeclines" in out and "Adds" not in out

        code, out, err = explain(f"{name}/nobody")
        assert (code, out) == (1, "")
        assert '"nobody" not found' in err and err.splitlines()[-1].startswith("sidewire-inject: kubectl get ")
