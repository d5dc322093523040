"""Each room's kits as their technician looks after them: what reports, what is wrong, what to do."""
