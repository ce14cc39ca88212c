"""Locks file descriptor 3 as the command flock does, which macOS lacks: python flock.py [--nonblock]

Exit code 75: another process holds the lock. A python3 that cannot run has other codes.
"""

import fcntl
import sys

try:
    fcntl.flock(3, fcntl.LOCK_EX | (fcntl.LOCK_NB if "--nonblock" in sys.argv else 0))
except BlockingIOError:
    sys.exit(75)
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
