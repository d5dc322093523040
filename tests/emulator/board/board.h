/* The emulated board: an ATmega328P in simavr, a multiplexer and eight accelerometers.
 *
 * simavr is under the GPLv3: this program is for tests, and no part of what Roomtone ships.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <simavr/sim_avr.h>

enum { SEATS = 8 };

/* An LIS3DH on one branch of the multiplexer, and what moves it. */
struct sensor {
    bool is_plugged;
    bool is_frozen; /* answers, but never has a new value */
    uint8_t address;
    uint8_t registers[64];
    uint8_t at;
    unsigned reads; /* of what it measures */
    avr_cycle_count_t read_at;
    double g[3];
    double wave_g, wave_hz; /* added to x */
    int16_t read[3];
};

extern struct sensor sensors[SEATS];
extern unsigned noise_counts;

void sensors_power(struct sensor *sensor);
double board_seconds(void);
void bus_attach(avr_t *avr);

#endif
