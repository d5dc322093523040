"""Makes another release of the package's wheels: `spoil.py FOLDER fine|unfit|crashes`."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

CODE = {
    "fine": "",
    # It starts, is ready, and then ends: what only a running kit shows.
    "crashes": "\nimport os, threading\nend = threading.Timer(8, os._exit, [3])\nend.daemon = True\nend.start()\n",
    # It does not start at all with these settings.
    "unfit": "\nimport sys\nsys.exit('[[hub]]: this release knows no hub of this kind.')\n",
}

folder, kind = Path(sys.argv[1]), sys.argv[2]
shutil.copytree("/usr/share/roomtone-edge/wheels", folder)
(wheel,) = folder.glob("any/roomtone-*.whl")
fresh = wheel.with_suffix(".new")
with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(fresh, "w") as new:
    contents = {name: old.read(name) for name in old.namelist()}
    (record,) = (name for name in contents if name.endswith(".dist-info/RECORD"))
    changed = "edge_agent/command.py"
    contents[changed] += f"\n# {kind}\n{CODE[kind]}".encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(contents[changed]).digest()).rstrip(b"=")
    lines = contents[record].decode().splitlines()
    contents[record] = "\n".join(
        f"{changed},sha256={digest.decode()},1" if line.startswith(f"{changed},") else line
        for line in lines
    ).encode()
    for name, content in contents.items():
        new.writestr(name, content)
fresh.replace(wheel)
