"""The off switch: a button and a light on the kit, and the file that keeps a pause over a reboot."""
