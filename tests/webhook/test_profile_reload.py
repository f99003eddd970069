# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles that change under load: a set is in force whole or not at all, and no request is lost."""

import base64
import contextlib
import itertools
import json
import random
import signal
import threading
import time

import pytest

from config_map import BROKEN, ConfigMap, profile, whole_set
from program import PATIENCE, encoded, pod

CLIENTS = 8
SWAPS = 100


def wait_until(condition):
    """Waits until it gives something true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class Clients:
    """Clients that ask all the time, each on one connection; any answer but the right one is kept."""

    def __init__(self, program):
        self.answers = 0
        self.wrong = []
        self.versions = set()
        self._is_ending = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(program,)) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _run(self, program):
        body = encoded(pod())
        with contextlib.closing(program.connect()) as connection:
            while not self._is_ending:
                try:
                    status, _, answer = program.post(body, connection=connection)
                    found = versions(answer) if status == 200 else status
                except Exception as error:  # pylint: disable=broad-except
                    found = error
                with self._lock:
                    self._note(found)

    def _note(self, found):
        self.answers += 1
        if isinstance(found, set) and len(found) == 1:
            self.versions |= found
        else:
            self.wrong.append(found)

    def wait_answers(self, more):
        """Waits for so many more answers."""
        wanted = self.answers + more
        wait_until(lambda: self.answers >= wanted or self.wrong)
        assert not self.wrong

    def stop(self):
        self._is_ending = True
        for thread in self._threads:
            thread.join()


def versions(answer):
    """The versions of the two profiles that an answer puts into the pod's labels."""
    response = json.loads(answer)["response"]
    assert response["allowed"], response
    patch = json.loads(base64.b64decode(response["patch"]))
    found = [change["value"] for change in patch if change["path"].endswith("-version")]
    assert len(found) == 2, patch
    return set(found)


def version_of(program):
    """The one version that is in force."""
    (version,) = versions(program.post(encoded(pod()))[2])
    return version


def hash_of(program):
    """The hash of the profiles in force, from the metrics."""
    text = program.get("/metrics")[2].decode()
    return text.partition('sidewire_profiles_info{hash="')[2].partition('"')[0]


def loads(program):
    """How often the stored profiles were loaded, or could not be."""
    return sum(program.metric(f'sidewire_profile_loads_total{{result="{result}"}}') for result in ("loaded", "failed"))


@pytest.fixture
def mount(tmp_path):
    return ConfigMap(tmp_path / "profiles", whole_set(0))


@pytest.fixture
def program(start, mount):
    return start("--default-profiles", "one,two", profiles=mount.place)


def test_no_request_is_lost_while_profiles_change(program, mount):
    clients = Clients(program)
    hashes = {hash_of(program)}
    try:
        for version in range(1, SWAPS + 1):
            mount.swap(whole_set(version))
            program.process.send_signal(signal.SIGHUP)
            line = program.wait_log("profiles loaded", version)
            assert line["in_force"] == f"at-{version},one,two"
            hashes.add(hash_of(program))
            clients.wait_answers(CLIENTS)
    finally:
        clients.stop()
    assert not clients.wrong
    assert len(clients.versions) >= SWAPS and clients.answers >= SWAPS * CLIENTS
    assert len(hashes) == SWAPS + 1
    assert program.metric('sidewire_profile_loads_total{result="loaded"}') == SWAPS + 1
    assert program.metric('sidewire_profile_loads_total{result="failed"}') == 0
    program.wait_metric("sidewire_requests_in_flight", 0)


