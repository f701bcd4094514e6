"""`greenroom` and `python -m greenroom`: answers `--version` at once and hands everything else to the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line with the process's arguments; the result is the exit code."""
    if sys.argv[1:] == ["--version"]:
        from greenroom import __version__

        sys.stdout.write(f"greenroom {__version__}\n")
        return 0
    from greenroom.cli.app import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
