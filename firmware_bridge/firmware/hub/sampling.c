/* The sensors of the seats that the host wants, 50 times a second; all others sleep. */
#include "sampling.h"

#include "seats.h"

enum {
    USUAL_TICKS_A_SEAT = 300, /* to read it, where there is none to try it on */
    SENSE_HOLDS_S = 30,       /* without another SENSE the sensors go to sleep */
    LOOK_TICKS = TICK_HZ / MAX_SEATS, /* each seat that is not read is looked at once a second */
    WAKING_TICKS = WAKING_MS * (TICK_HZ / 1000),
    MAX_WAITING = 16, /* samples, 320 ms */
};

static uint8_t seats;
static struct sample waiting[MAX_WAITING];
static uint8_t waiting_first, waiting_count;

/* Bit masks: the seats that the host wants read, those whose sensor answers, those that wake up. */
static uint8_t seats_wanted, seats_present, seats_waking;
static uint32_t wanted_until, awake_at, next_look;
static uint8_t look_at, next_seats;
static bool is_sense_due; /* obeyed between two samples, not within one */
static uint32_t half_reading; /* a sample's tick is the middle of reading all seats */
static uint32_t next_sample, samples_dropped;

static bool is_past(uint32_t now, uint32_t tick)
{
    return (int32_t)(now - tick) >= 0;
}

/* The sensor of a seat that is not wanted sleeps, and nobody reads it. */
static void visit(uint8_t seat)
{
    uint8_t bit = (uint8_t)(1 << seat);
    bool is_wanted = seats_wanted & bit;
    if (is_wanted ? seat_start(seat) : seat_rest(seat))
        seats_present |= bit;
    else
        seats_present &= (uint8_t)~bit;
    if (is_wanted) {
        seats_waking |= bit;
        awake_at = board_ticks() + WAKING_TICKS;
    }
}

/* Fixed from the first time on, so that the distance between samples is. */
static void measure_half_reading(void)
{
    int16_t xyz[3];
    for (uint8_t seat = 0; seat < seats && half_reading == 0; seat++) {
        uint32_t since = board_ticks();
        if (seats_present & seats_wanted & (1 << seat)) {
            (void)seat_read(seat, xyz); /* before its first value: only the time matters */
            half_reading = (board_ticks() - since) * seats / 2;
        }
    }
    if (half_reading == 0)
        half_reading = USUAL_TICKS_A_SEAT * (uint32_t)seats / 2;
}

static void sense(uint8_t wanted)
{
    uint8_t changed = wanted ^ seats_wanted;
    bool rested = seats_wanted == 0;
    seats_wanted = wanted;
    wanted_until = board_ticks() + (uint32_t)SENSE_HOLDS_S * TICK_HZ;
    for (uint8_t seat = 0; seat < seats; seat++)
        if (changed & (1 << seat))
            visit(seat);
    if (rested && wanted != 0) {
        measure_half_reading();
        uint32_t first = board_ticks() + WAKING_TICKS;
        next_sample = first - first % SAMPLE_STEP + SAMPLE_STEP;
    }
}

static void read_seats(struct sample *sample, void (*meanwhile)(void))
{
    if (seats_waking && is_past(board_ticks(), awake_at))
        seats_waking = 0;
    for (uint8_t seat = 0; seat < seats; seat++) {
        uint8_t bit = (uint8_t)(1 << seat);
        int16_t *xyz = sample->values[seat];
        bool is_read = seats_wanted & seats_present & (uint8_t)~seats_waking & bit;
        if (is_read && !seat_read(seat, xyz)) {
            seats_present &= (uint8_t)~bit;
            is_read = false;
        }
        if (!is_read)
            xyz[0] = xyz[1] = xyz[2] = SEAT_MISSING;
        meanwhile();
    }
}

/* Looks whether a sensor is there that is not read; each has its own turn once a second. */
static void look_at_a_seat(void)
{
    if (!is_past(board_ticks(), next_look))
        return;
    next_look = board_ticks() + LOOK_TICKS;
    look_at = (look_at + 1) % MAX_SEATS;
    if (look_at < seats && !(seats_wanted & seats_present & (1 << look_at)))
        visit(look_at);
}

static void take_sample(void (*meanwhile)(void))
{
    if (waiting_count == MAX_WAITING) { /* the newest are worth more than the oldest */
        waiting_first = (waiting_first + 1) % MAX_WAITING;
        waiting_count--;
        samples_dropped++;
    }
    struct sample *sample = &waiting[(waiting_first + waiting_count) % MAX_WAITING];
    sample->tick = next_sample + half_reading;
    read_seats(sample, meanwhile);
    waiting_count++;
    next_sample += SAMPLE_STEP;
    while (is_past(board_ticks(), next_sample + SAMPLE_STEP / 2)) { /* too late for this one */
        next_sample += SAMPLE_STEP;
        samples_dropped++;
    }
    meanwhile();
    look_at_a_seat();
}

void sampling_start(uint8_t of)
{
    seats = of;
    for (uint8_t seat = 0; seat < seats; seat++)
        visit(seat);
}

void sampling_want(uint8_t wanted)
{
    next_seats = wanted & (uint8_t)((1u << seats) - 1);
    is_sense_due = true;
}

void sampling_step(void (*meanwhile)(void))
{
    if (is_sense_due) {
        is_sense_due = false;
        sense(next_seats);
    }
    if (seats_wanted != 0 && is_past(board_ticks(), wanted_until))
        sense(0);
    if (seats_wanted == 0)
        look_at_a_seat();
    else if (is_past(board_ticks(), next_sample))
        take_sample(meanwhile);
}

bool sampling_is_on(void)
{
    return seats_wanted != 0;
}

uint8_t sampling_missing(void)
{
    return (uint8_t)(((1u << seats) - 1) & (uint8_t)~seats_present);
}

uint32_t sampling_dropped(void)
{
    return samples_dropped;
}

uint8_t sampling_waiting(uint8_t most)
{
    uint8_t count = 0;
    while (count < waiting_count && count < most) {
        uint32_t tick = waiting[(waiting_first + count) % MAX_WAITING].tick;
        if (tick != waiting[waiting_first].tick + count * (uint32_t)SAMPLE_STEP)
            break;
        count++;
    }
    return count;
}

const struct sample *sampling_take(void)
{
    const struct sample *oldest = &waiting[waiting_first];
    waiting_first = (waiting_first + 1) % MAX_WAITING;
    waiting_count--;
    return oldest;
}
