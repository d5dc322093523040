"""The programs and commands around the site's authority: its service, kits' port, nodes, the broker."""
