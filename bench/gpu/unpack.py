"""Unpacks what `bench/gpu.sh --pack` wrote, with Python alone: python3 bench/gpu/unpack.py ARCHIVE FOLDER

Packages and built files go into this clone, and Node.js into FOLDER/bin.
"""

import os
import sys
import tarfile

archive, folder = sys.argv[1:]
node = os.path.join(folder, "bin", "node")
os.makedirs(os.path.dirname(node), exist_ok=True)
with tarfile.open(archive, "r|xz") as carry:
    for member in carry:
        if member.name == "node":
            member.name = node
            carry.extract(member, "/")
        else:
            carry.extract(member, ".")
os.chmod(node, 0o755)
