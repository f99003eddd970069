# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell whose commands the demo shows, and what they printed."""

import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SECONDS = 180
SECONDS_TO_END = 10
EVEN_IF_IT_FAILS = " 2>&1 || :"


class Shell:
    """Runs commands in the project's directory, as typed at one prompt."""

    def __init__(self, report):
        self._report = report
        self._environment = dict(os.environ)

    def export(self, name, value):
        """Sets a variable for what comes, in sight."""
        self._report.command(f"export {name}={value}")
        self._environment[name] = value

    def take(self, command):
        """What that command prints are variables for what comes, as by eval."""
        self._report.command(f'eval "$({command})"')
        text = self.ask(f'eval "$({command})"; env --null')
        self._environment = dict(line.split("=", 1) for line in text.split("\0") if line)

    def ask(self, command):
        """Runs a command out of sight; returns what it printed. A RuntimeError says what a failing one said."""
        with subprocess.Popen(["bash", "-c", command], cwd=ROOT, env=self._environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              start_new_session=True) as process:
            try:
                printed, said = process.communicate(timeout=SECONDS)
            except BaseException:
                end_group(process)
                raise
        if process.returncode != 0:
            raise RuntimeError(f"{command}: {(said or printed).strip()}")
        return printed

    def run(self, command, shorten=lambda text: text):
        """Runs a command in sight, and shows what it printed, or what shorten() leaves of that. Returns all of it."""
        printed = self.ask(command)
        self.show(command, shorten(printed))
        return printed

    def ask_until(self, command, is_enough, seconds):
        """Runs a command out of sight until what it prints is enough, or the time is over; returns that."""
        deadline = time.monotonic() + seconds
        while not is_enough(printed := self.ask(command)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return printed

    def show(self, command, printed):
        """A command that was run, but for what keeps its failure from ending the demo; and what it printed."""
        self._report.command(command.removesuffix(EVEN_IF_IT_FAILS))
        self._report.output(printed)


def end_group(process):
    """Ends a command that was interrupted, and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.communicate(timeout=SECONDS_TO_END)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
