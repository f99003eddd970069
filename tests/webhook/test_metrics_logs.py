# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program tells about itself: metrics, health, log lines."""

import datetime
import re
import socket
import ssl
import time

import pytest

from program import encoded, pod

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


def samples(webhook):
    """All samples of /metrics, by name and labels; each belongs to a metric that was declared before."""
    status, headers, body = webhook.get("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert body.endswith(b"\n")
    found, declared = {}, {}
    for line in body.decode().splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.removeprefix("# TYPE ").split(" ")
            assert name not in declared, "a metric's samples stand together"
            declared[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            base = re.sub("_(bucket|sum|count)$", "", name)
            assert declared.get(base if declared.get(base) == "histogram" else name) is not None, line
            assert list(declared)[-1] in (name, base), "a metric's samples stand together"
            found[name, labels] = float(value)
    return found


def test_metrics_of_reviews(start):
    program = start()
    injected = program.post(encoded(pod()))
    assert injected[0] == 200
    program.post(encoded(pod()))
    program.post(encoded(pod(hostNetwork=True)))
    program.post(encoded(pod({"sidewire.io/inject": "maybe"})))
    program.post(b"{")
    program.post(b"{}", path="/nowhere")
    found = samples(program)
    reviews = {labels: count for (name, labels), count in found.items() if name == "sidewire_reviews_total"}
    by_decision = {}
    for labels, count in reviews.items():
        decision, reason = re.fullmatch(r'decision="(\w+)",reason="(\w+)"', labels).groups()
        assert reason[0].isupper()
        by_decision[decision] = by_decision.get(decision, 0) + count
    assert by_decision == {"inject": 2, "skip": 1, "deny": 1}
    assert found["sidewire_review_duration_seconds_count", None] == 4
    assert found["sidewire_review_duration_seconds_bucket", 'le="+Inf"'] == 4
    assert found["sidewire_review_duration_seconds_sum", None] > 0
    assert found["sidewire_patch_bytes_total", None] > 1000
    assert found["sidewire_http_errors_total", 'status="400"'] == 1
    assert found["sidewire_http_errors_total", 'status="404"'] == 1
    program.wait_metric("sidewire_requests_in_flight", 0)


def believes_nobody():
    """A client whose authorities do not include the program's."""
    return ssl.create_default_context()


def speaks(version):
    """A client of that version of TLS that believes anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def tls_failures(program):
    found = samples(program)
    return [found["sidewire_tls_failures_total", f'after="{after}"'] for after in ("nothing", "hello")]


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
def test_metrics_of_handshakes_that_failed(start):
    program = start()
    program.post(encoded(pod()))
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        program.tls_socket(speaks(version)).close()
        distrusts = believes_nobody()
        distrusts.maximum_version = version
        with pytest.raises(ssl.SSLCertVerificationError):
            program.tls_socket(distrusts)
    with pytest.raises(ssl.SSLError):
        program.tls_socket(speaks(ssl.TLSVersion.TLSv1_1))
    program.wait_metric('sidewire_tls_failures_total{after="hello"}', 3)
    socket.create_connection(("127.0.0.1", program.port)).close()
    with socket.create_connection(("127.0.0.1", program.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.recv(1)
    program.wait_metric('sidewire_tls_failures_total{after="nothing"}', 2)
    assert tls_failures(program) == [2, 3]
    program.post(encoded(pod()))
    assert tls_failures(program) == [2, 3], "a handshake that went well is no failure"


def test_buckets_only_grow(webhook):
    webhook.post(encoded(pod()))
    counts = [count for (name, _), count in samples(webhook).items() if name.endswith("_bucket")]
    assert len(counts) > 10 and counts == sorted(counts) and counts[-1] >= 1


def test_metrics_of_the_program(webhook):
    found = samples(webhook)
    assert found["sidewire_ready", None] == 1
    assert found["sidewire_profiles", None] == 6
    assert 0 <= time.time() - found["sidewire_profiles_loaded_seconds", None] < 300
    assert found["sidewire_profiles_broken", None] == 0
    assert found["sidewire_profile_loads_total", 'result="loaded"'] == 1
    assert found["sidewire_profile_loads_total", 'result="failed"'] == 0
    infos = {name: labels for (name, labels) in found if name.endswith("_info")}
    assert re.fullmatch('hash="[0-9a-f]{12}"', infos["sidewire_profiles_info"])
    assert re.fullmatch(r'version="\d+\.\d+\.\d+"', infos["sidewire_build_info"])
    with webhook.tls_socket() as sock:
        end = ssl.cert_time_to_seconds(sock.getpeercert()["notAfter"])
    assert found["sidewire_certificate_not_after_seconds", None] == end


def test_plain_port(webhook):
    assert webhook.get("/healthz")[::2] == (200, b"ok\n")
    assert webhook.get("/readyz")[::2] == (200, b"ok\n")
    assert webhook.get("/readyz", "HEAD")[::2] == (200, b"")
    assert webhook.get("/")[0] == 404
    assert webhook.get("/mutate/enabled")[0] == 404
    status, headers, _ = webhook.get("/readyz", "POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def review_line(webhook, body):
    """The log line of one review."""
    before = sum(line["msg"] == "review" for line in webhook.log())
    assert webhook.post(body)[0] == 200
    return webhook.wait_log("review", before + 1)


def test_a_line_for_each_review(webhook):
    line = review_line(webhook, encoded(pod(), uid="some-uid"))
    when = datetime.datetime.strptime(line.pop("time"), "%Y-%m-%dT%H:%M:%S.%fZ")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs(now - when) < datetime.timedelta(minutes=5)
    assert isinstance(line.pop("microseconds"), int)
    assert line == {"level": "info", "msg": "review", "uid": "some-uid", "namespace": "shop", "pod": "",
                    "generate_name": "web-5d5c6d8b4-", "decision": "inject", "profiles": "envoy",
                    "reason": "NamespaceEnabled",
                    "detail": "namespace 'shop' has the label sidewire.io/inject: enabled"}


def test_microseconds_are_the_metric_s_seconds(start):
    webhook = start()
    for _ in range(20):
        webhook.post(encoded(pod()))
    in_lines = sum(line["microseconds"] for line in webhook.log() if line["msg"] == "review")
    in_metric = webhook.metric("sidewire_review_duration_seconds_sum") * 1e6
    # Each line leaves out a part of a microsecond.
    assert in_metric - 21 <= in_lines <= in_metric


def test_a_denial_stands_in_the_log_with_its_sentence(webhook):
    line = review_line(webhook, encoded(pod({"sidewire.io/inject": "maybe"})))
    assert line["decision"] == "deny"
    assert "maybe" in line["detail"]


@pytest.mark.parametrize("name", ['"quoted"', "a\nb", "a\\b", "\x1b[31m", "\u00e4\u20ac\U0001f600", "x" * 100000])
def test_names_cannot_break_a_line(webhook, name):
    a_pod = pod()
    a_pod["metadata"]["name"] = name
    line = review_line(webhook, encoded(a_pod, uid="u"))
    assert line["pod"] == name or (line["pod"].endswith("...") and name.startswith(line["pod"][:-3]))


def test_refusals_stand_in_the_log(webhook):
    before = sum(line["msg"] == "request refused" for line in webhook.log())
    webhook.post(b"{", path="/mutate/asked")
    line = webhook.wait_log("request refused", before + 1)
    assert (line["level"], line["path"], line["status"]) == ("warning", "/mutate/asked", 400)
    assert "JSON" in line["detail"]


def test_the_first_line_says_where_it_listens(webhook):
    first = webhook.log()[0]
    assert (first["msg"], first["address"], first["plain_address"]) == ("listening", "[::]:0", "127.0.0.1:0")
    assert first["profiles"] == "envoy,envoy-tproxy,haproxy,init-redirect,momo,otel-java"
