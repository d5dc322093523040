#include "setup.h"

#include <string.h>

void setup_read(struct hub_setup *setup, const uint8_t kept[SETUP_SIZE])
{
    uint8_t mark = kept[0], seats = kept[1], has_sound = kept[2], length = kept[3];
    memset(setup, 0, sizeof *setup);
    if (mark == SETUP_MARK && seats >= 1 && seats <= MAX_SEATS && length >= 1 &&
        length <= MAX_HUB_ID) {
        setup->seats = seats;
        setup->has_sound = has_sound == 1;
        memcpy(setup->hub_id, kept + 4, length);
    } else {
        setup->seats = MAX_SEATS;
        strcpy(setup->hub_id, "hub-not-set-up");
    }
}
