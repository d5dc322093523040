"""The rules that every store follows, in memory and on disk. Pure."""
