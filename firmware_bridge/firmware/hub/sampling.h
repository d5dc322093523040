/* When which seats are read, and the samples that wait for the line. */
#ifndef SAMPLING_H
#define SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "hardware.h"

enum {
    SAMPLE_HZ = 50,
    SAMPLE_STEP = TICK_HZ / SAMPLE_HZ,
};

struct sample {
    uint32_t tick;
    int16_t values[MAX_SEATS][3];
};

/* The hub has so many seats; until the host says otherwise none of them is read. */
void sampling_start(uint8_t seats);

/* The seats that the host wants read, as a bit mask; obeyed in the next step. */
void sampling_want(uint8_t seats);

/* Takes the sample that is due, if any, and looks after the sensors. Calls `meanwhile` between
 * two seats, because reading all takes milliseconds. */
void sampling_step(void (*meanwhile)(void));

/* Whether any seat is read. */
bool sampling_is_on(void);

/* Seats whose sensor does not answer, as a bit mask. */
uint8_t sampling_missing(void);

/* Sample instants that were not taken, or given up because the line was held. */
uint32_t sampling_dropped(void);

/* How many of the oldest samples follow each other without a gap, up to `most`; 0: none waits. */
uint8_t sampling_waiting(uint8_t most);

/* Takes the oldest sample; it stays as it is until the next step. */
const struct sample *sampling_take(void);

#endif
