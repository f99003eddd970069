# SPDX-License-Identifier: GPL-2.0-or-later
"""A pod that is deleted: its proxy serves the application until that has ended, handlers and last words included."""

import pytest

from cluster import wait_for
from shop import PATIENCE, pod, shop

# What stands before the end of an application, and its pod's gate.
CASES = [("exec", "probe"), ("httpGet", "probe"), ("exec", "exec")]
KEPT = "example.com/looked-at"
# Where inbound connections come from that went through an Envoy.
INSIDE = "127.0.0.6"

# /cgi-bin/stop of the application notes who asks for it. On SIGTERM it takes its time, calls once more, and hands over what it has.
# A shell runs its trap between two commands: so it sleeps in small pieces.
APPLICATION = """
mkdir -p /tmp/www/cgi-bin
cat >/tmp/www/cgi-bin/stop <<'END'
#!/bin/sh
echo "asked by $REMOTE_ADDR" >/tmp/before
printf 'Content-Type: text/plain\\r\\n\\r\\n'
END
chmod +x /tmp/www/cgi-bin/stop
httpd -p 8080 -h /tmp/www
trap '{ cat /tmp/before; sleep 3; wget -qO- URL; } >/dev/termination-log 2>&1; exit 0' TERM
touch /tmp/runs
while :; do sleep 0.2; done
"""


def name_of(handler, gate):
    return f"{handler.lower()}-{gate}"


def stopping(url, handler, gate):
    """A pod that its finalizer keeps when it has ended."""
    made = pod(name_of(handler, gate), "sh", "-c", APPLICATION.replace("URL", url), annotations={"sidewire.io/gate": gate},
               terminationGracePeriodSeconds=60)
    made["metadata"]["finalizers"] = [KEPT]
    made["spec"]["containers"][0].update({
        "readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/runs"]}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"exec": {"exec": {"command": ["wget", "-qO", "/tmp/before", url]}},
                                  "httpGet": {"httpGet": {"path": "/cgi-bin/stop", "port": 8080}}}[handler]}})
    return made


@pytest.fixture(scope="module", name="ended")
def _ended(shop):
    """How both containers of each pod have ended, by the pods' names."""
    names = [name_of(*case) for case in CASES]
    url = f"http://server4.{shop.namespace}/cgi-bin/who"
    shop.create(*(stopping(url, *case) for case in CASES))
    shop.wait_ready(*names)
    shop.cluster.kubectl("-n", shop.namespace, "delete", "pod", "--wait=false", *names)

    def ends(name):
        status = shop.get("pod", name)["status"]
        containers = status["containerStatuses"] + status["initContainerStatuses"]
        found = {one["name"]: one["state"]["terminated"] for one in containers if "terminated" in one["state"]}
        return len(found) == 2 and found

    try:
        yield {name: wait_for(lambda name=name: ends(name), PATIENCE, f"the end of {name}") for name in names}
    finally:
        for name in names:
            shop.cluster.kubectl("-n", shop.namespace, "patch", "pod", name, "-p", '{"metadata": {"finalizers": null}}')


@pytest.mark.parametrize("handler, gate", CASES)
def test_what_stands_before_the_end_crosses_the_proxy(ended, handler, gate):
    said = ended[name_of(handler, gate)]["app"]["message"].splitlines()[0]
    if handler == "exec":
        assert said.startswith("server-") and INSIDE in said
    else:
        assert said.startswith("asked by ") and INSIDE in said


@pytest.mark.parametrize("handler, gate", CASES)
def test_the_proxy_serves_an_application_that_was_told_to_end(ended, handler, gate):
    """Three seconds after it was told. Without a proxy it would be refused."""
    app = ended[name_of(handler, gate)]["app"]
    said = app["message"].splitlines()[1]
    assert said.startswith("server-") and INSIDE in said
    assert app["exitCode"] == 0


@pytest.mark.parametrize("handler, gate", CASES)
def test_the_proxy_ends_last_and_of_itself(ended, handler, gate):
    both = ended[name_of(handler, gate)]
    assert both["envoy"]["finishedAt"] >= both["app"]["finishedAt"]
    assert both["envoy"]["exitCode"] == 0
