# SPDX-License-Identifier: GPL-2.0-or-later
"""The two programs that answer line by line: our core, and Kubernetes' own strategic merge."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = pathlib.Path(os.environ.get("BUILD", "build")).absolute() / "core-tool"
KUBERNETES = ROOT / ".deps" / "bin" / "strategicpatch"


def text_of(value):
    """Tells 1, 1.0 and true apart, which Python's == does not."""
    return json.dumps(value, sort_keys=True)


def lines_of(*command, text=None):
    """What a program prints, line by line."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def ask(questions, *command):
    """A program's answers, one for each question."""
    lines = lines_of(*command, text="".join(json.dumps(question) + "\n" for question in questions))
    assert len(lines) == len(questions)
    return [json.loads(line) for line in lines]
