# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that do something again and again, for as long as a `with` lasts."""

import threading


class Crowd:
    """So many threads, each of which has one turn after the other until it is over."""

    def __init__(self, count):
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]

    def run(self):
        """One thread's turns."""
        while not self.is_over.is_set():
            self.turn()

    def turn(self):
        """What it is about."""
        raise NotImplementedError

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
