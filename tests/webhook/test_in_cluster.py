# SPDX-License-Identifier: GPL-2.0-or-later
"""The program in a cluster: certificates, caBundles, readiness and the image, beside one, two or no API servers."""

import contextlib
import datetime
import http.client
import json
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509

from api_server import (CONFIGURATION, IMAGE, NAMESPACE, PODS, SECRET, SECRETS, ApiServer, configuration, decode, encode,
                        entry, make_certificate, own_pod, secret)
from program import PATIENCE, encoded, exchange, pod

HOST = f"sidewire-webhook.{NAMESPACE}.svc"
PATCH = ("PATCH", CONFIGURATION)


@pytest.fixture
def api(tmp_path):
    """An API server with two pods of ours, and the webhook configuration as it is installed."""
    server = ApiServer(tmp_path / "api")
    for name in "one", "two":
        server.put(f"{PODS}/{name}", own_pod(name))
    server.put(CONFIGURATION, configuration(entry("enabled"), entry("asked")))
    yield server
    server.token = None
    server.go()


@pytest.fixture
def replica(api, start):
    """Starts a replica in the pod of the name."""
    def start_one(name="one", *options):
        return start("--in-cluster", "--service-account", str(api.place), *options, environment=api.environment(name))
    return start_one


def wait_readiness(program, status, words):
    """Waits until the program says so."""
    end = time.monotonic() + PATIENCE
    while True:
        found, _, body = program.get("/readyz")
        if found == status and words in body.decode():
            return body.decode()
        assert time.monotonic() < end, f"{found}: {body}; {program.log_path.read_text()}"
        time.sleep(0.02)


def wait_ready(program):
    wait_readiness(program, 200, "ok")


def handshake(program, ca_bundle):
    """A TLS connection as an API server makes it that trusts this bundle; an error when that does not verify."""
    context = ssl.create_default_context(cadata=ca_bundle)
    connection = http.client.HTTPSConnection(HOST, timeout=PATIENCE)
    plain = socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE)
    connection.sock = context.wrap_socket(plain, server_hostname=HOST)
    return connection


def ask(program, ca_bundle, **annotations):
    """Sends a review as an API server does, and gives the answer."""
    body = encoded(pod(annotations=annotations))
    with contextlib.closing(handshake(program, ca_bundle)) as connection:
        status, _, answer = exchange(connection, "POST", "/mutate/enabled", body, {"Content-Type": "application/json"})
    assert status == 200
    return json.loads(answer)["response"]


def is_verified(program, ca_bundle):
    """Whether the bundle verifies what is served."""
    try:
        handshake(program, ca_bundle).close()
        return True
    except ssl.SSLCertVerificationError:
        return False


def wait_verified(program, ca_bundle):
    """Waits until it does."""
    end = time.monotonic() + PATIENCE
    while not is_verified(program, ca_bundle):
        assert time.monotonic() < end, program.log_path.read_text()
        time.sleep(0.1)


def served(program):
    """The certificate that is served now."""
    return ssl.get_server_certificate(("127.0.0.1", program.port))


def certificates(ca_bundle):
    """The certificates of a bundle, as a set."""
    return {part + "-----END CERTIFICATE-----\n" for part in ca_bundle.split("-----END CERTIFICATE-----\n")[:-1]}


def authority(api):
    """The certificate in the Secret."""
    return decode(api.get(SECRET)["data"]["tls.crt"])


def wait_bundles(api, *expected):
    """Waits until every entry's caBundle holds exactly these certificates."""
    api.wait(lambda: all(certificates(one) == set(expected) for one in api.bundles()), f"{len(expected)} certificates")


# The ordinary way


def test_the_first_replica_makes_everything(api, replica):
    before = api.get(CONFIGURATION)
    program = replica()
    wait_ready(program)
    assert api.get(SECRET)["type"] == "kubernetes.io/tls"
    wait_bundles(api, authority(api))
    assert ask(program, api.bundles()[0])["allowed"] is True
    after = api.get(CONFIGURATION)
    for one in after["webhooks"]:
        del one["clientConfig"]["caBundle"]
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
    assert after == before
    assert api.writes() == [("POST", SECRETS), PATCH]
    _, _, query, patch, content_type = next(call for call in api.calls if call[0] == "PATCH")
    assert query == {"fieldManager": "sidewire-webhook-cabundle"} and content_type == "application/json-patch+json"
    assert [(one["op"], one["path"]) for one in patch] == [
        ("test", "/metadata/resourceVersion"), ("add", "/webhooks/0/clientConfig/caBundle"),
        ("add", "/webhooks/1/clientConfig/caBundle")]


