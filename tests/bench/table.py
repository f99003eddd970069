# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of figures: what was measured, how it spreads, and what it must be."""

import collections
import statistics

# Median and the tenth and ninetieth percentile of what was measured many times.
Spread = collections.namedtuple("Spread", "median low high")


def spread(values):
    """The spread of a list of numbers."""
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return Spread(statistics.median(values), tenths[0], tenths[-1])


def text_of(value, unit, digits):
    """A number or a Spread, with its unit."""
    if isinstance(value, Spread):
        return (f"{value.median:.{digits}f} {unit} "
                f"({value.low:.{digits}f} to {value.high:.{digits}f})")
    return f"{value:.{digits}f} {unit}"


class Table:
    """Rows, printed as they come."""

    def head(self, title):
        """Begins a part of the table."""
        print(f"\n{title}", flush=True)

    def row(self, what, value, unit, digits=2, limit=None, floor=None):
        """A figure; with a limit or a floor, in the same unit, whether it is below or above that."""
        number = value.median if isinstance(value, Spread) else value
        verdict = ""
        if limit is not None:
            verdict = f"must be under {limit:g} {unit}: " + ("yes" if number < limit else "NO")
        if floor is not None:
            verdict = f"must be at least {floor:g} {unit}: " + ("yes" if number >= floor else "NO")
        print(f"  {what:<62}{text_of(value, unit, digits):<32}{verdict}".rstrip(), flush=True)
