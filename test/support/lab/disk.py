# SPDX-License-Identifier: Apache-2.0
"""Small file systems that fill up; root only, in the mount namespace of the run."""
import subprocess
import tempfile
from pathlib import Path


class Disks:
    def __init__(self, folder):
        self.folder, self.mounted = folder, []

    def mount(self, size):
        path = Path(tempfile.mkdtemp(prefix="disk-", dir=self.folder))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},uid=nobody,mode=0755", "tmpfs", str(path)], check=True)
        self.mounted.append(path)
        return path

    def close(self):
        for path in self.mounted:
            subprocess.run(["umount", "-l", str(path)], check=False)


def fill(path):
    """Every octet of it, in a file of its own: `empty` gives them back."""
    with open(path / "filler", "wb", 0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass


def empty(path):
    (path / "filler").unlink()
