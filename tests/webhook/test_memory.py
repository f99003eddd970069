# SPDX-License-Identifier: GPL-2.0-or-later
"""What keeps memory flat is in force; how flat it is, `make bench` shows."""

import itertools
import pathlib

from program import encoded, pod

HEAP_SIZE = 64 << 20  # of glibc's arenas but the main one, reserved and aligned (HEAP_MAX_SIZE)


def facts(program):
    """The environment of the process that serves, and its name."""
    directory = pathlib.Path(f"/proc/{program.worker()}")
    return (directory / "environ").read_text(encoding="utf-8").split("\0"), (directory / "comm").read_text().strip()


def test_threads_keep_nothing_for_themselves(start):
    environment, name = facts(start())
    assert "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" in environment
    assert name == "sidewire-webhoo"


def test_all_threads_share_one_arena(start):
    """Another one would be a reservation of HEAP_SIZE whose beginning is in use."""
    program = start()
    assert program.post(encoded(pod()))[0] == 200
    lines = pathlib.Path(f"/proc/{program.worker()}/maps").read_text(encoding="utf-8").splitlines()
    fields = [(*(int(end, 16) for end in line.split()[0].split("-")), line.split()[1]) for line in lines]
    assert [begin for (begin, _, used), (_, end, reserved) in itertools.pairwise(fields)
            if begin % HEAP_SIZE == 0 and end == begin + HEAP_SIZE and (used, reserved) == ("rw-p", "---p")] == []


def test_tunables_that_are_set_stay(start, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    environment, _ = facts(start())
    assert [word for word in environment if word.startswith("GLIBC")] == ["GLIBC_TUNABLES=glibc.malloc.arena_max=1"]
