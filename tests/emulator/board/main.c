/* Runs a hub's firmware and obeys a test: commands on stdin, one line each; answers on stdout.
 *
 *   board HUB.hex lockstep          time passes only by `run CYCLES`
 *   board HUB.hex paced DRIFT_PPM   time passes by itself, the line is a pty
 *
 * It ends with its stdin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_hex.h>
#include <simavr/sim_time.h>

#include "board.h"

enum { SLICE_US = 200, BYTES_A_SLICE = 10, TCCR1B = 0x81 };

static avr_t *avr;
static FILE *answers;
static int pty = -1;
static bool is_held;
static unsigned sound_mv, flips_per_million;
static uint32_t flip_state = 1;
static double begun_s, paced_hz = 1; /* CLOCK_MONOTONIC at cycle 0 of a paced board, its speed */
static avr_cycle_count_t counting_since, run_goal, latest;
static bool is_counting;

/* What the hub has sent since the last `run`, cut behind each delimiter. */
static struct {
    uint8_t *bytes;
    size_t length, room;
    avr_cycle_count_t begun;
} sent;

static void fail(const char *what)
{
    fprintf(stderr, "board: %s\n", what);
    exit(2);
}

/* Time since the firmware started its counter, which is some 0.4 ms after a reset. */
double board_seconds(void)
{
    return (double)(avr->cycle - counting_since) / avr->frequency;
}

static uint64_t now_us(void)
{
    return (avr->cycle - counting_since) / (avr->frequency / 1000000);
}

/* A sleeping CPU jumps to its next timer: this one bounds the jump. */
static avr_cycle_count_t slice(avr_t *of, avr_cycle_count_t when, void *param)
{
    (void)of, (void)param;
    return when + avr_usec_to_cycles(avr, SLICE_US);
}

static void hold_line(bool is_low)
{
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('D'), 2), !is_low);
}

static void watch_counter(void)
{
    bool counts = avr->data[TCCR1B] & 7;
    if (counts && !is_counting) {
        counting_since = avr->cycle;
        hold_line(!is_held); /* a reset clears the pin, and a level that stays is no event */
        hold_line(is_held);
        avr_cycle_timer_register_usec(avr, SLICE_US, slice, 0);
    }
    is_counting = counts;
}

/* ---- the line ------------------------------------------------------------------------------- */

static uint8_t damaged(uint8_t byte)
{
    for (int bit = 0; bit < 8 && flips_per_million > 0; bit++) {
        flip_state = flip_state * 1664525u + 1013904223u;
        if (flip_state % 1000000u < flips_per_million)
            byte ^= (uint8_t)(1 << bit);
    }
    return byte;
}

static void on_sent(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    uint8_t byte = damaged((uint8_t)value);
    if (pty >= 0) {
        if (write(pty, &byte, 1) < 0 && errno != EAGAIN)
            fail("the pseudo-terminal is gone");
        return;
    }
    /* A record: 8 bytes of time, then the byte. */
    if (sent.length + 9 > sent.room) {
        sent.room = 2 * sent.room + 4096;
        sent.bytes = realloc(sent.bytes, sent.room);
    }
    uint64_t at = now_us();
    memcpy(sent.bytes + sent.length, &at, 8);
    sent.bytes[sent.length + 8] = byte;
    sent.length += 9;
}

static void give(uint8_t byte)
{
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
}

static void open_pty(void)
{
    struct termios raw;
    pty = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (pty < 0 || grantpt(pty) || unlockpt(pty))
        fail("no pseudo-terminal");
    /* Held open, so that a reader may come and go. */
    int line = open(ptsname(pty), O_RDWR | O_NOCTTY);
    if (line < 0 || tcgetattr(line, &raw))
        fail("the pseudo-terminal can't be opened");
    cfmakeraw(&raw);
    tcsetattr(line, TCSANOW, &raw);
    fprintf(answers, "pty %s\n", ptsname(pty));
    fflush(answers);
}

