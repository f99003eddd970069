# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that serves dies, and another one takes its place: nobody who connects is refused meanwhile."""

import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

from crowd import Crowd
from program import PATIENCE, PROFILES, PROGRAM, Program, encoded, pod, read_reply
from test_https import head, raw

BODY = encoded(pod())
KILLED = "worker killed, another one starts"


@pytest.fixture(name="doomed")
def _doomed(tmp_path):
    """A program that the test itself sees end."""
    program = Program(tmp_path)
    yield program
    program.process.kill()
    program.process.wait()


class Clients(Crowd):
    """They ask, each request on a connection of its own."""

    def __init__(self, program, count):
        super().__init__(count)
        self.program = program
        self.context = program.tls_context()
        self.answered = 0
        self.lost = []  # what each of the others met

    def ask(self):
        """One request: None, or what it met."""
        try:
            with contextlib.closing(self.program.connect(context=self.context)) as connection:
                assert self.program.post(BODY, connection=connection)[0] == 200
                return None
        except (OSError, http.client.HTTPException) as error:
            return error

    def turn(self):
        met = self.ask()
        with self.lock:
            self.answered += met is None
            self.lost += [] if met is None else [met]

    def wait(self, count):
        """Waits until so many more were answered."""
        enough, end = self.answered + count, time.monotonic() + PATIENCE
        while self.answered < enough:
            assert time.monotonic() < end, self.lost
            time.sleep(0.01)


def test_no_connection_is_refused_while_workers_die(start):
    """Lost is at most what had a connection open when a worker died: one request of each client, each time."""
    program, clients, deaths = start(), 4, 4  # one more could be a crash loop
    with Clients(program, clients) as asking:
        asking.wait(50)
        for _ in range(deaths):
            program.kill_worker()
            asking.wait(50)
    assert asking.answered >= 200
    assert [error for error in asking.lost if isinstance(error, ConnectionRefusedError)] == []
    assert len(asking.lost) <= clients * deaths
    assert program.metric("sidewire_worker_restarts_total") == deaths


def wait_until_stopped(process):
    """The signal comes to one thread after the other, and those that run yet may accept."""
    def states():
        """One letter a thread, behind its name in parentheses (proc(5))."""
        return {stat.read_text().rpartition(")")[2].split()[0] for stat in pathlib.Path(f"/proc/{process}/task").glob("*/stat")}

    end = time.monotonic() + PATIENCE
    while states() != {"T"}:
        assert time.monotonic() < end, states()
        time.sleep(0.01)


def test_who_connects_while_nobody_serves_waits(start):
    """Also on the plain port. A worker that is stopped accepts nobody: all of them are there when it dies."""
    program = start()
    worker = program.worker()
    os.kill(worker, signal.SIGSTOP)
    wait_until_stopped(worker)
    with concurrent.futures.ThreadPoolExecutor(80) as executor:
        waiting = [executor.submit(program.post, BODY) for _ in range(64)]
        healthy = [executor.submit(program.get, "/healthz") for _ in range(5)]
        end = time.monotonic() + PATIENCE
        while connections_to(program.port) < 64 and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(worker, signal.SIGKILL)
        assert {one.result(PATIENCE)[0] for one in waiting + healthy} == {200}


def connections_to(port):
    """How many clients on this machine are connected to it."""
    tables = (pathlib.Path("/proc/net") / name for name in ("tcp", "tcp6"))
    lines = [line.split() for table in tables for line in table.read_text(encoding="ascii").splitlines()[1:]]
    return sum(line[2].endswith(f":{port:04X}") and line[3] == "01" for line in lines)


def test_what_was_in_flight_is_lost_and_told(start):
    """The connection ends at once. The log says what the worker died of."""
    program = start()
    held = raw(program, head(len(BODY)), BODY[:100])
    program.wait_metric("sidewire_requests_in_flight", 1)
    program.kill_worker(signal.SIGABRT)
    with contextlib.suppress(ConnectionResetError):
        assert held.recv(1) == b""
    line = program.wait_log(KILLED)
    assert (line["level"], line["signal"], line["detail"]) == ("error", signal.SIGABRT, "Aborted")
    assert 0 < line["lived_ms"] < 1000 * PATIENCE
    assert program.post(BODY)[0] == 200
    program.wait_metric("sidewire_requests_in_flight", 0)


def test_a_new_worker_serves_as_the_old_one_did(start):
    """With the certificate that was made at the start, on the ports that were chosen then."""
    program = start()
    with program.tls_socket() as sock:
        before = sock.getpeercert(binary_form=True)
    program.kill_worker()
    listening = program.wait_log("listening", 2)
    assert (listening["port"], listening["plain_port"]) == (program.port, program.plain_port)
    with program.tls_socket() as sock:
        assert sock.getpeercert(binary_form=True) == before


