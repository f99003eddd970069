# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kubelet believes of applications that listen, and of those that do not, in every mode of the annotation
`probes`. No profile that is shipped has a server for the probes of `rewrite`: one that has is made of Envoy's."""

import copy
import json
import re
import subprocess

import pytest
import yaml

from certificates import self_signed
from cluster import ROOT, wait_for
from injected import ENABLED, PATIENCE, SYSTEM, application, is_injected, make, profile_added, wait_until_ready

NAMESPACE = "probes"
RESTRICTED = "probes-restricted"
PORT = 8080
ACTIONS = {"tcp": {"tcpSocket": {"port": PORT}},
           "http": {"httpGet": {"path": "/cgi-bin/who", "port": PORT}},
           "https": {"httpGet": {"path": "/", "port": 8443, "scheme": "HTTPS"}},
           "grpc": {"grpc": {"port": 9000}}}
# Who speaks these is another Envoy than the sidecar.
ENVOYS = ("https", "grpc")
PROBER = {"port": 15020, "env": "APP_PROBES"}
DEAF = ["sleep", "1000000"]
SECURITY = {"runAsUser": 1000, "runAsNonRoot": True, "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}

# What the kubelet is told where nobody listens. The proxy accepts, and then ends the connection; where a port is left out of the
# redirect the kernel refuses it. For gRPC the kubelet tries for as long as it may, and then says only that.
ACCEPTED = r"Readiness probe failed: Get .*: (EOF|read: connection reset by peer|http: server closed idle connection)"
REFUSED = r"Readiness probe failed: .*connect: connection refused"
EXEC = rf"Readiness probe failed: sidewire-gate: nobody in this pod answers on port {PORT}: Connection refused"
GRPC = r"Readiness probe failed: .*failed to connect service"
SERVER = r"Readiness probe failed: HTTP probe failed with statuscode: 503"
BLIND = None  # nothing: it is ready

# README, Probes: what asks in the place of each probe, and what comes of it where nobody listens. Who listens is ready.
OUTCOMES = {
    ("auto", "tcp"): ("exec", EXEC),
    ("auto", "http"): ("httpGet", ACCEPTED),
    ("auto", "https"): ("httpGet", ACCEPTED),
    ("auto", "grpc"): ("grpc", GRPC),
    ("exec", "tcp"): ("exec", EXEC),
    ("exec", "http"): ("httpGet", ACCEPTED),
    ("exec", "https"): ("httpGet", ACCEPTED),
    ("exec", "grpc"): ("grpc", GRPC),
    ("keep", "tcp"): ("tcpSocket", BLIND),
    ("keep", "http"): ("httpGet", ACCEPTED),
    ("keep", "https"): ("httpGet", ACCEPTED),
    ("keep", "grpc"): ("grpc", GRPC),
    ("exempt", "tcp"): ("tcpSocket", REFUSED),
    ("exempt", "http"): ("httpGet", REFUSED),
    ("exempt", "https"): ("httpGet", REFUSED),
    ("exempt", "grpc"): ("grpc", GRPC),
    ("rewrite", "tcp"): ("httpGet", SERVER),
    ("rewrite", "http"): ("httpGet", SERVER),
    ("rewrite", "https"): ("httpGet", SERVER),
    ("rewrite", "grpc"): ("httpGet", SERVER),
}
TRUTHFUL = [row for row, (_, said) in OUTCOMES.items() if said is not BLIND]


def probed(name, mode, action, place="readinessProbe"):
    """A pod whose application the kubelet asks every second, and that listens on nothing."""
    made = application(name, annotations={"sidewire.io/probes": mode, "param.sidewire.io/cpu": "10m",
                                          "sidewire.io/profiles": "prober" if mode == "rewrite" else "envoy"})
    made["spec"]["containers"][0].update(
        {"command": DEAF, place: {**ACTIONS[action], "periodSeconds": 1, "timeoutSeconds": 3}})
    return made


def listening(name, mode, action, envoy=None):
    """The same, and it does: test/app:1, or that container's image, command and environment."""
    made = probed(name, mode, action)
    container = made["spec"]["containers"][0]
    del container["command"]
    if action in ENVOYS:
        container.update(envoy)
    return made


def name_of(mode, action, is_listening):
    return f"{mode}-{action}-{'listens' if is_listening else 'deaf'}"


def container_of(cluster, name, namespace=NAMESPACE):
    """The pod's application container as the API server has it."""
    return cluster.get("-n", namespace, "pod", name)["spec"]["containers"][0]


def is_ready(cluster, name):
    """Whether the kubelet says so."""
    conditions = cluster.get("-n", NAMESPACE, "pod", name)["status"].get("conditions", [])
    return {"type": "Ready", "status": "True"}.items() <= \
        next((one for one in conditions if one["type"] == "Ready"), {}).items()


def refusal(cluster, name):
    """What the application's readiness probe said, once it has failed; the sidecar's gate fails at first, too."""
    which = ("-n", NAMESPACE, "events", f"--field-selector=involvedObject.name={name},reason=Unhealthy")
    said = wait_for(lambda: [one["message"] for one in cluster.get(*which)["items"]
                             if one["message"].startswith("Readiness probe ")
                             and one["involvedObject"].get("fieldPath") == "spec.containers{app}"],
                    PATIENCE, f"a readiness probe of {name} to fail")
    return said[-1]


@pytest.fixture(scope="module", name="shipped")
def _shipped(installed):
    """The profile of Envoy."""
    return yaml.safe_load(installed.get(*SYSTEM, "configmap", "sidewire-profiles")["data"]["envoy.yaml"])


def image_of(profile):
    """The parameter that names its image."""
    return next(one for one in profile["spec"]["parameters"] if one["name"] == "image")


@pytest.fixture(scope="module", name="prober")
def _prober(installed, shipped):
    """The same with a server for probes, as the profile `prober`: see images/prober."""
    profile = copy.deepcopy(shipped)
    profile["metadata"]["name"] = "prober"
    image_of(profile)["default"] = "test/prober:1"
    profile["spec"]["redirect"]["probes"] = PROBER
    sidecar, = profile["spec"]["pod"]["spec"]["initContainers"]
    sidecar["command"] = ["prober", *sidecar["command"]]
    with profile_added(installed, "prober", profile):
        yield


@pytest.fixture(scope="module", name="envoy")
def _envoy(shipped, tmp_path_factory):
    """What makes a container answer HTTPS and gRPC."""
    key, certificate = self_signed(tmp_path_factory.mktemp("application"), "application")
    return {"image": image_of(shipped)["default"],
            "command": ["envoy", "--disable-hot-restart", "--log-level", "warning", "--config-yaml",
                        (ROOT / "tests/e2e/https_grpc.yaml").read_text(encoding="utf-8")],
            "env": [{"name": "CERTIFICATE", "value": certificate.read_text(encoding="utf-8")},
                    {"name": "KEY", "value": key.read_text(encoding="utf-8")}]}


@pytest.fixture(scope="module", name="pods")
def _pods(installed, envoy, prober):  # pylint: disable=unused-argument
    """All of the table, at once, so that they start together."""
    with installed.namespace(NAMESPACE, ENABLED):
        make(installed, NAMESPACE, *(listening(name_of(*row, True), *row, envoy) for row in OUTCOMES),
             *(probed(name_of(*row, False), *row) for row in OUTCOMES))
        yield installed


def test_the_nodes_can_mount_image_volumes(installed):
    """So it was found out, and said."""
    said = installed.kubectl(*SYSTEM, "logs", "-l", "app.kubernetes.io/name=sidewire-webhook", "--tail=-1")
    lines = [json.loads(line) for line in said.splitlines() if '"image volumes of the nodes"' in line]
    assert lines and {line["answer"] for line in lines} == {"yes"}


@pytest.mark.parametrize("mode, action", OUTCOMES)
def test_who_listens_is_ready(pods, mode, action):
    name = name_of(mode, action, True)
    wait_until_ready(pods, NAMESPACE, name)
    assert is_injected(pods.get("-n", NAMESPACE, "pod", name))


@pytest.mark.parametrize("mode, action", TRUTHFUL)
def test_who_does_not_listen_is_not_ready(pods, mode, action):
    name = name_of(mode, action, False)
    said = refusal(pods, name)
    assert re.match(OUTCOMES[mode, action][1], said), said
    assert not is_ready(pods, name)


@pytest.mark.parametrize("mode, action", [row for row in OUTCOMES if row not in TRUTHFUL])
def test_what_the_proxy_answers_is_no_sign(pods, mode, action):
    """The reason for all of it."""
    wait_until_ready(pods, NAMESPACE, name_of(mode, action, False))


@pytest.mark.parametrize("mode, action", OUTCOMES)
def test_what_became_of_the_probe(pods, mode, action):
    probe = container_of(pods, name_of(mode, action, True))["readinessProbe"]
    assert OUTCOMES[mode, action][0] in probe and len(probe.keys() & {"exec", "httpGet", "tcpSocket", "grpc"}) == 1
    assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (1, 3)


def test_an_application_that_stops_listening_is_started_again(pods):
    """A liveness probe that is an exec probe."""
    deaf = probed("dies", "exec", "tcp", place="livenessProbe")
    deaf["spec"]["containers"][0]["command"] = [
        "sh", "-c", f"timeout 10 httpd -f -p {PORT} -h /www; exec sleep 1000000"]
    make(pods, NAMESPACE, deaf)

    def restarts():
        statuses = pods.get("-n", NAMESPACE, "pod", "dies")["status"].get("containerStatuses")
        return statuses and statuses[0]["restartCount"]

    wait_for(restarts, PATIENCE, "the application to be started again")


@pytest.mark.parametrize("mode", ["auto", "exec"])
def test_a_restricted_namespace_takes_exec_probes(installed, mode):
    labels = {**ENABLED, "pod-security.kubernetes.io/enforce": "restricted"}
    with installed.namespace(f"{RESTRICTED}-{mode}", labels) as namespace:
        made = listening("restricted", mode, "tcp")
        made["spec"]["containers"][0]["securityContext"] = SECURITY
        make(installed, namespace, made)
        assert "exec" in container_of(installed, "restricted", namespace)["readinessProbe"]
        wait_until_ready(installed, namespace, "restricted")


@pytest.mark.parametrize("action", ACTIONS)
def test_the_probe_server_is_asked_instead(pods, action):
    probe = container_of(pods, name_of("rewrite", action, False))["readinessProbe"]
    assert probe["httpGet"] == {"path": "/app-health/app/readyz", "port": PROBER["port"], "scheme": "HTTP"}


def test_a_handler_and_its_ports_name_are_rewritten(pods):
    """The server outlives the application, and is still there to be asked what the application does before it stops."""
    made = listening("stops", "rewrite", "tcp")
    made["spec"]["terminationGracePeriodSeconds"] = 30
    made["spec"]["containers"][0].update({
        "ports": [{"name": "web", "containerPort": PORT}],
        "lifecycle": {"preStop": {"httpGet": {"path": "/cgi-bin/who", "port": "web"}}}})
    make(pods, NAMESPACE, made)
    wait_until_ready(pods, NAMESPACE, "stops")
    follow = ["timeout", str(PATIENCE), ROOT / "hack/cluster", "kubectl", "-n", NAMESPACE, "logs", "-f", "stops", "-c", "envoy"]
    with subprocess.Popen(follow, env=pods.environment, stdout=subprocess.PIPE, text=True) as log:
        assert log.stdout.readline()  # it is there
        pods.kubectl("-n", NAMESPACE, "delete", "pod", "stops", "--wait=false")
        assert any('"GET /app-lifecycle/app/prestopz HTTP/1.1" 200' in line for line in log.stdout)
        log.terminate()


REWRITTEN_NOT = {
    "name-of-no-port": ({"httpGet": {"port": "web"}},
                        "has a port that is no number, nor the name of one of the container's ports"),
    "port-of-the-server": ({"tcpSocket": {"port": PROBER["port"]}}, "asks the sidecar's own port for probes"),
}


@pytest.mark.parametrize("name", REWRITTEN_NOT)
def test_what_cannot_be_rewritten_is_refused(pods, name):
    action, reason = REWRITTEN_NOT[name]
    made = probed(name, "rewrite", "tcp")
    made["spec"]["containers"][0]["readinessProbe"] = action
    refusal_of_it = f"annotation 'sidewire.io/probes' is 'rewrite', but the readinessProbe of container 'app' {reason}"
    with pytest.raises(RuntimeError, match=re.escape(refusal_of_it)):
        make(pods, NAMESPACE, made)


def test_an_exec_probe_stays_where_others_are_rewritten(pods):
    made = probed("own-exec", "rewrite", "tcp")
    action = {"exec": {"command": ["true"]}}
    made["spec"]["containers"][0]["readinessProbe"] = action
    make(pods, NAMESPACE, made)
    assert action.items() <= container_of(pods, "own-exec")["readinessProbe"].items()
    wait_until_ready(pods, NAMESPACE, "own-exec")


@pytest.mark.parametrize("action", ACTIONS)
def test_the_shipped_profile_has_no_server_for_probes(pods, action):
    made = probed("rewrite", "rewrite", action)
    made["metadata"]["annotations"]["sidewire.io/profiles"] = "envoy"
    with pytest.raises(RuntimeError, match="profile 'envoy' has no server for probes"):
        make(pods, NAMESPACE, made)
