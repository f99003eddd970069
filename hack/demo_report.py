# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo prints: numbered steps with their time, observations, and a verdict."""

import contextlib
import os
import sys
import textwrap
import time

WIDTH = 100
INDENT = 4
BOLD, DIM, GREEN, RED = "1", "2", "32", "31"


class Report:
    """Collects observations while it prints."""

    def __init__(self):
        self._is_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._steps = 0
        self._observed = 0
        self._lines = []
        self._wrong = []
        self._started = time.monotonic()

    def _paint(self, text, colour):
        return f"\x1b[{colour}m{text}\x1b[0m" if self._is_colour else text

    @contextlib.contextmanager
    def step(self, title):
        """One step: its lines are printed when it is over, under its number, title and time."""
        self._steps += 1
        started = time.monotonic()
        try:
            yield
        finally:
            took = duration(time.monotonic() - started)
            left = f"{self._steps}  {title}"
            gap = " " * (WIDTH - len(left) - len(took))
            print("\n" + self._paint(left, BOLD) + gap + self._paint(took, DIM))
            print("\n".join(self._lines), flush=True)
            self._lines = []

    def say(self, label, text=""):
        """A line with a label before it; what is too long goes on below."""
        head = " " * INDENT + f"{label:12}"
        self._lines.append(textwrap.fill(text, WIDTH, initial_indent=head,
                                         subsequent_indent=" " * len(head),
                                         break_long_words=False, break_on_hyphens=False).rstrip()
                           or head.rstrip())

    def table(self, headings, rows):
        """Rows of as many texts as there are headings."""
        widths = [max(map(len, column)) for column in zip(headings, *rows)]
        for row in (headings, *rows):
            line = "   ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            self._lines.append(" " * INDENT + (self._paint(line, DIM) if row is headings else line))

    def command(self, command):
        """What is typed at a prompt."""
        self._lines.append(" " * INDENT + self._paint("$ " + command, BOLD))

    def output(self, text):
        """What a command printed; what is too long goes on below."""
        indent = " " * INDENT
        self._lines += [textwrap.fill(line, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ",
                                      break_on_hyphens=False).rstrip() for line in text.splitlines()]

    def text(self, text, column):
        """Lines over the whole width; what is too long goes on below, in that column."""
        self._lines += [textwrap.fill(line, WIDTH, subsequent_indent=" " * column)
                        for line in text.splitlines()]

    def observe(self, is_so, what):
        """Something that was looked at, and whether it was as it should be."""
        self._observed += 1
        if not is_so:
            self._wrong.append(what)
        mark = self._paint("ok ", GREEN) if is_so else self._paint("NOT", RED)
        self._lines.append(" " * INDENT + f"{mark} {what}")

    def fail(self, what):
        """Something that ended the demo early."""
        self._wrong.append(what)

    def verdict(self):
        """The last line. Returns the exit status."""
        took = duration(time.monotonic() - self._started)
        if self._wrong:
            print("\n" + self._paint("NOT as it should be: " + "; ".join(self._wrong), RED))
            return 1
        text = f"All {self._observed} observations are as they should be ({took})."
        print("\n" + self._paint(text, GREEN))
        return 0


def duration(seconds):
    """Seconds for people."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
