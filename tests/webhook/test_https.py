# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTPS: certificates, TLS, and every way of sending what is no review."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from hostile import BODY_MAX, allow_many_files, head
from program import PATIENCE, PROGRAM, encoded, exchange, pod, read_reply, review

JSON = {"Content-Type": "application/json"}
# Sanitizers keep what was freed, and mark all that is used.
SANITIZER_FACTOR = 8 if "sanitize" in str(PROGRAM) else 1


def raw(webhook, *parts):
    """Sends bytes on a TLS connection, and gives the connection."""
    sock = webhook.tls_socket()
    for part in parts:
        sock.sendall(part)
    return sock


# Certificates and TLS


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_the_certificate_is_good_for_loopback_by_both_families(webhook, host):
    with contextlib.closing(webhook.connect(host)) as connection:
        assert webhook.post(encoded(pod()), connection=connection)[0] == 200


@pytest.mark.parametrize("host", ["sidewire.example", "192.0.2.7"])
def test_the_certificate_is_good_for_names_that_were_given(webhook, host):
    context = webhook.tls_context()
    with socket.create_connection(("127.0.0.1", webhook.port)) as plain:
        with context.wrap_socket(plain, server_hostname=host):
            pass


def test_the_certificate_is_good_for_no_other_name(webhook):
    with socket.create_connection(("127.0.0.1", webhook.port)) as plain:
        with pytest.raises(ssl.SSLCertVerificationError):
            webhook.tls_context().wrap_socket(plain, server_hostname="other.example")


def test_the_certificate_is_good_in_strict_eyes(webhook, tmp_path):
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(ssl.get_server_certificate(("127.0.0.1", webhook.port)))
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost",
                           "-CAfile", webhook.ca, leaf], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{leaf}: OK\n"), done.stderr


