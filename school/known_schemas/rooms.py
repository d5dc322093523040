"""What later versions of school.db have more for rooms and their kits: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["ROOMS"]

ROOMS: Final = """;
CREATE TABLE sites (
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID, STRICT;
CREATE TABLE rooms (
    name TEXT NOT NULL,
    site TEXT NOT NULL,
    title TEXT NOT NULL,
    seat_lines TEXT NOT NULL,
    zones TEXT NOT NULL,
    PRIMARY KEY (name),
    CONSTRAINT rooms_site_fkey FOREIGN KEY(site) REFERENCES sites (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX rooms_site ON rooms (site);
CREATE TABLE kits (
    node TEXT NOT NULL,
    room TEXT NOT NULL,
    sound TEXT NOT NULL,
    added_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (node),
    CONSTRAINT kits_room_fkey FOREIGN KEY(room) REFERENCES rooms (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX kits_room ON kits (room);
CREATE TABLE kit_hubs (
    node TEXT NOT NULL,
    hub TEXT NOT NULL,
    place INTEGER NOT NULL,
    port TEXT NOT NULL,
    PRIMARY KEY (node, hub),
    CONSTRAINT kit_hubs_node_fkey FOREIGN KEY(node) REFERENCES kits (node) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE kit_seats (
    room TEXT NOT NULL,
    seat INTEGER NOT NULL,
    node TEXT NOT NULL,
    hub TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (room, seat),
    CONSTRAINT kit_seats_hub_fkey
        FOREIGN KEY(node, hub) REFERENCES kit_hubs (node, hub) ON DELETE CASCADE,
    CONSTRAINT kit_seats_room_fkey FOREIGN KEY(room) REFERENCES rooms (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX kit_seats_hub ON kit_seats (node, hub)
"""