def test_names_and_times_of_what_it_makes(api, replica):
    program = replica()
    wait_ready(program)
    leaf = x509.load_pem_x509_certificate(served(program).encode())
    ca = x509.load_pem_x509_certificate(authority(api).encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == ["sidewire-webhook", f"sidewire-webhook.{NAMESPACE}", HOST, f"{HOST}.cluster.local"]
    assert round((leaf.not_valid_after - leaf.not_valid_before).total_seconds() / 3600) == 24
    assert (ca.not_valid_after - ca.not_valid_before).days == 365
    end = ca.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()
    assert program.metric("sidewire_authority_not_after_seconds") == end
    assert 0 < program.metric("sidewire_certificate_not_after_seconds") < end
    assert program.metric("sidewire_ca_bundle_writes_total") == 1
    assert program.metric("sidewire_kube_api_failures_total") == 0


def test_the_gate_exec_gets_the_image_of_the_own_pod(api, replica):
    program = replica()
    wait_ready(program)
    assert IMAGE in decode(ask(program, api.bundles()[0], **{"sidewire.io/gate": "exec"})["patch"])


def test_an_image_that_is_given_is_taken(api, replica):
    program = replica("no-such-pod", "--gate-image", "example/given:1")
    wait_ready(program)
    assert "example/given:1" in decode(ask(program, api.bundles()[0], **{"sidewire.io/gate": "exec"})["patch"])
    assert not [call for call in api.calls if call[1].startswith(PODS)]


def test_its_own_namespace_is_left_alone(api, replica):
    program = replica()
    wait_ready(program)
    body = encoded(pod(), namespace=NAMESPACE)
    with contextlib.closing(handshake(program, api.bundles()[0])) as connection:
        answer = exchange(connection, "POST", "/mutate/enabled", body, {"Content-Type": "application/json"})[2]
    assert "patch" not in json.loads(answer)["response"]


# Two replicas


def test_two_replicas_race_for_the_secret(api, replica):
    both = threading.Barrier(2)
    api.before["POST", SECRETS] = lambda: both.wait(PATIENCE)
    programs = replica("one"), replica("two")
    for program in programs:
        wait_ready(program)
    assert api.writes().count(("POST", SECRETS)) == 2
    wait_bundles(api, authority(api))
    assert served(programs[0]) != served(programs[1])
    for program in programs:
        assert is_verified(program, api.bundles()[0]) and is_verified(program, api.bundles()[1])
        assert not [line for line in program.log() if line["level"] != "info"]


def test_one_replica_is_killed_and_another_comes(api, replica):
    one, two = replica("one"), replica("two")
    wait_ready(one)
    wait_ready(two)
    writes = api.writes()
    one.process.kill()
    one.process.wait()
    one.wait_end = lambda: 0
    assert ask(two, api.bundles()[0])["allowed"] is True
    three = replica("one")
    wait_ready(three)
    assert is_verified(three, api.bundles()[0])
    assert api.writes() == writes


# caBundles that others change


def test_a_cleared_bundle_is_put_back_and_readiness_falls_meanwhile(api, replica):
    program = replica()
    wait_ready(program)
    bundle = api.bundles()[0]
    api.refused[PATCH] = 403
    api.put(CONFIGURATION, configuration(entry("enabled", bundle), entry("asked")))
    said = wait_readiness(program, 503, "forbidden by the test")
    assert "the caBundle of webhook entry 'asked.sidewire.io' does not verify the serving certificate: " in said
    assert said.count("\n") == 1
    assert program.wait_log("not in step with the cluster")["detail"] in said
    assert program.metric("sidewire_kube_api_failures_total") > 0
    assert ask(program, bundle)["allowed"] is True
    api.refused.clear()
    wait_ready(program)
    wait_bundles(api, authority(api))
    program.wait_log("in step with the cluster")
    last = [call[3] for call in api.calls if call[0] == "PATCH"][-1]
    assert [one["path"] for one in last] == ["/metadata/resourceVersion", "/webhooks/1/clientConfig/caBundle"]


def test_junk_is_replaced_and_another_authority_stays_beside_ours(api, replica):
    other = make_certificate()[0]
    no_authority = make_certificate(is_authority=False)[0]
    over = make_certificate(begin=-10, days=5)[0]
    api.put(CONFIGURATION, configuration(entry("enabled", "junk"), entry("asked", other + no_authority + over)))
    program = replica()
    wait_ready(program)
    wait_bundles(api, authority(api), other)


def test_order_and_text_do_not_matter(api, replica):
    program = replica()
    wait_ready(program)
    own, other = authority(api), make_certificate()[0]
    writes = api.writes()
    shuffled = f"# a comment\n{other}\n\n{own}"
    api.put(CONFIGURATION, configuration(entry("enabled", shuffled), entry("asked", own + other)))
    api.put(SECRET, {**api.get(SECRET), "metadata": {**api.get(SECRET)["metadata"], "labels": {"seen": "yes"}}})
    time.sleep(1)  # nothing may happen meanwhile
    assert api.writes() == writes and api.bundles()[0] == shuffled
    wait_ready(program)


def test_entries_that_move_under_a_patch_are_not_hit(api, replica):
    moved = configuration(entry("new"), entry("enabled"), entry("asked"))

    def move():
        del api.before[PATCH]
        api.put(CONFIGURATION, moved)

    api.before[PATCH] = move
    program = replica()
    wait_ready(program)
    wait_bundles(api, authority(api))
    assert [one["name"] for one in api.get(CONFIGURATION)["webhooks"]] == [one["name"] for one in moved["webhooks"]]
    assert [status for *call, status in api.statuses if tuple(call) == PATCH] == [422, 200]
    assert not [line for line in program.log() if line["level"] != "info"]


def test_a_configuration_that_goes_under_a_patch_is_no_trouble(api, replica):
    def take_away():
        del api.before[PATCH]
        api.put(CONFIGURATION, None)

    api.before[PATCH] = take_away
    program = replica()
    wait_readiness(program, 503, "there is no MutatingWebhookConfiguration 'sidewire'\n")
    assert [status for *call, status in api.statuses if tuple(call) == PATCH] == [404]
    assert program.metric("sidewire_kube_api_failures_total") == 0
    assert not [line for line in program.log() if line["level"] != "info"]


def test_who_insists_is_answered_once_a_second(api, replica):
    program = replica()
    wait_ready(program)
    end = time.monotonic() + 3
    before = api.writes().count(PATCH)
    while time.monotonic() < end:
        api.put(CONFIGURATION, configuration(entry("enabled"), entry("asked")))
        time.sleep(0.01)
    assert 2 <= api.writes().count(PATCH) - before <= 5
    wait_ready(program)


# Authorities


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_an_authority_of_the_operator_is_used(api, replica, kind):
    given = make_certificate(kind=kind)
    api.put(SECRET, secret(*given))
    program = replica()
    wait_ready(program)
    assert is_verified(program, given[0])
    wait_bundles(api, given[0])
    assert api.writes() == [PATCH]


def test_an_authority_near_its_end_is_replaced_and_both_are_trusted(api, replica):
    old = make_certificate(begin=-91, days=100)
    api.put(SECRET, secret(*old))
    api.put(CONFIGURATION, configuration(entry("enabled", old[0]), entry("asked", old[0])))
    programs = replica("one"), replica("two")
    api.wait(lambda: authority(api) != old[0], "a new authority")
    new = authority(api)
    wait_bundles(api, new, old[0])
    assert api.get(SECRET)["metadata"]["labels"] == {"owner": "somebody"}
    for program in programs:
        wait_ready(program)
        wait_verified(program, new)
        assert not is_verified(program, old[0])
        assert not [line for line in program.log() if line["msg"] == "not ready"]
    wait_bundles(api, new, old[0])
    assert ("PUT", SECRET) in api.writes()


def test_an_authority_whose_time_has_not_begun_is_replaced(api, replica):
    """No API server would believe what it signs. A node whose clock was ahead has made it."""
    ahead = make_certificate(begin=1)
    api.put(SECRET, secret(*ahead))
    api.put(CONFIGURATION, configuration(entry("enabled", ahead[0]), entry("asked", ahead[0])))
    program = replica()
    wait_ready(program)
    assert authority(api) != ahead[0]
    assert is_verified(program, authority(api))


def test_who_insists_on_a_secret_without_authority_is_answered_in_peace(api, replica):
    program = replica()
    wait_ready(program)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        api.put(SECRET, {**api.get(SECRET), "data": {}})
        time.sleep(0.01)
    assert len([call for call in api.writes() if call[1].startswith(SECRETS)]) <= 2
    wait_ready(program)
    api.wait(lambda: api.get(SECRET)["data"], "an authority")
    wait_verified(program, authority(api))


def test_an_authority_near_its_end_that_cannot_be_replaced_serves_on(api, replica):
    old = make_certificate(begin=-91, days=100)
    api.put(SECRET, secret(*old))
    api.refused["PUT", SECRET] = 403
    program = replica()
    wait_ready(program)
    assert "forbidden by the test" in program.wait_log("not in step with the cluster")["detail"]
    assert is_verified(program, old[0])


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_an_operator_takes_the_authority_away(api, replica, change):
    program = replica()
    wait_ready(program)
    old = authority(api)
    given = make_certificate(kind="rsa")
    api.put(SECRET, secret(*given) if change == "replaced" else None)
    api.wait(lambda: api.get(SECRET) is not None, "a Secret")
    new = authority(api)
    assert (new == given[0]) == (change == "replaced")
    wait_bundles(api, new, old)
    wait_verified(program, new)
    wait_ready(program)
    assert not [line for line in program.log() if line["msg"] == "not ready"]


CERTIFICATE, KEY = make_certificate()


@pytest.mark.parametrize("data, words", [
    ({}, "it has no tls.crt"),
    ({"tls.crt": "?", "tls.key": encode(KEY)}, "tls.crt: this is no base64"),
    ({"tls.crt": encode("junk"), "tls.key": encode(KEY)}, "the certificate chain is not readable"),
    ({"tls.crt": encode(CERTIFICATE)}, "it has no tls.key"),
    ({"tls.crt": encode(CERTIFICATE), "tls.key": encode(make_certificate()[1])}, "the private key is not that of"),
    ({"tls.crt": encode(CERTIFICATE), "tls.key": encode("\0" + KEY)}, "the private key is not readable"),
    ({"tls.crt": encode(make_certificate(is_authority=False)[0]), "tls.key": encode(KEY)}, "no authority's"),
])
def test_a_secret_that_holds_no_authority_is_replaced(api, replica, data, words):
    api.put(SECRET, {**secret("", ""), "data": data})
    program = replica()
    wait_ready(program)
    assert is_verified(program, authority(api))
    assert words in program.wait_log("authority made")["detail"]


# What is missing


def test_the_configuration_is_missing(api, replica):
    api.put(CONFIGURATION, None)
    program = replica()
    wait_readiness(program, 503, "there is no MutatingWebhookConfiguration 'sidewire'\n")
    api.put(CONFIGURATION, configuration())
    wait_readiness(program, 503, "the MutatingWebhookConfiguration 'sidewire' has no webhook entry\n")
    api.put(CONFIGURATION, configuration(entry("enabled")))
    wait_ready(program)


def test_the_image_is_not_told(api, replica):
    api.refused["GET", PODS] = 403
    program = replica()
    assert "forbidden by the test" in wait_readiness(program, 503, "the image of the own pod is not known yet; ")
    api.refused.clear()
    wait_ready(program)


def test_the_secret_cannot_be_made(api, replica):
    api.refused["POST", SECRETS] = 403
    program = replica()
    wait_readiness(program, 503, "there is no authority for a serving certificate yet; ")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served(program)
    assert program.metric("sidewire_certificate_not_after_seconds") == 0
    api.refused.clear()
    wait_ready(program)


# API servers that do not answer


def test_an_api_server_that_comes_late(api, replica):
    api.go()
    program = replica()
    assert "connect" in program.wait_log("not in step with the cluster")["detail"]
    wait_readiness(program, 503, "the Secret 'sidewire-ca' was not read yet; ")
    failures = program.metric("sidewire_kube_api_failures_total")
    time.sleep(12)  # passes in which the cause is the same
    assert program.metric("sidewire_kube_api_failures_total") > failures > 0
    assert [line["msg"] for line in program.log() if line["level"] != "info"] == ["not in step with the cluster"]
    api.come()
    wait_ready(program)
    program.wait_log("in step with the cluster")


def test_an_api_server_that_goes_takes_nothing_along(api, replica):
    program = replica()
    wait_ready(program)
    bundle = api.bundles()[0]
    api.go()
    program.wait_log("not in step with the cluster")
    assert program.get("/readyz")[0] == 200
    assert ask(program, bundle)["allowed"] is True
    api.come()
    api.put(CONFIGURATION, configuration(entry("enabled"), entry("asked")))
    wait_bundles(api, authority(api))


def ends_at_once(program):
    """A pass comes every 5 s, an attempt of a call has 10 s, a call 20 s."""
    begin = time.monotonic()
    program.stop()
    return time.monotonic() - begin < 3


def test_it_ends_at_once_while_nothing_happens(replica):
    program = replica()
    wait_ready(program)
    time.sleep(1)  # what is still to be seen of its own writes
    assert ends_at_once(program)


def test_it_ends_at_once_while_nobody_answers(api, replica):
    api.go()
    program = replica()
    program.wait_log("not in step with the cluster")
    assert ends_at_once(program)
    api.come()


@pytest.mark.parametrize("how", ["hangs", "is refused"])
def test_it_ends_at_once_during_a_call(api, replica, how):
    over = threading.Event()
    if how == "hangs":
        api.before[PATCH] = lambda: over.wait(PATIENCE)
    else:
        api.refused[PATCH] = 503
    program = replica()
    api.wait(lambda: PATCH in [call[:2] for call in api.calls], "a call")
    assert ends_at_once(program)
    over.set()
    assert not [line for line in program.log() if line["level"] != "info"]


def test_the_token_is_rotated(api, replica):
    program = replica()
    wait_ready(program)
    api.token = "second"
    (api.place / "token").write_text("second")
    api.put(CONFIGURATION, configuration(entry("enabled"), entry("asked")))
    wait_bundles(api, authority(api))
    wait_ready(program)
