"""Copies one file out of a wheel or a source archive: python member.py ARCHIVE MEMBER TARGET"""

import shutil
import sys
import tarfile
import zipfile

archive, member, target = sys.argv[1:]
with open(target, "wb") as out:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as content:
            shutil.copyfileobj(content, out)
    else:
        with tarfile.open(archive) as source:
            shutil.copyfileobj(source.extractfile(member), out)
