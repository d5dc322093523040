#define _GNU_SOURCE
/* A TCA9548A and up to eight LIS3DH on the emulated bus, by their data sheets. */
#include <math.h>
#include <string.h>

#include <simavr/avr_twi.h>
#include <simavr/sim_time.h>

#include "board.h"

enum {
    MULTIPLEXER = 0x70,
    WHO_AM_I = 0x0f,
    CTRL_REG1 = 0x20,
    CTRL_REG4 = 0x23,
    STATUS_REG = 0x27,
    OUT_X_L = 0x28,
};

struct sensor sensors[SEATS];
unsigned noise_counts;

static avr_t *avr;
static avr_irq_t *to_master;
static uint8_t branches;

static enum { NOBODY, TO_MULTIPLEXER, TO_SENSOR } chosen;
static struct sensor *sensor;
static bool is_register_next, counts_up;

void sensors_power(struct sensor *of)
{
    memset(of->registers, 0, sizeof of->registers);
    of->registers[WHO_AM_I] = 0x33;
    of->registers[CTRL_REG1] = 0x07; /* powered down, all axes on */
    of->read_at = 0;
}

static unsigned rate_hz(const struct sensor *of)
{
    static const unsigned rates[] = {0, 1, 10, 25, 50, 100, 200, 400};
    unsigned code = of->registers[CTRL_REG1] >> 4;
    return code < 8 ? rates[code] : 0;
}

static unsigned noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 16;
}

/* What the output registers hold now, as a left-justified number of 12 bits. */
static void measure(struct sensor *of)
{
    bool is_fine = of->registers[CTRL_REG4] & 0x08;
    int full_scale = of->registers[CTRL_REG4] >> 4 & 3; /* +-2, 4, 8, 16 g */
    static const double mg_a_count[] = {1, 2, 4, 12};
    for (int axis = 0; axis < 3; axis++) {
        double g = of->g[axis];
        if (axis == 0)
            g += of->wave_g * sin(2 * M_PI * of->wave_hz * board_seconds());
        long counts = lround(g * 1000 / mg_a_count[full_scale]);
        if (noise_counts > 0)
            counts += (long)(noise() % (2 * noise_counts + 1)) - (long)noise_counts;
        counts = counts > 2047 ? 2047 : counts < -2048 ? -2048 : counts;
        if (!is_fine)
            counts &= ~3L; /* 10 bits */
        uint16_t raw = (uint16_t)(counts * 16);
        of->registers[OUT_X_L + 2 * axis] = (uint8_t)raw;
        of->registers[OUT_X_L + 2 * axis + 1] = (uint8_t)(raw >> 8);
        of->read[axis] = (int16_t)counts;
    }
}

static uint8_t read_register(void)
{
    uint8_t at = sensor->at;
    if (at == STATUS_REG) {
        unsigned hz = rate_hz(sensor);
        bool all_axes = (sensor->registers[CTRL_REG1] & 7) == 7;
        bool is_new = hz && all_axes && !sensor->is_frozen &&
                      avr->cycle - sensor->read_at >= avr->frequency / hz;
        sensor->registers[STATUS_REG] = is_new ? 0x0f : 0;
        if (is_new) {
            measure(sensor);
            sensor->read_at = avr->cycle;
        }
    }
    if (at == OUT_X_L)
        sensor->reads++;
    if (counts_up)
        sensor->at = (at + 1) & 63;
    return sensor->registers[at];
}

static void write_byte(uint8_t byte)
{
    if (chosen == TO_MULTIPLEXER) {
        branches = byte;
    } else if (is_register_next) {
        sensor->at = byte & 63;
        counts_up = byte & 0x80;
        is_register_next = false;
    } else {
        if (sensor->at >= CTRL_REG1 && sensor->at < STATUS_REG)
            sensor->registers[sensor->at] = byte;
        if (counts_up)
            sensor->at = (sensor->at + 1) & 63;
    }
}

static void choose(uint8_t address, bool is_read)
{
    chosen = NOBODY;
    if (address == MULTIPLEXER)
        chosen = TO_MULTIPLEXER;
    for (int seat = 0; seat < SEATS && chosen == NOBODY; seat++) {
        struct sensor *of = &sensors[seat];
        if ((branches >> seat & 1) && of->is_plugged && of->address == address) {
            chosen = TO_SENSOR;
            sensor = of;
            is_register_next = !is_read;
        }
    }
}

static void acknowledge(uint8_t address)
{
    avr_raise_irq(to_master, avr_twi_irq_msg(TWI_COND_ACK, address, 1));
}

static void on_bus(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    avr_twi_msg_irq_t message = {.u.v = value};
    uint8_t kind = message.u.twi.msg, address = message.u.twi.addr;
    if (kind & TWI_COND_STOP)
        chosen = NOBODY;
    if (kind & TWI_COND_START) {
        choose(address >> 1, address & 1);
        if (chosen != NOBODY)
            acknowledge(address);
    }
    if (chosen == NOBODY)
        return;
    if (kind & TWI_COND_WRITE) {
        write_byte(message.u.twi.data);
        acknowledge(address);
    }
    if (kind & TWI_COND_READ) {
        uint8_t byte = chosen == TO_SENSOR ? read_register() : branches;
        avr_raise_irq(to_master, avr_twi_irq_msg(TWI_COND_READ, address, byte));
    }
}

void bus_attach(avr_t *of)
{
    avr = of;
    for (int seat = 0; seat < SEATS; seat++) {
        sensors[seat].is_plugged = true;
        sensors[seat].address = 0x18;
        sensors[seat].g[2] = 1.0;
        sensors_power(&sensors[seat]);
    }
    to_master = avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_OUTPUT), on_bus, 0);
}
