/* All that the hub's logic asks of a board, and what a board must call.
 *
 * A board is one folder in boards/ that implements the functions below. Everything else in hub/
 * is plain C11 that knows no register.
 */
#ifndef HARDWARE_H
#define HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_SEATS = 8,
    MAX_HUB_ID = 32,
    TICK_HZ = 250000, /* the counter of 4 microseconds that every board has */
};

/* What was written into the board's own memory when it was set up. */
struct hub_setup {
    char hub_id[MAX_HUB_ID + 1]; /* unique to this piece of hardware */
    uint8_t seats;               /* 1 to MAX_SEATS */
    bool has_sound;              /* an analog sound level meter is wired to it */
};

/* Starts the clock, the line, the bus and the watchdog, and says which hub this is. */
void board_start(struct hub_setup *setup);

/* The name that HELLO gives, at most 24 characters. */
extern const char board_firmware[];

/* The free-running counter, TICK_HZ a second, that wraps after 32 bits. */
uint32_t board_ticks(void);

/* Sleeps until an interrupt; at least one comes each millisecond of the counter. */
void board_rest(void);

/* The program is well: without this for a quarter of a second the board resets itself. */
void board_alive(void);

/* Writes `n` bytes to a device on the bus, then reads `m` after a repeated start; n or m may be 0.
 * False if the device does not answer within some milliseconds; then the bus is free again. */
bool board_transfer(uint8_t address, const uint8_t *out, uint8_t n, uint8_t *in, uint8_t m);

/* The output of the sound level meter now. */
uint16_t board_sound_millivolts(void);

void board_led(bool on);

/* There is a frame: the board takes its bytes with hub_next_byte and sends them by interrupt. */
void board_line_start(void);

/* Protects what the logic shares with its own interrupt functions below. */
uint8_t board_lock(void);
void board_unlock(uint8_t before);

/* ---- what a board calls from its interrupts ------------------------------------------------ */

/* A byte came from the host, complete at this tick. */
void hub_receive(uint8_t byte, uint32_t tick);

/* The next byte for the host; false if there is none. */
bool hub_next_byte(uint8_t *byte);

#endif
