"""`make clean`: removes the embedded databases with everything else that the demo wrote. Refuses while somebody uses them."""

import os
import shutil
import sys
from pathlib import Path

from resolutionflow.embedded.places import EmbeddedError, state_dir
from resolutionflow.embedded.server import Cluster, plain_errors


def main() -> None:
    try:
        with plain_errors(state_dir()):
            clean()
    except EmbeddedError as error:
        sys.exit(str(error))


def clean() -> None:
    far = []
    for name in ("main", "test"):
        cluster = Cluster(name)
        if cluster.folder.exists():
            with cluster.locked():
                users = cluster.register.live()
                if users:
                    who = ", ".join(str(pid) for pid in users)
                    raise EmbeddedError(f"The embedded database is in use (by process {who}): end it (the demo, perhaps) first.")
                cluster.stop()
        far.append(cluster.far.parent)
    if os.geteuid() == 0 and far[0] != Path("/var/lib"):
        shutil.rmtree(far[0], ignore_errors=True)
    if state_dir().exists():
        shutil.rmtree(state_dir())


if __name__ == "__main__":
    main()
