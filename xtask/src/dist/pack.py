"""Archives and checksums whose bytes depend on their contents alone: sorted names, one time, no owner.

pack.py archive <file> <folder in it> <seconds> <path>...
pack.py sums <folder>
"""

import gzip
import hashlib
import os
import sys
import tarfile
import time
import zipfile


def members(paths):
    """Pairs of name in the archive and path, files alone, sorted."""
    found = []
    for path in paths:
        top = os.path.basename(path)
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                for name in names:
                    full = os.path.join(folder, name)
                    found.append((os.path.join(top, os.path.relpath(full, path)), full))
        else:
            found.append((top, path))
    return sorted(found)


def is_program(name):
    return name in ("openclaw", "openclaw.exe") or name.endswith(".sh")


def archive(target, top, seconds, paths):
    if target.endswith(".zip"):
        moment = time.gmtime(max(seconds, 315532800))[:6]
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            for name, path in members(paths):
                info = zipfile.ZipInfo(f"{top}/{name}", moment)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3
                info.external_attr = (0o100755 if is_program(name) else 0o100644) << 16
                with open(path, "rb") as file:
                    out.writestr(info, file.read())
        return
    with open(target, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, seconds) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as out:
            for name, path in members(paths):
                info = tarfile.TarInfo(f"{top}/{name}")
                info.size = os.path.getsize(path)
                info.mtime = seconds
                info.mode = 0o755 if is_program(name) else 0o644
                with open(path, "rb") as file:
                    out.addfile(info, file)


def sums(folder):
    lines = []
    for name in sorted(os.listdir(folder)):
        if name == "SHA256SUMS":
            continue
        with open(os.path.join(folder, name), "rb") as file:
            lines.append(f"{hashlib.sha256(file.read()).hexdigest()}  {name}\n")
    with open(os.path.join(folder, "SHA256SUMS"), "w", encoding="ascii") as out:
        out.writelines(lines)


if sys.argv[1] == "archive":
    archive(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
else:
    sums(sys.argv[2])