def test_a_new_worker_drains_and_reloads(start):
    program = start()
    program.kill_worker()
    program.wait_log("listening", 2)
    program.process.send_signal(signal.SIGHUP)
    program.wait_log("profiles loaded")
    held = raw(program, head(len(BODY)), BODY[:100])
    program.wait_metric("sidewire_requests_in_flight", 1)
    program.process.send_signal(signal.SIGTERM)
    program.wait_log("ending")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", program.port))
    held.sendall(BODY[100:])
    assert read_reply(held)[0] == 200
    assert program.wait_end() == 0
    assert program.wait_log("ended")["unfinished_requests"] == 0


def test_who_signals_both_processes_has_signalled_once(start):
    """^C, pkill and systemd do that. A second signal would cut short what is in flight."""
    program = start()
    held = raw(program, head(len(BODY)), BODY[:100])
    program.wait_metric("sidewire_requests_in_flight", 1)
    program.kill_worker(signal.SIGTERM)
    program.process.send_signal(signal.SIGTERM)
    program.wait_log("ending")
    program.kill_worker(signal.SIGINT)
    time.sleep(0.5)  # it would have ended by then
    held.sendall(BODY[100:])
    assert read_reply(held)[0] == 200
    assert program.wait_end() == 0


def test_a_crash_loop_ends(doomed):
    """With the status of its last crash, as a shell has it."""
    deaths = []
    while not deaths or deaths[-1]["msg"] == KILLED:
        assert len(deaths) < 10
        doomed.kill_worker()
        deaths.append(wait_death(doomed, len(deaths) + 1))
    assert doomed.wait_end() == 128 + signal.SIGKILL
    told = [(line["msg"], line["lived_ms"] < 1000) for line in deaths]
    assert told[-5:] == [(KILLED, True)] * 4 + [("worker killed", True)]
    assert (KILLED, True) not in told[:-5]


def wait_death(program, count):
    """The log's line of that many's death, waited for."""
    end = time.monotonic() + PATIENCE
    while len(lines := [line for line in program.log() if "signal" in line]) < count:
        assert time.monotonic() < end, program.log_path.read_text()
    return lines[count - 1]


def wait_gone(pid):
    """Waits until nobody serves by that number, also not as a zombie."""
    end = time.monotonic() + PATIENCE
    while pathlib.Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_worker_that_is_killed_while_it_ends_is_not_replaced(doomed):
    held = raw(doomed, head(len(BODY)), BODY[:100])
    doomed.wait_metric("sidewire_requests_in_flight", 1)
    doomed.process.send_signal(signal.SIGTERM)
    doomed.wait_log("ending")
    doomed.kill_worker()
    assert doomed.wait_end() == 128 + signal.SIGKILL
    assert [line["msg"] for line in doomed.log() if "signal" in line] == ["worker killed"]
    held.close()


def test_a_worker_does_not_outlive_the_first_process(doomed):
    worker = doomed.worker()
    doomed.process.kill()
    doomed.process.wait()
    wait_gone(worker)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", doomed.port))


def test_a_worker_whose_start_fails_ends_the_program(tmp_path):
    """Here the second one's. Nobody but the worker says why."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "envoy.yaml").write_bytes((PROFILES / "envoy.yaml").read_bytes())
    program = Program(tmp_path, profiles=profiles)
    (profiles / "envoy.yaml").write_text("kind: [")
    program.kill_worker()
    assert program.wait_end() == 1
    assert [line["msg"] for line in program.log()] == ["listening", KILLED, "cannot start"]


def test_children_that_it_did_not_make_are_reaped(start):
    """One that has ended before it begins, and one that ends later."""
    program = start(before=["sh", "-c", 'true & sleep 1000 & exec "$@"', "sh"])
    program.wait_log("listening")
    later, = [child for child in children(program) if name_of(child) == "sleep"]
    os.kill(later, signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while len(children(program)) > 1:
        assert time.monotonic() < end, [name_of(child) for child in children(program)]
        time.sleep(0.01)
    program.kill_worker()
    program.wait_log("listening", 2)


def children(program):
    """The processes whose parent is the first one, zombies among them."""
    path = pathlib.Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children")
    return [int(word) for word in path.read_text(encoding="ascii").split()]


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()


def test_who_ignores_children_can_start_it():
    """An ignored SIGCHLD is inherited by who is started, and keeps the kernel from telling of ends."""
    ignore = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        program = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--plain-listen", "127.0.0.1:0", "--profiles", "/nonexistent"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        signal.signal(signal.SIGCHLD, ignore)
    try:
        assert program.wait(PATIENCE) == 1
    finally:
        program.kill()
