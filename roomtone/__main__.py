"""`roomtone` and `python -m roomtone`: the command line, with Roomtone's own packages and no others."""

from __future__ import annotations

import sys

from roomtone.own_packages import leave_current_folder, strangers

__all__ = ["main"]


def main() -> int:
    """Run the command line; 1 when packages of the same names come before Roomtone's own."""
    leave_current_folder()
    if found := strangers():
        print(f"roomtone: {found}", file=sys.stderr)
        return 1
    # Only now: it imports the packages that were looked at.
    from roomtone.cli import main as run  # noqa: PLC0415

    return run()


if __name__ == "__main__":
    sys.exit(main())