def test_a_set_that_changes_while_it_is_read(start, mount):
    """Whatever is read then is one version, or is told, and then read again."""
    sets = {name: {"one.json": profile("one", name), "two.json": profile("two", name),
                   **{f"filler-{n}.json": profile(f"filler-{n}", name) for n in range(50)}} for name in ("a", "b")}
    mount.swap(sets["a"])
    program = start("--default-profiles", "one,two", profiles=mount.place)
    is_ending = threading.Event()

    def change():
        for number, name in enumerate(itertools.cycle(mount.prepare(sets))):
            mount.point_to(name, number)
            time.sleep(random.uniform(0, 0.01))
            if is_ending.is_set():
                return

    changer = threading.Thread(target=change)
    changer.start()
    clients = Clients(program)
    try:
        for _ in range(SWAPS):
            before = loads(program)
            program.process.send_signal(signal.SIGHUP)
            wait_until(lambda before=before: loads(program) > before)
    finally:
        is_ending.set()
        changer.join()
        clients.stop()
    assert not clients.wrong
    assert clients.versions == {"a", "b"}
    troubles = {line["detail"] for line in program.log() if line["msg"] == "profiles not loaded"}
    assert troubles <= {f"{mount.place}: changed while it was read, 4 times"}
    mount.swap(whole_set(1))
    program.process.send_signal(signal.SIGHUP)
    wait_until(lambda: version_of(program) == "1")


def test_a_change_is_seen_without_a_signal(program, mount):
    loaded = program.metric("sidewire_profiles_loaded_seconds")
    assert abs(loaded - time.time()) < PATIENCE
    before = hash_of(program)
    time.sleep(1.1)  # the metric tells seconds
    mount.swap(whole_set(1))
    assert program.wait_log("profiles loaded")["hash"] == hash_of(program) != before
    assert version_of(program) == "1"
    assert program.metric("sidewire_profiles_loaded_seconds") > loaded


@pytest.mark.parametrize("files, words", [
    ({**whole_set(1), "z.yaml": BROKEN}, "/..data/z.yaml: line "),
    ({**whole_set(1), "z.json": profile("one", 1)}, "there are two profiles named 'one'"),
    ({"one.json": profile("one", 1)}, "default profiles 'one,two': there is no profile 'two', known are: one"),
    ({}, ": no profile in it (*.yaml, *.yml or *.json)"),
])
def test_a_bad_set_leaves_the_one_before_in_force(program, mount, files, words):
    before = hash_of(program)
    mount.swap(files)
    program.process.send_signal(signal.SIGHUP)
    line = program.wait_log("profiles not loaded")
    assert words in line["detail"] and line["detail"].startswith((str(mount.place), "default profiles"))
    assert (line["level"], line["in_force"], line["hash"]) == ("error", "at-0,one,two", before)
    assert version_of(program) == "0" and hash_of(program) == before
    assert program.metric("sidewire_profiles_broken") == 1
    assert program.metric('sidewire_profile_loads_total{result="failed"}') == 1
    assert program.get("/readyz")[0] == 200
    mount.swap(whole_set(2))
    program.process.send_signal(signal.SIGHUP)
    program.wait_log("profiles loaded")
    assert version_of(program) == "2"
    assert program.metric("sidewire_profiles_broken") == 0


def test_a_bad_set_is_told_once_and_tried_until_it_is_good(program, mount):
    """What fails is tried again every few seconds, even if nothing changes: memory may have been short."""
    mount.swap({**whole_set(1), "z.yaml": BROKEN})
    program.wait_log("profiles not loaded")
    program.wait_metric('sidewire_profile_loads_total{result="failed"}', 2)
    (mount.place / "..data" / "z.yaml").unlink()
    program.wait_log("profiles loaded")
    assert [line["msg"] for line in program.log() if line["level"] == "error"] == ["profiles not loaded"]
    assert version_of(program) == "1"


def test_a_directory_that_is_no_mount_is_read_on_a_signal_only(start, tmp_path):
    place = tmp_path / "plain"
    place.mkdir()
    for name, text in whole_set(0).items():
        (place / name).write_text(text, encoding="utf-8")
    program = start("--default-profiles", "one,two", profiles=place)
    for name, text in whole_set(1).items():
        (place / name).write_text(text, encoding="utf-8")
    time.sleep(6)  # longer than a period
    assert version_of(program) == "0"
    program.process.send_signal(signal.SIGHUP)
    program.wait_log("profiles loaded")
    assert version_of(program) == "1"
