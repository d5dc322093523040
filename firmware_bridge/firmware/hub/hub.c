/* The hub's program: docs/serial-protocol.md from the firmware's side.
 *
 * What waits are numbers (sampling.c). A frame is made only when the line is free, the most urgent
 * one first: so a clock request is answered before any backlog, and the sequence on the line never
 * jumps.
 */
#include <string.h>

#include "framing.h"
#include "hardware.h"
#include "sampling.h"
#include "seats.h"
#include "sound.h"

#ifndef PROTOCOL
#define PROTOCOL 1 /* the only one that there is */
#endif

enum {
    HELLO = 0x01,
    SAMPLES = 0x02,
    LEVELS = 0x03,
    STATUS = 0x04,
    CLOCK_REPLY = 0x05,
    HELLO_REQUEST = 0x81,
    CLOCK_REQUEST = 0x82,
    IDENTIFY = 0x83,
    SENSE = 0x84,
    HAS_LEVELS = 1 << 1,
    TAKES_SENSE = 1 << 2,

    MAX_IN_A_FRAME = 5,
    MAX_REQUEST = 16, /* bytes on the line, without the delimiter */
    MAX_REQUESTS = 4,
    MAX_REPLIES = 4,
    BLINK_TICKS = TICK_HZ / 5,
};

static const char VERSION[] = "1.0";

struct request {
    uint32_t tick;
    uint8_t length;
    uint8_t bytes[MAX_REQUEST];
};

struct reply {
    uint32_t receive_tick;
    uint16_t nonce;
};

static struct hub_setup setup;

/* Filled by hub_receive in an interrupt, emptied by answer_requests. */
static struct request requests[MAX_REQUESTS];
static volatile uint8_t request_in, request_out;
static bool is_too_long;

static struct stuffing line;
static volatile uint16_t line_at;
static volatile bool is_sending;
static bool is_line_new = true;

static struct reply replies[MAX_REPLIES];
static uint8_t replies_count;

static bool has_host, is_hello_due, is_status_due;
static bool is_start = true;
static uint8_t sequence;

static uint32_t next_second, uptime_s;
static uint32_t frames_dropped;
static volatile uint16_t requests_refused;
static uint32_t blink_until;
static bool is_blinking;

/* ---- interrupts ----------------------------------------------------------------------------- */

void hub_receive(uint8_t byte, uint32_t tick)
{
    struct request *request = &requests[request_in % MAX_REQUESTS];
    bool is_full = (uint8_t)(request_in - request_out) == MAX_REQUESTS;
    if (byte != 0) {
        if (is_full || request->length == MAX_REQUEST)
            is_too_long = true;
        else
            request->bytes[request->length++] = byte;
        return;
    }
    if (is_too_long) {
        requests_refused++;
        is_too_long = false;
        if (!is_full)
            request->length = 0;
    } else if (!is_full && request->length > 0) {
        request->tick = tick;
        request_in++;
    }
}

bool hub_next_byte(uint8_t *byte)
{
    if (!is_sending)
        return false;
    if (is_line_new) { /* ends what was cut off by the reset */
        is_line_new = false;
        *byte = 0;
        return true;
    }
    *byte = line.bytes[line_at++];
    if (line_at == line.length)
        is_sending = false;
    return true;
}

/* ---- requests ------------------------------------------------------------------------------- */

static void refuse(void)
{
    uint8_t before = board_lock(); /* the interrupt counts too */
    requests_refused++;
    board_unlock(before);
}

/* A host may name the highest version that it speaks; this program has one to offer. */
static void meet_host(void)
{
    is_hello_due = true;
    has_host = true;
}

static void answer(const struct request *request, const uint8_t *payload, uint8_t length)
{
    if (payload[0] == HELLO_REQUEST) {
        meet_host();
    } else if (payload[0] == CLOCK_REQUEST && length == 4) {
        if (!has_host)
            return;
        if (replies_count == MAX_REPLIES) {
            frames_dropped++;
            sequence++; /* so that the host notices */
            return;
        }
        struct reply *reply = &replies[replies_count++];
        reply->nonce = (uint16_t)(payload[2] | payload[3] << 8);
        reply->receive_tick = request->tick;
    } else if (payload[0] == IDENTIFY && length == 3) {
        is_blinking = payload[2] > 0;
        blink_until = board_ticks() + (uint32_t)payload[2] * TICK_HZ;
    } else if (payload[0] == SENSE && length == 3) {
        sampling_want(payload[2]);
    } else {
        refuse();
    }
}

