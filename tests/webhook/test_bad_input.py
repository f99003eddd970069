# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that mean no good, many at once: others are answered meanwhile, and memory stays small.
How soon they are answered, `make bench` shows."""

import contextlib
import pathlib
import re
import resource
import time

import pytest

from hostile import KINDS, RENEWALS, RENEWALS_MAX, ask_for_new_keys
from program import PROGRAM, encoded, pod

BODY = encoded(pod())
MEMORY_MAX = 64 * 1024  # kilobytes of the process that serves
# Sanitizers keep what was freed, and mark all that is used.
IS_SANITIZED = "sanitize" in str(PROGRAM)

ROUNDS = 20


def peak_kilobytes(program):
    """The most that the serving process had, shared libraries included."""
    status = pathlib.Path(f"/proc/{program.worker()}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


def ask_all_the_while(program):
    """On connections of their own, and on one that stays. (One that asks nothing for long may be cut now.)"""
    context = program.tls_context()
    with contextlib.closing(program.connect(context=context)) as kept:
        for _ in range(ROUNDS):
            with contextlib.closing(program.connect(context=context)) as own:
                assert program.post(BODY, connection=own)[0] == 200
            assert program.post(BODY, connection=kept)[0] == 200
            time.sleep(0.02)
    assert program.get("/healthz")[0] == 200


@pytest.mark.parametrize("kind", KINDS)
def test_others_are_answered(start, kind):
    program = start()
    with KINDS[kind](program) as clients:
        clients.wait_until_at_it()
        ask_all_the_while(program)
    assert IS_SANITIZED or peak_kilobytes(program) < MEMORY_MAX
    assert program.process.poll() is None
    assert program.metric("sidewire_worker_restarts_total") == 0
    assert program.post(BODY)[0] == 200


@pytest.mark.parametrize("version, letter", RENEWALS)
def test_who_asks_for_new_keys_again_and_again_is_cut(webhook, version, letter):
    assert 0 < ask_for_new_keys(webhook, version, letter) < RENEWALS_MAX
    assert webhook.post(BODY)[0] == 200


def test_a_small_limit_of_open_files_is_raised(start):
    """Else a thousand connections would be all that there can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        program = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = pathlib.Path(f"/proc/{program.worker()}/limits").read_text(encoding="ascii")
    assert int(re.search(r"Max open files\s+(\d+)", limits).group(1)) == min(4096, hard)


def test_all_kinds_at_once(start):
    program = start()
    with contextlib.ExitStack() as stack:
        for kind in ("slow bodies", "large bodies that are held", "half closed", "never reading", "1,000 idle"):
            stack.enter_context(KINDS[kind](program)).wait_until_at_it()
        ask_all_the_while(program)
    assert IS_SANITIZED or peak_kilobytes(program) < MEMORY_MAX
    assert program.metric("sidewire_worker_restarts_total") == 0
