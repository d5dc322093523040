/* The seats' accelerometers: LIS3DH, each on its own branch of a TCA9548A multiplexer. */
#ifndef SEATS_H
#define SEATS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    COUNTS_PER_G = 1000,
    SEAT_MISSING = -32768,
    WAKING_MS = 50, /* until a sensor that was woken has a good first value */
};

/* Looks for the seat's sensor and wakes it; false if none answers as one. */
bool seat_start(uint8_t seat);

/* Puts the sensor to sleep: it measures nothing. False if it does not answer. */
bool seat_rest(uint8_t seat);

/* The newest x, y, z in counts. False if the sensor does not answer or has nothing new: then it
 * was unplugged, lost its power for a moment, or hangs, and must be started again. */
bool seat_read(uint8_t seat, int16_t xyz[3]);

#endif
