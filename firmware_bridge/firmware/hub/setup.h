/* What `make setup` writes into a page of flash of its own, the same on every board. */
#ifndef SETUP_H
#define SETUP_H

#include "hardware.h"

enum {
    SETUP_MARK = 0xa7,
    SETUP_SIZE = 4 + MAX_HUB_ID, /* mark, seats, has_sound, length of the name, the name */
};

/* Reads those bytes; where nothing was written, eight seats and a name that says so. */
void setup_read(struct hub_setup *setup, const uint8_t kept[SETUP_SIZE]);

#endif
