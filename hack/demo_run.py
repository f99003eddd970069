# SPDX-License-Identifier: GPL-2.0-or-later
"""How a demo runs: a story, and afterwards, however it ended, the cleaning up."""

import signal

from demo_report import Report

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ignore_interrupts():
    """From here on it is cleaning up, which ends soon."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(*_):
    """What ^C, and its like, do the first time."""
    ignore_interrupts()
    raise KeyboardInterrupt


def run(play, clean_up):
    """Plays a story, which is given the report; returns the exit status. Nothing of it is left then."""
    for number in INTERRUPTS:
        signal.signal(number, _interrupt)
    report = Report()
    try:
        play(report)
    except KeyboardInterrupt:
        report.fail("it was interrupted")
    except Exception as error:  # pylint: disable=broad-except
        report.fail(f"it ended early: {type(error).__name__}: {error}")
    finally:
        ignore_interrupts()
        clean_up()
    return report.verdict()
