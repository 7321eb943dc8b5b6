"""Compare the vendored library with the package that its registry has, byte by byte; needs npm."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src" / "wergate" / "report" / "vendor"


def main() -> None:
    """Fetch the package, and compare its digest and the one file."""
    about = tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        package = f"{about['package']}@{about['version']}"
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)  # noqa: S603, S607
        archive = next(Path(folder).glob("*.tgz"))
        digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        with tarfile.open(archive) as members:
            found = members.extractfile(about["member"])
            same = found is not None and found.read() == (VENDOR / about["file"]).read_bytes()
    if digest != about["integrity"] or not same:
        sys.exit(f"{about['file']} is not that of {package}: vendor it again, and update vendor.toml")
    sys.stdout.write(f"{about['file']} is that of {package}\n")


if __name__ == "__main__":
    main()
