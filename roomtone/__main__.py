"""`python -m roomtone` is the command line."""

from roomtone.cli import main

raise SystemExit(main())
