# SPDX-License-Identifier: GPL-2.0-or-later
"""How the program ends: what is in flight is finished, nothing new begins, and it ends in time."""

import http.client
import json
import signal
import socket

import pytest

from program import encoded, pod, read_reply
from test_https import head, raw

BODY = encoded(pod())


def half_sent(program):
    """A request in flight, half of whose body was sent."""
    sock = raw(program, head(len(BODY)), BODY[:100])
    program.wait_metric("sidewire_requests_in_flight", 1)
    return sock


def end(program, number=signal.SIGTERM):
    """Sends the signal, and waits until the program has begun to end."""
    program.process.send_signal(number)
    program.wait_log("ending")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_finished(start, number):
    program = start()
    assert program.get("/readyz")[0] == 200
    sock = half_sent(program)
    end(program, number)
    status, _, body = program.get("/readyz")
    assert (status, body) == (503, b"the program is ending\n")
    assert program.metric("sidewire_ready") == 0
    assert program.get("/healthz")[0] == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", program.port))
    sock.sendall(BODY[100:])
    status, headers, body = read_reply(sock)
    assert (status, json.loads(body)["response"]["allowed"]) == (200, True)
    assert headers["Connection"].lower() == "close"
    assert program.wait_end() == 0
    assert program.wait_log("ended")["unfinished_requests"] == 0


def test_a_request_that_comes_on_a_held_connection_meanwhile_is_answered(start):
    program = start()
    held = program.connect()
    assert program.post(BODY, connection=held)[0] == 200
    sock = half_sent(program)
    end(program)
    status, headers, _ = program.post(BODY, connection=held)
    assert (status, headers["Connection"].lower()) == (200, "close")
    sock.sendall(BODY[100:])
    assert read_reply(sock)[0] == 200
    assert program.wait_end() == 0


def test_idle_connections_do_not_hold_it_up(start):
    program = start("--grace", "3600")
    held = [program.connect() for _ in range(25)]
    for connection in held:
        assert program.post(BODY, connection=connection)[0] == 200
    plain = http.client.HTTPConnection("127.0.0.1", program.plain_port)
    plain.connect()
    end(program)
    assert program.wait_end() == 0
    assert program.wait_log("ended")["unfinished_requests"] == 0


def test_the_grace_period_ends_what_does_not_end(start):
    program = start("--grace", "1")
    sock = half_sent(program)
    end(program)
    assert program.wait_end() == 0
    ended = program.wait_log("ended")
    assert (ended["level"], ended["unfinished_requests"]) == ("warning", 1)
    sock.close()


def test_a_second_signal_ends_it_at_once(start):
    program = start("--grace", "3600")
    sock = half_sent(program)
    end(program)
    program.process.send_signal(signal.SIGTERM)
    assert program.wait_end() == 0
    assert program.wait_log("ended")["unfinished_requests"] == 1
    sock.close()


def test_many_requests_while_it_ends(start):
    """Clients under load see answers, or ends of connections, but never half an answer."""
    program = start()
    connections = [program.connect() for _ in range(8)]
    for connection in connections:
        connection.connect()
        connection.request("POST", "/mutate/enabled", BODY, {"Content-Type": "application/json"})
    end(program)
    for connection in connections:
        assert json.loads(connection.getresponse().read())["response"]["allowed"] is True
    assert program.wait_end() == 0
