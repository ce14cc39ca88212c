"""Downloads one file of a package from the index that pip uses, without running anything of the package.

    python fetch.py INDEX CERTIFICATES PACKAGE FILE TARGET

pip itself runs the set-up script of a source archive before it keeps the archive. So this reads the page of the index
(PEP 503) and downloads the file. The caller checks the hash. CERTIFICATES is empty for the usual ones.
"""

import re
import sys
from html import unescape
from urllib.parse import urldefrag, urljoin

from pip._vendor import requests

index, certificates, package, file, target = sys.argv[1:]
verify = certificates or True
page = requests.get(f"{index.rstrip('/')}/{package}/", verify=verify, timeout=60)
page.raise_for_status()
links = [urldefrag(urljoin(page.url, unescape(link)))[0] for link in re.findall(r'href="([^"]+)"', page.text)]
link = next((link for link in links if link.rsplit("/", 1)[-1] == file), None)
if link is None:
    sys.exit(f"{index} has no {file}")
with requests.get(link, verify=verify, timeout=60, stream=True) as answer, open(target, "wb") as out:
    answer.raise_for_status()
    for piece in answer.iter_content(1 << 20):
        out.write(piece)
