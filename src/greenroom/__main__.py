"""`greenroom` and `python -m greenroom`: answers `--version` at once and hands everything else to the command line."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line with the process's arguments; the result is the exit code."""
    if sys.argv[1:] == ["--version"]:
        from greenroom import __version__

        try:
            if sys.stdout is not None:
                sys.stdout.write(f"greenroom {__version__}\n")
                sys.stdout.flush()
        except OSError:
            os._exit(70)  # nobody can be told, and Python would complain about the unwritten line
        return 0
    from greenroom.cli.app import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
