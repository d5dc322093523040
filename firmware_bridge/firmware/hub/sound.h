/* The analog sound level meter: its levels, never its sound. */
#ifndef SOUND_H
#define SOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "hardware.h"

enum {
    LEVEL_STEP = TICK_HZ / 8, /* 125 ms */
    LEVEL_MISSING = 65535,
    MAX_LEVELS = 8, /* that wait for the line, the newest */
};

/* Reads the meter fifty times a second while `is_on`; call it at least each few milliseconds. */
void sound_step(bool is_on);

/* Whether the meter's last level could not be one. */
bool sound_is_missing(void);

/* How many levels wait. */
uint8_t sound_waiting(void);

/* Takes those levels into `levels`, LAeq in 0.01 dB(A); the tick at which the first one began. */
uint32_t sound_take(uint16_t levels[MAX_LEVELS]);

#endif
