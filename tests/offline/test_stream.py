# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents one by one: memory does not grow with their number."""

import pathlib
import re
import subprocess

import pytest

from offline import BUILD, ENVOY, PROGRAM, documents
from test_inject import DEPLOYMENT


def peak_kilobytes(count, out=subprocess.DEVNULL):
    """The most memory that the program had for so many documents."""
    with subprocess.Popen([PROGRAM, "inject", "-q", "--profile", ENVOY, "-"], stdin=subprocess.PIPE, stdout=out) as program:
        for _ in range(count):
            program.stdin.write(b"---\n" + DEPLOYMENT.encode())
        program.stdin.flush()
        status = pathlib.Path(f"/proc/{program.pid}/status").read_text(encoding="ascii")
    assert program.returncode == 0
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


def test_memory_does_not_grow_with_the_number_of_documents():
    if "sanitize" in BUILD.name:
        pytest.skip("sanitizers keep what is freed")
    few, many = peak_kilobytes(1000), peak_kilobytes(10000)
    assert many < few + 500 and many < 10000, (few, many)


def test_none_is_lost(tmp_path):
    with open(tmp_path / "out", "wb") as out:
        peak_kilobytes(500, out)
    assert len(documents((tmp_path / "out").read_bytes())) == 500
