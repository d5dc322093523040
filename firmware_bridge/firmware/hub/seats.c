#include "seats.h"

#include "hardware.h"

enum {
    MULTIPLEXER = 0x70,
    SENSOR = 0x18, /* or the next address, where the board pulls SA0 up */

    WHO_AM_I = 0x0f,
    IS_LIS3DH = 0x33,
    CTRL_REG1 = 0x20,
    RATE_200_HZ_ALL_AXES = 0x67,
    ASLEEP = 0x07,
    CTRL_REG4 = 0x23,
    WHOLE_2G_FINE = 0x88, /* no half-updated value, +-2 g, 12 bits: 1 mg a count */
    STATUS_REG = 0x27,
    ALL_AXES_NEW = 0x08,
    NEXT_REGISTERS = 0x80, /* the register counts up while it is read */
};

/* At 200 Hz in its fine mode the sensor itself filters above 22 Hz (rate / 9), as 50 samples a
 * second want it, and there is always a new value after 20 ms. */

static uint8_t addresses[MAX_SEATS];

static bool choose(uint8_t seat)
{
    uint8_t branch = (uint8_t)(1 << seat);
    return board_transfer(MULTIPLEXER, &branch, 1, 0, 0);
}

static bool set(uint8_t address, uint8_t register_, uint8_t value)
{
    uint8_t out[] = {register_, value};
    return board_transfer(address, out, sizeof out, 0, 0);
}

/* Finds the sensor's address; false if none answers as an LIS3DH. */
static bool find(uint8_t seat)
{
    if (!choose(seat))
        return false;
    for (uint8_t address = SENSOR; address <= SENSOR + 1; address++) {
        uint8_t who = WHO_AM_I, is = 0;
        addresses[seat] = address;
        if (board_transfer(address, &who, 1, &is, 1) && is == IS_LIS3DH)
            return true;
    }
    return false;
}

bool seat_start(uint8_t seat)
{
    return find(seat) && set(addresses[seat], CTRL_REG4, WHOLE_2G_FINE) &&
           set(addresses[seat], CTRL_REG1, RATE_200_HZ_ALL_AXES);
}

bool seat_rest(uint8_t seat)
{
    return find(seat) && set(addresses[seat], CTRL_REG1, ASLEEP);
}

bool seat_read(uint8_t seat, int16_t xyz[3])
{
    uint8_t from = STATUS_REG | NEXT_REGISTERS, in[7];
    if (!choose(seat) || !board_transfer(addresses[seat], &from, 1, in, sizeof in))
        return false;
    if (!(in[0] & ALL_AXES_NEW))
        return false;
    for (uint8_t axis = 0; axis < 3; axis++) {
        uint16_t raw = (uint16_t)(in[1 + 2 * axis] | in[2 + 2 * axis] << 8);
        xyz[axis] = (int16_t)raw / 16; /* 12 bits, at the upper end of 16 */
    }
    return true;
}
