# SPDX-License-Identifier: GPL-2.0-or-later
"""kubectl reads what is written, and reads scalars as we do."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from offline import GOLDEN, PATIENCE, ROOT, documents, inject

KUBECTL = shutil.which("kubectl", path=f"{ROOT / '.deps' / 'cluster' / 'bin'}{os.pathsep}{os.environ['PATH']}")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl")

# Plain scalars, as people write them: go-yaml 2 makes booleans and octal numbers of some.
SCALARS = """yes No on off y n Y true FALSE ~ null 0644 0o17 -0x1f 0b11 1_000 089 1.5 1. .5 1e3 -1e-2 2001-01-01 1:30 1.2.3 0x 0o
_1 1__0 +12 = 9223372036854775807 -9223372036854775808 00 0 -0 1e 5Mi 100m a yess Null NULL 1e300 0.1 0_7 'yes' "0644" """.split()


def kubectl(text, place):
    """What kubectl takes the objects for, without a cluster."""
    file = pathlib.Path(place) / "manifest.yaml"
    file.write_bytes(text)
    done = subprocess.run([KUBECTL, "annotate", "--local", "-f", file, "-o", "json", "kubectl=read"], capture_output=True,
                          timeout=PATIENCE, check=True, env={**os.environ, "HOME": str(place)})
    decoder, rest, objects = json.JSONDecoder(), done.stdout.decode(), []
    while rest.strip():
        one, end = decoder.raw_decode(rest.lstrip())
        rest = rest.lstrip()[end:]
        del one["metadata"]["annotations"]["kubectl"]
        objects.append(one)
    return objects


@pytest.mark.parametrize("name", ["deployment.yaml", "kinds.yaml"])
def test_kubectl_reads_what_is_written(name, tmp_path):
    done = inject((GOLDEN / name).read_text())
    expected = documents(done.out)
    for one in expected:
        one["metadata"].setdefault("annotations", {})
    assert kubectl(done.out, tmp_path) == expected


def test_scalars_mean_the_same(tmp_path):
    # What an anchor stands for changes: all is written anew, as we have read it.
    text = "apiVersion: v1\nkind: Pod\nmetadata: &m {name: web}\nother: *m\nspec:\n  containers: []\n"
    text += "".join(f"  x{i}: {scalar}\n" for i, scalar in enumerate(SCALARS)) + "  ? 0x10\n  : key\n  yes: 1\n"
    done = inject(text)
    assert done.code == 0 and "written anew" in done.err
    [before], [after] = kubectl(text.encode(), tmp_path), kubectl(done.out, tmp_path)
    assert len(before["spec"]) == len(SCALARS) + 3
    for key, value in before["spec"].items():
        assert (key, json.dumps(after["spec"][key])) == (key, json.dumps(value))
