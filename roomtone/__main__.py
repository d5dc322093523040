"""`roomtone` and `python -m roomtone`: the command line, using only Roomtone's own packages."""

from __future__ import annotations

import sys

from roomtone.own_packages import foreign_package, leave_current_folder

__all__ = ["main"]


def main() -> int:
    """Run the command line; 1 if Python finds other packages before Roomtone's own."""
    leave_current_folder()
    if found := foreign_package():
        print(f"roomtone: {found}", file=sys.stderr)
        return 1
    # Imported only now, after the packages have been checked.
    from roomtone.cli import main as run  # noqa: PLC0415

    return run()


if __name__ == "__main__":
    sys.exit(main())
