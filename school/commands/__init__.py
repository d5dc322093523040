"""The commands that enter lessons: what each does, without the settings of a server."""
