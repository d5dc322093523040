/* A meter with 50 dB a volt, already A-weighted and with fast time weighting, as small boards have it.
 * What is read of it is averaged as energy.
 */
#include "sound.h"

#include <string.h>

enum {
    READ_TICKS = TICK_HZ / 50,
    HUNDREDTHS_A_MV = 5,
    LOWEST_MV = 400,  /* 20 dB(A): no room is as quiet, so no meter is there */
    HIGHEST_MV = 2800, /* 140 dB(A) */
};

static bool was_on, is_missing;
static uint32_t began, next_read;
static float energy;
static uint8_t reads, misses;
static uint16_t waiting[MAX_LEVELS];
static uint8_t count;
static uint32_t first_tick;

/* Ten to the power of a level, digit by digit: the chip has no logarithm, and needs none. */
static const struct {
    uint16_t hundredths;
    float factor;
} DIGITS[] = {{1000, 10.0f}, {100, 1.25892541f}, {10, 1.02329299f}, {1, 1.00230524f}};

enum { DIGIT_COUNT = sizeof DIGITS / sizeof *DIGITS };

static float energy_of(uint16_t hundredths)
{
    float found = 1.0f;
    for (uint8_t i = 0; i < DIGIT_COUNT; i++)
        for (; hundredths >= DIGITS[i].hundredths; hundredths -= DIGITS[i].hundredths)
            found *= DIGITS[i].factor;
    return found;
}

static uint16_t level_of(float of)
{
    uint16_t found = 0;
    of *= 1.00115196f; /* half of the last digit, so that it is rounded */
    for (uint8_t i = 0; i < DIGIT_COUNT; i++)
        for (; of >= DIGITS[i].factor; of /= DIGITS[i].factor)
            found += DIGITS[i].hundredths;
    return found;
}

static void read_meter(void)
{
    uint16_t millivolts = board_sound_millivolts();
    if (millivolts < LOWEST_MV || millivolts > HIGHEST_MV) {
        misses++;
    } else {
        energy += energy_of(millivolts * HUNDREDTHS_A_MV);
        reads++;
    }
}

static void end_interval(void)
{
    is_missing = reads == 0 || misses > 0;
    if (count == MAX_LEVELS) {
        memmove(waiting, waiting + 1, (MAX_LEVELS - 1) * sizeof *waiting);
        first_tick += LEVEL_STEP;
        count--;
    }
    if (count == 0)
        first_tick = began;
    waiting[count++] = is_missing ? LEVEL_MISSING : level_of(energy / reads);
}

static void begin_interval(uint32_t tick)
{
    began = tick;
    energy = 0;
    reads = misses = 0;
}

void sound_step(bool is_on)
{
    uint32_t now = board_ticks();
    if (is_on && !was_on) {
        begin_interval(now);
        next_read = now;
        count = 0;
    }
    was_on = is_on;
    if (!is_on)
        return;
    if ((int32_t)(now - (began + LEVEL_STEP)) >= 0) {
        end_interval();
        begin_interval(began + LEVEL_STEP);
    }
    if ((int32_t)(now - next_read) >= 0) {
        next_read += READ_TICKS;
        read_meter();
    }
}

bool sound_is_missing(void)
{
    return is_missing;
}

uint8_t sound_waiting(void)
{
    return count;
}

uint32_t sound_take(uint16_t levels[MAX_LEVELS])
{
    memcpy(levels, waiting, count * sizeof *waiting);
    count = 0;
    return first_tick;
}