def test_curl_takes_it(webhook, tmp_path):
    body = tmp_path / "review.json"
    body.write_bytes(encoded(pod()))
    for family in "-4", "-6":
        done = subprocess.run(
            ["curl", "-sS", "--fail", family, "--cacert", webhook.ca, "-H", "Content-Type: application/json",
             "--data-binary", f"@{body}", f"https://localhost:{webhook.port}/mutate/enabled?timeout=10s"],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["kind"] == "AdmissionReview"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions_that_are_spoken(webhook, version):
    context = webhook.tls_context()
    context.minimum_version = context.maximum_version = version
    with webhook.tls_socket(context) as sock:
        assert sock.version() == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_before_1_2_is_refused(webhook):
    context = webhook.tls_context()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    # The server's end, and not the client's own refusal to offer it.
    with pytest.raises(ssl.SSLZeroReturnError):
        webhook.tls_socket(context)


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_old_ciphers_are_refused(webhook, ciphers):
    context = webhook.tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with pytest.raises(ssl.SSLZeroReturnError):
        webhook.tls_socket(context)


def test_http_without_tls_harms_nobody(webhook):
    with socket.create_connection(("127.0.0.1", webhook.port)) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not plain.recv(4096).startswith(b"HTTP")
    assert webhook.post(encoded(pod()))[0] == 200


def make_pair(place, name):
    """A certificate that vouches for itself, and its key."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", place / f"{name}.key",
         "-out", place / f"{name}.pem"], check=True, capture_output=True)
    return place / f"{name}.pem", place / f"{name}.key"


def common_name(sock):
    """Whose certificate the connection was given."""
    return dict(item[0] for item in sock.getpeercert()["subject"])["commonName"]


def test_sighup_replaces_the_certificate_and_leaves_connections_alone(start, tmp_path):
    pairs = {name: make_pair(tmp_path, name) for name in ("first", "second")}
    served = tmp_path / "tls.pem", tmp_path / "tls.key"

    def put(chain, key):
        served[0].write_bytes(chain.read_bytes())
        served[1].write_bytes(key.read_bytes())

    context = ssl.create_default_context()
    for chain, _ in pairs.values():
        context.load_verify_locations(chain)
    put(*pairs["first"])
    program = start("--tls-cert", str(served[0]), "--tls-key", str(served[1]))
    held = program.connect(context=context)
    assert program.post(encoded(pod()), connection=held)[0] == 200
    assert common_name(held.sock) == "first"

    put(*pairs["second"])
    program.process.send_signal(signal.SIGHUP)
    program.wait_log("certificate reloaded")
    with contextlib.closing(program.connect(context=context)) as fresh:
        assert program.post(encoded(pod()), connection=fresh)[0] == 200
        assert common_name(fresh.sock) == "second"
    assert program.post(encoded(pod()), connection=held)[0] == 200
    assert common_name(held.sock) == "first"
    held.close()

    # A pair that does not belong together is no reason to stop serving.
    put(pairs["first"][0], pairs["second"][1])
    program.process.send_signal(signal.SIGHUP)
    line = program.wait_log("certificate not reloaded, the one before serves on")
    assert line["detail"].endswith("the private key is not that of the first certificate")
    with contextlib.closing(program.connect(context=context)) as fresh:
        fresh.connect()
        assert common_name(fresh.sock) == "second"


def test_sighup_without_files_is_harmless(webhook):
    webhook.process.send_signal(signal.SIGHUP)
    webhook.wait_log("profiles loaded")
    assert webhook.post(encoded(pod()))[0] == 200


def test_a_chain_is_served_whole(start, tmp_path):
    authority = make_pair(tmp_path, "authority")

    def issue(name, issuer, extensions):
        chain, key, request = tmp_path / f"{name}.pem", tmp_path / f"{name}.key", tmp_path / f"{name}.csr"
        (tmp_path / "ext").write_text(extensions)
        subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out",
                        request], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", issuer[0], "-CAkey", issuer[1], "-days", "2",
                        "-CAcreateserial", "-extfile", tmp_path / "ext", "-out", chain], check=True, capture_output=True)
        return chain, key

    middle = issue("middle", authority, "basicConstraints=critical,CA:TRUE\n")
    leaf = issue("leaf", middle, "subjectAltName=DNS:localhost\n")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(leaf[0].read_bytes() + middle[0].read_bytes())
    program = start("--tls-cert", str(bundle), "--tls-key", str(leaf[1]))
    context = ssl.create_default_context(cafile=authority[0])
    with contextlib.closing(program.connect(context=context)) as connection:
        assert program.post(encoded(pod()), connection=connection)[0] == 200


# What is no review


NOT_A_REVIEW = {
    "nothing": b"",
    "blanks": b" \r\n ",
    "no JSON": b"hello",
    "half a review": encoded(pod())[:-20],
    "two reviews": encoded(pod()) * 2,
    "an array": b"[]",
    "a string": b'"x"',
    "no request": b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}',
    "a request that is text": b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": "x"}',
    "no uid": json.dumps({**review(pod()), "request": {"operation": "CREATE"}}).encode(),
    "another kind": json.dumps({**review(pod()), "kind": "Pod"}).encode(),
    "another version": json.dumps({**review(pod()), "apiVersion": "admission.k8s.io/v1beta1"}).encode(),
    "a key twice": encoded(pod())[:-1] + b', "kind": "AdmissionReview"}',
    "a NUL between tokens": b"\0" + encoded(pod()),
    "a NUL in a key": encoded(pod())[:-1] + b', "a\\u0000b": 1}',
    "no UTF-8": encoded(pod()).replace(b"web", b"w\xffb"),
    "half a surrogate pair": encoded(pod()).replace(b'"shop"', b'"\\ud800"'),
    "nesting without end": b'{"a":' * 100000,
    "nesting over the limit": b'{"request":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "a number over 64 bits": encoded(pod())[:-1] + b', "n": ' + b"9" * 30 + b"}",
    "a number over all limits": encoded(pod())[:-1] + b', "n": 1e' + b"9" * 1000 + b"}",
}


@pytest.mark.parametrize("name", NOT_A_REVIEW)
def test_400_for_what_is_no_review(webhook, name):
    status, headers, body = webhook.post(NOT_A_REVIEW[name])
    assert status == 400
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert body.count(b"\n") == 1 and len(body) > 10, body


def test_404(webhook):
    for path in "/", "/mutate", "/mutate/enabled/", "/mutate/other", "/healthz", "/metrics":
        assert webhook.post(encoded(pod()), path=path)[0] == 404, path


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_405_names_what_is_allowed(webhook, method):
    with contextlib.closing(webhook.connect()) as connection:
        status, headers, _ = exchange(connection, method, "/mutate/enabled", encoded(pod()), JSON)
        assert (status, headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonp", "application/x-www-form-urlencoded", "", "json"])
def test_415(webhook, content_type):
    assert webhook.post(encoded(pod()), content_type=content_type)[0] == 415


def test_415_without_a_content_type(webhook):
    with contextlib.closing(webhook.connect()) as connection:
        assert exchange(connection, "POST", "/mutate/enabled", encoded(pod()), {})[0] == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;a=b"])
def test_content_types_that_are_taken(webhook, content_type):
    assert webhook.post(encoded(pod()), content_type=content_type)[0] == 200


# How large, in how many pieces, how slowly


def test_a_body_of_just_the_limit_is_answered(webhook):
    body = encoded(pod())
    assert webhook.post(body + b" " * (BODY_MAX - len(body)))[0] == 200


def test_413_before_the_body_is_sent(webhook):
    for length in BODY_MAX + 1, 10 ** 30:
        with raw(webhook, head(length)) as sock:
            status, headers, _ = read_reply(sock)
            assert (status, headers["Connection"].lower()) == (413, "close")


def test_413_for_chunks_that_add_up(webhook):
    def chunks():
        for _ in range(9):
            yield b" " * (1024 * 1024)

    with contextlib.closing(webhook.connect()) as connection:
        connection.request("POST", "/mutate/enabled", chunks(), JSON, encode_chunked=True)
        assert connection.getresponse().status == 413


def test_chunks_without_end_are_cut_off(webhook):
    sock = raw(webhook, b"POST /mutate/enabled HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(OSError):
        for _ in range(1000):
            sock.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
    sock.close()


def test_chunked_bodies(webhook):
    body = encoded(pod())
    with contextlib.closing(webhook.connect()) as connection:
        for size in 1, 7, 1000:
            parts = (body[at:at + size] for at in range(0, len(body), size))
            connection.request("POST", "/mutate/enabled", parts, JSON, encode_chunked=True)
            reply = connection.getresponse()
            assert (reply.status, json.loads(reply.read())["response"]["allowed"]) == (200, True)


def test_a_body_that_comes_byte_by_byte(webhook):
    body = encoded(pod())
    with raw(webhook, head(len(body))) as sock:
        for byte in body:
            sock.sendall(bytes([byte]))
        assert read_reply(sock)[0] == 200


def test_a_body_that_breaks_off(webhook):
    before = webhook.metric('sidewire_http_errors_total{status="broken off"}')
    sock = raw(webhook, head(1000), b'{"request"')
    webhook.wait_metric("sidewire_requests_in_flight", 1)
    sock.close()
    webhook.wait_metric('sidewire_http_errors_total{status="broken off"}', before + 1)
    webhook.wait_metric("sidewire_requests_in_flight", 0)
    assert webhook.wait_log("request broken off")["path"] == "/mutate/enabled"


def served(sock):
    """The connection after one request, which was answered."""
    sock.sendall(head(2) + b"{}")
    assert read_reply(sock)[0] == 400
    return sock


def seconds_to_the_end(sock, drip=b""):
    """Sends the bytes one a second, if there are any; how long the other side took that."""
    begin = time.monotonic()
    sock.settimeout(1 if drip else PATIENCE)
    while time.monotonic() - begin < PATIENCE:
        try:
            if drip:
                sock.sendall(drip[:1])
                drip = drip[1:] or b" "
            received = sock.recv(4096)
            assert b"HTTP" not in received
            if not received:
                break
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except (OSError, ssl.SSLError):
            break
    sock.close()
    return time.monotonic() - begin


def test_clients_that_stop_sending_or_drip_are_sent_away(webhook):
    """At every stage: connected, in the head, in the body. None gets a reply, each gets an end."""
    a_head = b"POST /mutate/enabled HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1000
    stalled = {
        "connected": (socket.create_connection(("127.0.0.1", webhook.port)), b""),
        "handshake done": (raw(webhook), b""),
        "in the head": (raw(webhook, b"POST /mut"), b""),
        "in the body": (raw(webhook, head(1000), b'{"requ'), b""),
        "a head byte by byte": (raw(webhook), a_head),
        "a body byte by byte": (raw(webhook, head(1000), b"{"), b" " * 1000),
    }
    with concurrent.futures.ThreadPoolExecutor(len(stalled)) as executor:
        ends = {name: executor.submit(seconds_to_the_end, *args) for name, args in stalled.items()}
    assert [name for name, end in ends.items() if end.result() >= PATIENCE] == []
    webhook.wait_metric("sidewire_requests_in_flight", 0)


def test_connections_that_run_short_are_taken_from_those_that_ask_nothing(start):
    """Clients that were served once and then hold on, more than there are places. Others are served."""
    webhook = start()
    allow_many_files()
    context = webhook.tls_context()
    held = []
    for _ in range(1400):
        held.append(served(webhook.tls_socket(context)))
    assert webhook.post(encoded(pod()))[0] == 200
    for sock in held:
        sock.close()


def peak_kilobytes(webhook):
    status = pathlib.Path(f"/proc/{webhook.worker()}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


@pytest.mark.parametrize("value", [b"[]", b"{}", b"1"])
def test_many_small_values_do_not_become_much_memory(start, value):
    webhook = start()
    before = peak_kilobytes(webhook)
    status, _, answer = webhook.post(b'{"x":[' + b",".join([value] * (BODY_MAX // 4)) + b"]}")
    assert (status, answer) == (413, b"the review has more than 200000 values\n")
    assert peak_kilobytes(webhook) - before < 64 * 1024 * SANITIZER_FACTOR


def test_many_bodies_at_once_do_not_become_much_memory(start):
    webhook = start()
    unfinished = []

    def is_full():
        """One fills the space that there is for large ones. Who comes later hears of it at the end of his body."""
        unfinished.append(raw(webhook, head(BODY_MAX), b" " * (BODY_MAX - 1)))
        with raw(webhook, head(BODY_MAX), b" " * BODY_MAX) as sock:
            return read_reply(sock)[0] == 503

    assert any(is_full() for _ in range(20))
    assert peak_kilobytes(webhook) < 64 * 1024 * SANITIZER_FACTOR
    for sock in unfinished:
        sock.close()
    webhook.wait_metric("sidewire_requests_in_flight", 0)
    assert webhook.post(encoded(pod()))[0] == 200


def test_a_head_that_is_too_large(webhook):
    """It is answered at once, and the rest is not waited for: a client that sends on may not get to read it."""
    def status():
        try:
            with raw(webhook, b"POST /mutate/enabled HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100000 + b"\r\n\r\n") as sock:
                return read_reply(sock)[0]
        except OSError:
            return None

    statuses = {status() for _ in range(10)}
    assert 431 in statuses and statuses <= {431, None}
    assert webhook.post(encoded(pod()))[0] == 200


# Connections


def test_keep_alive_after_answers_and_refusals(webhook):
    with contextlib.closing(webhook.connect()) as connection:
        connection.connect()
        used = connection.sock
        for content_type, expected in ("application/json", 200), ("text/plain", 415), ("application/json", 200):
            assert webhook.post(encoded(pod()), content_type=content_type, connection=connection)[0] == expected
            assert connection.sock is used
        assert exchange(connection, "GET", "/mutate/asked", None, {})[0] == 405
        assert webhook.post(b"{", connection=connection)[0] == 400
        assert connection.sock is used


def test_two_requests_at_once_on_one_connection(webhook):
    request = head(len(encoded(pod()))) + encoded(pod())
    with raw(webhook, request + request) as sock:
        replies = b""
        while replies.count(b'"allowed"') < 2:
            replies += sock.recv(65536)
        assert replies.count(b"HTTP/1.1 200 OK") == 2


def test_25_connections_in_parallel(webhook):
    def use_connection(number):
        with contextlib.closing(webhook.connect()) as connection:
            for turn in range(20):
                uid = f"uid-{number}-{turn}"
                status, _, body = webhook.post(encoded(pod(), uid=uid), connection=connection)
                assert (status, json.loads(body)["response"]["uid"]) == (200, uid)

    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        list(pool.map(use_connection, range(25)))


def nested(depth):
    """An object with something that deep in it."""
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("place", ["spec", "container", "metadata", "beside"])
def test_deep_nesting_is_carried_along(webhook, place):
    """As deep as the decoder goes, in every thread's stack, wherever injection looks."""
    a_pod = pod()
    deep = nested(900)
    if place == "spec":
        a_pod["spec"]["x-deep"] = deep
    elif place == "container":
        a_pod["spec"]["containers"][0]["x-deep"] = deep
    elif place == "metadata":
        a_pod["metadata"]["x-deep"] = deep
    body = review(a_pod)
    if place == "beside":
        body["x-deep"] = deep
    text = json.dumps(body).encode()
    text = text.replace(b"[" * 900, b"[" * 2000).replace(b"]" * 900, b"]" * 2000)
    for _ in range(8):
        status, _, answer = webhook.post(text)
        assert (status, json.loads(answer)["response"]["allowed"]) == (200, True)


def test_no_500_ever(webhook):
    webhook.wait_metric("sidewire_requests_in_flight", 0)
    text = webhook.get("/metrics")[2].decode()
    assert 'status="5' not in text