static void read_pty(void)
{
    uint8_t bytes[BYTES_A_SLICE];
    ssize_t n = read(pty, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        give(bytes[i]);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void jump(avr_t *of, avr_cycle_count_t cycles)
{
    (void)of, (void)cycles; /* the paced loop waits instead */
}

static void run_until(avr_cycle_count_t cycle)
{
    while (avr->cycle < cycle) {
        avr_cycle_count_t next = avr->cycle + avr_usec_to_cycles(avr, SLICE_US);
        hold_line(is_held);
        avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), sound_mv);
        while (avr->cycle < next && avr->cycle < cycle) {
            int state = avr_run(avr);
            watch_counter();
            if (state == cpu_Done || state == cpu_Crashed)
                fail("the firmware has crashed");
        }
        if (pty >= 0)
            read_pty();
    }
}

static double monotonic_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- commands ------------------------------------------------------------------------------- */

static void answer_sent(void)
{
    for (size_t i = 0; i < sent.length; i += 9) {
        uint64_t at;
        memcpy(&at, sent.bytes + i, 8);
        fprintf(answers, "%02x", sent.bytes[i + 8]);
        if (sent.bytes[i + 8] == 0 || i + 9 == sent.length)
            fprintf(answers, "@%llu ", (unsigned long long)at);
    }
    fprintf(answers, "\n");
    sent.length = 0;
}

static void give_hex(const char *hex)
{
    unsigned byte;
    while (sscanf(hex, "%2x", &byte) == 1) {
        give((uint8_t)byte);
        hex += 2;
    }
}

/* As a program that lost its way: interrupts off, in a circle of one instruction. */
static void hang(void)
{
    avr_flashaddr_t at = avr->flashend - 1;
    avr->flash[at] = 0xff;
    avr->flash[at + 1] = 0xcf; /* rjmp to itself */
    avr->pc = at;
    avr->sreg[S_I] = 0;
    avr->state = cpu_Running; /* it may have slept */
}

static void describe(void)
{
    avr_ioport_state_t port;
    avr_ioctl(avr, AVR_IOCTL_IOPORT_GETSTATE('B'), &port);
    fprintf(answers, "us=%llu begun_s=%.9f late_ms=%.1f led=%d\n", (unsigned long long)now_us(),
            begun_s + (double)counting_since / paced_hz, 1000.0 * (double)latest / paced_hz, (int)(port.port >> 5 & 1));
}

static struct sensor *seat_of(const char *arguments)
{
    int seat = atoi(arguments);
    if (seat < 0 || seat >= SEATS)
        fail("no such seat");
    return &sensors[seat];
}

static void obey(char *line)
{
    char *arguments = strchr(line, ' ');
    arguments = arguments ? arguments + 1 : line + strlen(line);
    int seat;
#define IS(word) (strncmp(line, word, strlen(word)) == 0)
    if (IS("run ")) {
        /* Counted on from the last goal: a sleeping CPU may have jumped past it. */
        run_goal += (avr_cycle_count_t)atoll(arguments);
        run_until(run_goal);
        answer_sent();
        return;
    } else if (IS("state")) {
        describe();
        return;
    } else if (IS("reads ")) {
        fprintf(answers, "%u\n", seat_of(arguments)->reads);
        return;
    } else if (IS("asleep ")) {
        fprintf(answers, "%d\n", seat_of(arguments)->registers[0x20] >> 4 == 0);
        return;
    } else if (IS("send ")) {
        give_hex(arguments);
    } else if (IS("seat ")) {
        struct sensor *of = seat_of(arguments);
        sscanf(arguments, "%d %lf %lf %lf", &seat, &of->g[0], &of->g[1], &of->g[2]);
    } else if (IS("wave ")) {
        struct sensor *of = seat_of(arguments);
        sscanf(arguments, "%d %lf %lf", &seat, &of->wave_g, &of->wave_hz);
    } else if (IS("unplug ")) {
        seat_of(arguments)->is_plugged = false;
    } else if (IS("plug ")) {
        seat_of(arguments)->is_plugged = true;
        sensors_power(seat_of(arguments));
    } else if (IS("dip ")) { /* its power fails for a moment */
        sensors_power(seat_of(arguments));
    } else if (IS("freeze ")) {
        seat_of(arguments)->is_frozen = true;
    } else if (IS("thaw ")) {
        seat_of(arguments)->is_frozen = false;
    } else if (IS("address ")) {
        int address;
        sscanf(arguments, "%d %d", &seat, &address);
        seat_of(arguments)->address = (uint8_t)address;
    } else if (IS("noise ")) {
        noise_counts = (unsigned)atoi(arguments);
    } else if (IS("sound ")) {
        sound_mv = (unsigned)atoi(arguments);
    } else if (IS("hold ")) {
        is_held = atoi(arguments) != 0;
    } else if (IS("flips ")) {
        sscanf(arguments, "%u %u", &flips_per_million, &flip_state);
    } else if (IS("poke ")) { /* 16 bits of the firmware's memory */
        int at, value;
        sscanf(arguments, "%d %d", &at, &value);
        avr->data[at] = (uint8_t)value;
        avr->data[at + 1] = (uint8_t)(value >> 8);
    } else if (IS("reset")) {
        avr_reset(avr);
        avr->state = cpu_Running;
    } else if (IS("hang")) {
        hang();
    } else {
        fail("no such command");
    }
    fprintf(answers, "ok\n");
}

