"""`python -m tools.province --state FOLDER [--port N] [--secret whsec_…] [--public-key whpk_…] [--target URL] [--signing-key …]`.

Becomes the Node program; prints one JSON line with its address when it listens. Its packages are fetched once into the cache
(`MINGQUAN_CACHE`) and checked against the hashes of package-lock.json.
"""

import os
import sys

from tools.province.packages import NotInstalled, program


def main() -> None:
    """In place of this process: signals reach the program itself."""
    try:
        node, script = program()
    except NotInstalled as missing:
        sys.exit(str(missing))
    os.execv(node, [node, str(script), *sys.argv[1:]])  # our own words, no shell


if __name__ == "__main__":
    main()
