# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole answers: golden/NAME.cmd is a command line, golden/NAME.out what it says and how it ends."""

import os
import shlex

import pytest

from offline import GOLDEN, run

CASES = sorted(path.stem for path in GOLDEN.glob("*.cmd"))


def answer(name):
    """All that the command gives, as one text."""
    done = run(*shlex.split((GOLDEN / f"{name}.cmd").read_text()), cwd=GOLDEN)
    return f"{done.out.decode()}--- standard error\n{done.err}--- exit status {done.code}\n"


@pytest.mark.parametrize("name", CASES)
def test_answers(name):
    record = GOLDEN / f"{name}.out"
    found = answer(name)
    if os.environ.get("UPDATE"):
        record.write_text(found)
    assert found == record.read_text()


def test_every_record_has_a_case():
    assert sorted(path.stem for path in GOLDEN.glob("*.out")) == CASES
