"""`roomtone server`: sets a school's server up, brings it up to date, and proves its backups."""
