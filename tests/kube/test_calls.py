# SPDX-License-Identifier: GPL-2.0-or-later
"""Single calls against a server with faults."""

import json
import os
import subprocess
import time

import pytest

from client import PATIENCE, TOOL
from fake import breaks, hangs, make_authority, says


def test_a_call_says_who_it_is_and_what_it_wants(fake, start):
    client = start()
    fake.will(says(201, {"kind": "Thing"}))
    assert client.call("POST", "/api/v1/things?x=1", {"a": [1]}) == {"status": 201, "object": {"kind": "Thing"}}
    request = fake.request()
    assert (request.method, request.path) == ("POST", "/api/v1/things?x=1")
    assert json.loads(request.body) == {"a": [1]}
    assert request.headers["Authorization"] == "Bearer first"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "kube-client/1"
    fake.will(says(200, {}))
    client.call("PATCH", "/x", {})
    assert fake.request().headers["Content-Type"] == "application/merge-patch+json"
    fake.will(says(200, {}))
    client.call("DELETE", "/x")
    request = fake.request()
    assert (request.method, request.body, request.headers["Content-Type"]) == ("DELETE", b"", None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
def test_a_refusal_is_a_value_and_final(fake, start, status):
    fake.will(says(status, {"kind": "Status", "code": status}), says(200, {}))
    assert start().call("GET", "/x") == {"status": status, "object": {"kind": "Status", "code": status}}
    assert fake.requests.qsize() == 1


def test_a_reply_that_is_no_object_has_only_its_status(fake, start):
    client = start()
    for body in (b"", b"ok", b"[1]", b'{"a":1} b', b'{"a":1,"a":2}'):
        fake.will(says(200, body))
        assert client.call("GET", "/healthz") == {"status": 200, "object": None}


@pytest.mark.parametrize("fault", [says(500, {}), says(503, b"no"), says(429, {}), breaks, hangs])
def test_a_fault_is_tried_again(fake, start, fault):
    fake.will(fault, fault, says(200, {"is": "there"}))
    assert start(timeout_ms=500).call("GET", "/x") == {"status": 200, "object": {"is": "there"}}
    assert fake.requests.qsize() == 3


def test_a_reply_that_breaks_off_is_tried_again(fake, start):
    def half(exchange):
        exchange.send_response(200)
        exchange.send_header("Content-Length", "100")
        exchange.end_headers()
        exchange.wfile.write(b'{"half":')
        exchange.break_off()

    fake.will(half, says(200, {"is": "whole"}))
    assert start().call("GET", "/x")["object"] == {"is": "whole"}


def test_retry_after_is_honoured(fake, start):
    fake.will(says(429, {}, Retry_After="2"), says(200, {}))
    begun = time.monotonic()
    assert start().call("GET", "/x")["status"] == 200
    assert time.monotonic() - begun >= 2


def test_the_last_reply_stands_when_time_is_over(fake, start):
    fake.will(says(503, {}, Retry_After="50"))
    assert start().call("GET", "/x") == {"status": 503, "object": {}}
    assert fake.requests.qsize() == 1


def test_a_server_that_is_not_there_is_an_error(start):
    answer = start(server="https://127.0.0.1:1").call("GET", "/x")
    assert answer["code"] == -5
    assert answer["error"].startswith("GET /x: ")


def test_the_token_is_read_for_each_request(fake, start):
    client = start()
    fake.will(says(200, {}), says(200, {}))
    client.call("GET", "/x")
    fake.token.write_text("second")
    client.call("GET", "/x")
    assert [fake.request().headers["Authorization"] for _ in range(2)] == ["Bearer first", "Bearer second"]


def test_a_token_file_without_a_token_is_an_error(fake, start):
    client = start()
    fake.token.write_text(" \n")
    assert client.call("GET", "/x") == {"code": -22, "error": f"GET /x: {fake.token}: holds no token"}
    fake.token.unlink()
    assert client.call("GET", "/x")["code"] == -2


@pytest.mark.parametrize("what", ["another authority", "no file", "empty file", "another name"])
def test_only_the_authority_and_the_name_are_believed(fake, start, tmp_path, what):
    files = {"another authority": make_authority(tmp_path, "other")[0], "no file": tmp_path / "none",
             "empty file": tmp_path / "empty", "another name": fake.ca}
    (tmp_path / "empty").touch()
    server = fake.url.replace("127.0.0.1", "localhost") if what == "another name" else fake.url
    answer = start(ca_file=files[what], server=server).call("GET", "/x")
    assert answer["code"] == -71
    assert "certificate" in answer["error"] or "CA cert" in answer["error"]
    assert fake.requests.qsize() == 0


def test_the_system_s_authorities_are_not_even_read(fake, tmp_path):
    fake.will(says(200, {}))
    done = subprocess.run(
        ["strace", "-f", "-e", "trace=openat,open", "-o", tmp_path / "calls", TOOL, fake.url, fake.ca, fake.token, "0", "0"],
        input="GET /x\n", stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert json.loads(done.stdout)["status"] == 200
    calls = (tmp_path / "calls").read_text()
    assert str(fake.ca) in calls
    assert "/etc/ssl" not in calls


def test_the_ca_file_is_read_for_each_connection(fake, start, tmp_path):
    client = start()
    fake.will(says(200, {}, Connection="close"), says(200, {"is": "believed"}))
    assert client.call("GET", "/x")["status"] == 200
    ca, chain, key = make_authority(tmp_path, "next")
    fake.socket.context.load_cert_chain(chain, key)
    assert client.call("GET", "/x")["code"] == -71
    fake.ca.write_bytes(ca.read_bytes())
    assert client.call("GET", "/x") == {"status": 200, "object": {"is": "believed"}}


def test_no_proxy_and_no_redirection_is_followed(fake, start):
    fake.will(says(302, b"", Location=fake.url + "/there"))
    client = start(environment={"https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"})
    assert client.call("GET", "/x") == {"status": 302, "object": None}


@pytest.mark.parametrize("has_length", [True, False])
def test_a_huge_reply_is_an_error(fake, start, has_length):
    def huge(exchange):
        exchange.send_response(200)
        exchange.send_header(*(("Content-Length", str(2 ** 40)) if has_length else ("Connection", "close")))
        exchange.end_headers()
        for _ in range(40):
            exchange.wfile.write(b" " * 2 ** 20)

    fake.will(huge)
    assert start().call("GET", "/x") == {"code": -27, "error": "GET /x: the reply, or one line of it, is too large"}


def test_a_large_body_arrives(fake, start):
    fake.will(says(200, {}))
    assert start(timeout_ms=20000).call("PUT", "/x", {"a": "b" * 2 ** 22})["status"] == 200
    request = fake.request()
    assert len(json.loads(request.body)["a"]) == 2 ** 22
    assert "Expect" not in request.headers


def test_connections_are_kept_and_not_piled_up(fake, start):
    client = start()
    fake.will(says(200, {}))
    client.call("GET", "/x")
    before = client.descriptors()
    for _ in range(20):
        fake.will(says(200, {}))
        client.call("GET", "/x")
    assert client.descriptors() == before
    ports = {fake.request().client for _ in range(21)}
    assert len(ports) == 1
