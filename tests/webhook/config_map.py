# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles in a directory that changes as a mounted ConfigMap does."""

import json
import os
import shutil

BROKEN = "kind: ["


def profile(name, version):
    """A profile whose version can be seen in a pod."""
    return json.dumps({
        "apiVersion": "sidewire.io/v1alpha1", "kind": "SidecarProfile", "metadata": {"name": name},
        "spec": {"pod": {"metadata": {"labels": {f"{name}-version": str(version)}}}}})


def whole_set(version):
    """Files of a set of which all profiles have one version, and one has the version as its name."""
    return {"one.json": profile("one", version), "two.json": profile("two", version),
            f"at-{version}.json": profile(f"at-{version}", version)}


class ConfigMap:
    """A directory that changes as the kubelet changes a mounted ConfigMap (AtomicWriter)."""

    def __init__(self, place, files):
        self.place = place
        self._count = 0
        place.mkdir()
        self.swap(files)

    def swap(self, files):
        """Puts other files in the place of those that are there."""
        self._count += 1
        old = self.place / os.readlink(self.place / "..data") if self._count > 1 else None
        fresh = f"..2026_01_01_00_00_00.{self._count}"
        self._write(fresh, files)
        self._link(fresh)
        for name in files:
            if not (self.place / name).is_symlink():
                (self.place / name).symlink_to(f"..data/{name}")
        for link in self.place.iterdir():
            if not link.name.startswith("..") and link.name not in files:
                link.unlink()
        if old is not None and not old.is_symlink():
            shutil.rmtree(old)

    def prepare(self, sets):
        """Writes sets, a dictionary of them, without putting any in force. Returns their names."""
        for name, files in sets.items():
            self._write(f"..set-{name}", files)
        return list(sets)

    def point_to(self, name, number):
        """Puts a prepared set in force, quickly; the number must be another one each time, as the kubelet's names are."""
        (self.place / f"..link-{number}").symlink_to(f"..set-{name}")
        self._link(f"..link-{number}")

    def _write(self, directory, files):
        (self.place / directory).mkdir()
        for name, text in files.items():
            (self.place / directory / name).write_text(text, encoding="utf-8")

    def _link(self, directory):
        (self.place / "..data_tmp").symlink_to(directory)
        os.rename(self.place / "..data_tmp", self.place / "..data")