/* The lines that stdin has; false at its end. */
static bool obey_stdin(void)
{
    static char buffer[8192];
    static size_t filled;
    ssize_t n = read(STDIN_FILENO, buffer + filled, sizeof buffer - filled - 1);
    if (n <= 0)
        return false;
    filled += (size_t)n;
    buffer[filled] = 0;
    char *line = buffer, *end;
    while ((end = strchr(line, '\n'))) {
        *end = 0;
        obey(line);
        line = end + 1;
    }
    filled -= (size_t)(line - buffer);
    memmove(buffer, line, filled);
    fflush(answers);
    return true;
}

static void run_paced(double drift_ppm)
{
    begun_s = monotonic_s();
    paced_hz = avr->frequency * (1 + drift_ppm * 1e-6);
    struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = pty, .events = POLLIN}};
    for (;;) {
        avr_cycle_count_t goal = (avr_cycle_count_t)((monotonic_s() - begun_s) * paced_hz);
        if (goal > avr->cycle + latest)
            latest = goal - avr->cycle;
        run_until(goal);
        poll(files, 2, 1);
        if (files[0].revents && !obey_stdin())
            return;
        if (files[1].revents & POLLIN)
            read_pty();
    }
}

/* ---- start ---------------------------------------------------------------------------------- */

/* The file that a boot loader would get, with the hub's setup in it. */
static void load(const char *path)
{
    avr = avr_make_mcu_by_name("atmega328p");
    if (!avr)
        fail("this simavr has no ATmega328P");
    avr_init(avr);
    avr->log = LOG_ERROR;
    avr->frequency = 16000000;
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->sleep = jump;

    ihex_chunk_p chunks = 0;
    int count = read_ihex_chunks(path, &chunks);
    if (count < 1)
        fail("the firmware can't be read");
    for (int i = 0; i < count; i++)
        avr_loadcode(avr, chunks[i].data, chunks[i].size, chunks[i].baseaddr);
    free_ihex_chunks(chunks);
    avr->codeend = avr->flashend;
}

static void attach_line(void)
{
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(
        avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_sent, 0);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        fail("give a firmware and a manner of time");
    answers = fdopen(dup(STDOUT_FILENO), "w");
    dup2(STDERR_FILENO, STDOUT_FILENO); /* simavr prints there */
    load(argv[1]);
    attach_line();
    bus_attach(avr);
    if (strcmp(argv[2], "paced") == 0) {
        open_pty();
        run_paced(argc > 3 ? atof(argv[3]) : 0);
    } else {
        fprintf(answers, "ready\n");
        fflush(answers);
        while (obey_stdin()) {
        }
    }
    return 0;
}
