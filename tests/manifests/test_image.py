# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the image, by its archive, and that the programs start from nothing else."""

import json
import os
import re
import subprocess
import tarfile

import pytest

from conftest import ROOT

SIZE_MAX = 30_000_000
LIBRARY = re.compile(r"lib(64)?/([\w-]+/)?[\w+.-]+\.so(\.[\d.]+)?")


def programs():
    asked = subprocess.run(["make", "-s", "--no-print-directory", "BUILD=build", "print-programs"], cwd=ROOT,
                           stdout=subprocess.PIPE, check=True)
    return sorted(os.path.basename(path) for path in asked.stdout.decode().split())


@pytest.fixture(scope="module")
def archive(version):
    path = ROOT / "build" / "image" / f"sidewire-{version}.tar"
    assert path.exists(), "make image was not run"
    return path


@pytest.fixture(scope="module")
def image(archive, tmp_path_factory):
    """The image's configuration, its files by name, and a directory with them."""
    root = tmp_path_factory.mktemp("image")
    with tarfile.open(archive) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))[0]
        config = json.load(outer.extractfile(manifest["Config"]))
        assert len(manifest["Layers"]) == 1
        with tarfile.open(fileobj=outer.extractfile(manifest["Layers"][0])) as layer:
            members = {member.name.removeprefix("./").rstrip("/"): member for member in layer}
            layer.extractall(root)
    return manifest, config, members, root


def needed_by(path):
    dynamic = subprocess.run(["readelf", "-d", path], stdout=subprocess.PIPE, check=True).stdout.decode()
    return set(re.findall(r"NEEDED.*\[(.+)\]", dynamic))


def test_its_size_and_name(archive, image, version):
    assert archive.stat().st_size < SIZE_MAX
    assert {name.removeprefix("docker.io/") for name in image[0]["RepoTags"]} == {f"sidewire/sidewire:{version}"}


def test_programs_at_the_root_and_libraries_and_nothing_else(image):
    files = {name for name, member in image[2].items() if not member.isdir()}
    assert {name for name in files if not LIBRARY.fullmatch(name)} == set(programs())
    assert all(image[2][name].isreg() for name in files)


def test_every_library_is_needed_and_none_is_missing(image):
    root = image[3]
    libraries = {path.name: path for path in root.rglob("*.so*") if path.is_file()}
    wanted, seen = {root / name for name in programs()}, set()
    while wanted:
        path = wanted.pop()
        for name in needed_by(path) - seen:
            assert name in libraries, f"{path} needs {name}"
            seen.add(name)
            wanted.add(libraries[name])
    loaders = {name for name in libraries if name.startswith("ld-linux")}
    assert len(loaders) == 1
    assert set(libraries) == seen | loaders


def test_nobody_but_root_can_change_it_and_everybody_can_run_it(image):
    for name, member in image[2].items():
        assert member.mode & 0o7777 == 0o755, f"{name}: {member.mode:o}"
        assert (member.uid, member.gid) == (0, 0), name
    assert image[1]["config"]["User"] == "65532:65532"


def test_programs_are_stripped(image):
    for name in programs():
        sections = subprocess.run(["readelf", "-S", "-W", image[3] / name], stdout=subprocess.PIPE, check=True).stdout.decode()
        assert ".symtab" not in sections and ".debug_info" not in sections


@pytest.mark.parametrize("name", programs())
def test_each_program_starts_with_nothing_but_the_image(image, version, name):
    if os.geteuid() != 0:
        pytest.skip("chroot needs root")
    image[3].chmod(0o755)
    answer = subprocess.run(["/usr/sbin/chroot", "--userspec=65532:65532", image[3], f"/{name}", "--version"], env={},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert answer.stdout.decode() == f"{name} {version}\n", answer.stderr.decode()
