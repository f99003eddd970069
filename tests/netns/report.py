# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of calls for people: a line for each, a column for each proxy, mode and backend."""


class Observed:
    """What became of calls in a session."""

    def __init__(self):
        self._columns = []
        self._groups = {}

    def note(self, kind, backend, group, looked):
        """Keeps what became of a group's calls; what came later counts."""
        column = f"{kind.container} {kind.mode} {backend}"
        if column not in self._columns:
            self._columns.append(column)
        rows = self._groups.setdefault(str(group), {})
        for cell, _, seen in looked:
            rows.setdefault(str(cell.row), {}).setdefault(column, {})[cell.family] = tell(seen)

    def lines(self):
        """The table: under the fields of each document its calls. "past" is past the proxy; what IPv4 and IPv6 do
        differently is told of both."""
        for group, rows in self._groups.items():
            yield ""
            yield group
            for row, ways in rows.items():
                yield f"  {row:<44}" + "".join(f"{both(ways.get(column, {})):<34}" for column in self._columns)
        yield ""
        yield " " * 46 + "".join(f"{column:<34}" for column in self._columns)


def tell(seen):
    """The way in a word or two, and whom the server saw."""
    return f"{seen.way or 'past'} as {seen.source}" if seen.source else seen.way


def both(ways):
    """What IPv4 and IPv6 did, once if it is the same."""
    told = sorted(ways.items())
    return told[0][1] if len({way for _, way in told}) == 1 else ", ".join(f"v{family} {way}" for family, way in told)
