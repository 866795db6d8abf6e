"""Runs a command and prints what it took, as JSON: processor time and wall time in seconds, peak memory in bytes, and
its exit code. The system counts all of it when it reaps a process, and Python can ask for that.

    python scan_usage.py COMMAND [ARGUMENT ...]
"""

import json
import os
import sys
import time

nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
began = time.monotonic()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere)
_, status, usage = os.wait4(process, 0)
took = {
    "cpu": usage.ru_utime + usage.ru_stime,
    "wall": time.monotonic() - began,
    "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    "code": os.waitstatus_to_exitcode(status),
}
json.dump(took, sys.stdout)
