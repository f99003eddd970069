# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line, and everything that keeps the program from starting."""

import json
import socket
import ssl
import subprocess

import pytest

from program import PATIENCE, PROFILES, PROGRAM, encoded, pod


def run(*options):
    """Runs the program to its end."""
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=PATIENCE, check=False,
                          stdin=subprocess.DEVNULL)


def test_help_teaches():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("--listen", "--plain-listen", "--profiles", "--default-profiles", "--gate-image", "--image-volumes", "--own-namespace",
                 "--tls-cert", "--tls-key", "--tls-name", "--ca-out", "--in-cluster", "--service-account", "POD_NAMESPACE", "--grace", "/mutate/enabled", "SIGTERM", "curl"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_version():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sidewire-webhook ") and done.stdout.count("\n") == 1


@pytest.mark.parametrize("options, words", [
    (["-x"], "no option -x"),
    (["--nonesuch"], "no option --nonesuch"),
    (["--help=1"], "--help=1"),
    (["file"], "'file'"),
    (["--listen"], "--listen needs a value"),
    (["--profiles", ""], "--profiles"),
    (["--default-profiles", ""], "--default-profiles"),
    (["--image-volumes", "maybe"], "--image-volumes: 'maybe' is not yes or no"),
    (["--image-volumes"], "--image-volumes needs a value"),
    (["--grace", "-1"], "--grace: '-1'"),
    (["--grace", "1.5"], "--grace: '1.5'"),
    (["--tls-cert", "x"], "--tls-key"),
    (["--tls-key", "x"], "--tls-cert"),
    (["--tls-cert", "x", "--tls-key", "y", "--ca-out", "z"], "--ca-out"),
    (["--tls-name", "a.example"] * 70, "more than 64 names"),
    (["--in-cluster"], "POD_NAME and POD_NAMESPACE"),
    (["--in-cluster", "--tls-cert", "x", "--tls-key", "y"], "--in-cluster finds"),
    (["--in-cluster", "--tls-name", "a.example"], "--in-cluster finds"),
    (["--in-cluster", "--ca-out", "x"], "--in-cluster finds"),
    (["--in-cluster", "--own-namespace", "x"], "--in-cluster finds"),
    (["--service-account", "x"], "--service-account is for --in-cluster"),
])
def test_a_bad_command_line_is_told_in_one_sentence(options, words):
    done = run(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sidewire-webhook: ") and done.stderr.endswith("(see --help)\n")
    assert done.stderr.count("\n") == 1 and words in done.stderr


def failure(*options):
    """Why the program did not start."""
    done = run("--listen", "127.0.0.1:0", "--plain-listen", "127.0.0.1:0", *options)
    assert done.returncode == 1
    line = json.loads(done.stderr)
    assert (line["level"], line["msg"]) == ("error", "cannot start")
    return line["detail"]


def test_profiles_that_keep_it_from_starting(tmp_path):
    assert failure("--profiles", "/nonexistent") == "/nonexistent: cannot be listed: No such file or directory"
    assert "no profile in it" in failure("--profiles", str(tmp_path))
    (tmp_path / "a.yaml").write_text("kind: [")
    assert failure("--profiles", str(tmp_path)).startswith(f"{tmp_path}/a.yaml: line ")
    assert failure("--profiles", str(PROFILES), "--default-profiles", "envoy,mosn") == \
        "default profiles 'envoy,mosn': there is no profile 'mosn', known are: envoy, envoy-tproxy, haproxy, init-redirect, momo, otel-java"
    assert failure("--profiles", str(PROFILES), "--default-profiles", "envoy,envoy") == \
        "default profiles 'envoy,envoy': profile 'envoy' stands there twice"


@pytest.mark.parametrize("address", ["", "8443", "localhost:1", "[::1:1", "::1:1", "1.2.3:1", "[::]:65536", "[::]:-1", "[::]:"])
def test_addresses_that_are_none(address):
    for option in "--listen", "--plain-listen":
        done = run(option, address, "--profiles", str(PROFILES))
        assert done.returncode in (1, 2) and (address == "" or f"'{address}' is no address" in done.stderr)


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for option in "--listen", "--plain-listen":
            done = run("--listen", "127.0.0.1:0", "--plain-listen", "127.0.0.1:0", option, address, "--profiles", str(PROFILES))
            assert done.returncode == 1 and f"cannot listen on {address}: Address already in use" in done.stderr


def test_certificate_files_that_keep_it_from_starting(tmp_path):
    good = ["--profiles", str(PROFILES)]
    junk = tmp_path / "junk"
    junk.write_text("junk")
    assert failure(*good, "--tls-cert", "/nonexistent", "--tls-key", str(junk)).startswith("/nonexistent: cannot be opened")
    assert f"{junk} with {junk}: the certificate chain is not readable" in \
        failure(*good, "--tls-cert", str(junk), "--tls-key", str(junk))
    assert failure(*good, "--tls-name", "a_b") == "'a_b' is neither a DNS name nor an address"
    assert failure(*good, "--ca-out", "/nonexistent/ca").startswith("/nonexistent/ca: cannot be opened")


def test_a_certificate_that_is_over(tmp_path):
    key, chain = tmp_path / "key", tmp_path / "pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=x", "-keyout", key, "-out", chain], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-in", chain, "-signkey", key, "-days", "-1", "-out", chain], check=True,
                   capture_output=True)
    assert failure("--profiles", str(PROFILES), "--tls-cert", str(chain), "--tls-key", str(key)).endswith("is over")


def test_the_authority_is_printed_where_no_file_is_named(tmp_path):
    with open(tmp_path / "log", "wb") as log, subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--plain-listen", "127.0.0.1:0", "--profiles", PROFILES],
            stdout=subprocess.PIPE, stderr=log, text=True) as program:
        printed = "".join(iter(program.stdout.readline, "-----END CERTIFICATE-----\n"))
        program.terminate()
        assert program.wait(PATIENCE) == 0
    ssl.create_default_context(cadata=printed + "-----END CERTIFICATE-----\n")


def test_one_family_only(start):
    program = start(listen="127.0.0.1:0")
    assert program.post(encoded(pod()))[0] == 200
    with pytest.raises(OSError):
        socket.create_connection(("::1", program.port))