static void answer_requests(void)
{
    while (request_out != request_in) {
        struct request *request = &requests[request_out % MAX_REQUESTS];
        uint8_t length = unstuff(request->bytes, request->length);
        if (length == 0)
            refuse();
        else
            answer(request, request->bytes, length);
        request->length = 0;
        request_out++;
    }
}

/* ---- frames --------------------------------------------------------------------------------- */

static void begin(uint8_t type)
{
    stuff_begin(&line);
    stuff_u8(&line, type);
    stuff_u8(&line, sequence++);
}

static void make_hello(void)
{
    begin(HELLO);
    stuff_u8(&line, PROTOCOL);
    stuff_u8(&line, TAKES_SENSE | (setup.has_sound ? HAS_LEVELS : 0) | (is_start ? 1 : 0));
    stuff_u32(&line, TICK_HZ);
    stuff_u32(&line, SAMPLE_HZ * 1000UL);
    stuff_u16(&line, COUNTS_PER_G);
    stuff_u8(&line, setup.seats);
    stuff_text(&line, setup.hub_id);
    stuff_text(&line, board_firmware);
    stuff_text(&line, VERSION);
    is_start = is_hello_due = false;
}

static void make_reply(void)
{
    begin(CLOCK_REPLY);
    stuff_u16(&line, replies[0].nonce);
    stuff_u32(&line, replies[0].receive_tick);
    stuff_u32(&line, board_ticks());
    replies_count--;
    memmove(replies, replies + 1, replies_count * sizeof *replies);
}

static void make_status(void)
{
    begin(STATUS);
    stuff_u32(&line, board_ticks());
    stuff_u32(&line, uptime_s);
    stuff_u32(&line, sampling_dropped());
    stuff_u32(&line, frames_dropped);
    uint8_t before = board_lock();
    uint16_t refused = requests_refused;
    board_unlock(before);
    stuff_u16(&line, refused);
    stuff_u8(&line, sampling_missing());
    stuff_u8(&line, sound_is_missing() ? 1 : 0);
    is_status_due = false;
}

static void make_levels(void)
{
    uint16_t levels[MAX_LEVELS];
    uint8_t count = sound_waiting();
    begin(LEVELS);
    stuff_u32(&line, sound_take(levels));
    stuff_u32(&line, LEVEL_STEP);
    stuff_u8(&line, count);
    for (uint8_t i = 0; i < count; i++)
        stuff_u16(&line, levels[i]);
}

static void make_samples(uint8_t count)
{
    begin(SAMPLES);
    const struct sample *sample = sampling_take();
    stuff_u32(&line, sample->tick);
    stuff_u32(&line, SAMPLE_STEP);
    stuff_u8(&line, count);
    stuff_u8(&line, setup.seats);
    for (;;) {
        for (uint8_t seat = 0; seat < setup.seats; seat++)
            for (uint8_t axis = 0; axis < 3; axis++)
                stuff_u16(&line, (uint16_t)sample->values[seat][axis]);
        if (--count == 0)
            break;
        sample = sampling_take();
    }
}

/* Starts the most urgent frame if the line is free. */
static void send(void)
{
    if (is_sending || !has_host)
        return;
    uint8_t samples = sampling_waiting(MAX_IN_A_FRAME);
    if (is_hello_due)
        make_hello();
    else if (replies_count > 0)
        make_reply();
    else if (is_status_due)
        make_status();
    else if (sound_waiting() > 0)
        make_levels();
    else if (samples > 0)
        make_samples(samples);
    else
        return;
    stuff_end(&line);
    line_at = 0;
    is_sending = true;
    board_line_start();
}

/* ---- the program ---------------------------------------------------------------------------- */

static void count_seconds(uint32_t now)
{
    while ((int32_t)(now - next_second) >= 0) {
        next_second += TICK_HZ;
        uptime_s++;
        is_status_due = has_host;
    }
}

/* The light is on while any seat is read; it blinks for who looks for the hub. */
static void light(uint32_t now)
{
    if (is_blinking && (int32_t)(now - blink_until) >= 0)
        is_blinking = false;
    board_led(is_blinking ? now / BLINK_TICKS % 2 == 0 : sampling_is_on());
}

/* What can't wait until a sample is read. */
static void serve(void)
{
    answer_requests();
    send();
}

static void step(void)
{
    uint32_t now = board_ticks();
    board_alive();
    count_seconds(now);
    light(now);
    serve();
    sampling_step(serve);
    if (setup.has_sound)
        sound_step(sampling_is_on());
}

int main(void)
{
    board_start(&setup);
    next_second = board_ticks() + TICK_HZ;
    sampling_start(setup.seats);
    for (;;) {
        step();
        board_rest();
    }
}
