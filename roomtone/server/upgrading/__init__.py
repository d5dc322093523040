"""`roomtone server upgrade` and `rollback`: from one installed release to another, and back."""
