# SPDX-License-Identifier: GPL-2.0-or-later
"""What keeps memory flat is in force; how flat it is, `make bench` shows."""

import pathlib


def facts(program):
    """The environment of the process that serves, and its name."""
    directory = pathlib.Path(f"/proc/{program.worker()}")
    return (directory / "environ").read_text(encoding="utf-8").split("\0"), (directory / "comm").read_text().strip()


def test_threads_keep_nothing_for_themselves(start):
    environment, name = facts(start())
    assert "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" in environment
    assert name == "sidewire-webhoo"


def test_tunables_that_are_set_stay(start, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    environment, _ = facts(start())
    assert [word for word in environment if word.startswith("GLIBC")] == ["GLIBC_TUNABLES=glibc.malloc.arena_max=1"]
