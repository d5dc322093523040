/* Raspberry Pi Pico (RP2040), bare metal at the crystal's 12 MHz. Pins: docs/firmware.md.
 *
 * The names of registers are those of the RP2040's data sheet.
 */
#include "board.h"

#include "hardware.h"
#include "setup.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SET(address) REGISTER((address) + 0x2000)
#define CLEAR(address) REGISTER((address) + 0x3000)

enum {
    CRYSTAL_HZ = 12000000,
    BUS_HZ = 100000,
    BUS_TIMEOUT = 3 * TICK_HZ / 1000,
    WATCHDOG_US = 250000,
    SETUP_AT = 0x10010000, /* flash, behind the program */

    PIN_TX = 0,
    PIN_RX = 1,
    PIN_HOLD = 2,
    PIN_SDA = 4,
    PIN_SCL = 5,
    PIN_LED = 25,
    PIN_SOUND = 26,

    AS_UART = 2,
    AS_I2C = 3,
    AS_GPIO = 5,
};

#define CLOCKS 0x40008000u
#define RESETS 0x4000c000u
#define PSM_WDSEL 0x40010008u
#define IO_CTRL(pin) (0x40014004u + 8u * (pin))
#define PADS(pin) (0x4001c004u + 4u * (pin))
#define XOSC 0x40024000u
#define UART 0x40034000u
#define I2C 0x40044000u
#define ADC_CS 0x4004c000u
#define ADC_RESULT 0x4004c004u
#define TIMER 0x40054000u
#define WATCHDOG 0x40058000u
#define SIO 0xd0000000u
#define NVIC_ISER 0xe000e100u

const char board_firmware[] = "roomtone-rp2040";

/* ---- start ---------------------------------------------------------------------------------- */

static void use_crystal(void)
{
    REGISTER(XOSC + 0x0c) = 47; /* STARTUP: a millisecond */
    REGISTER(XOSC) = 0xfabaa0;  /* CTRL: on, 1 to 15 MHz */
    while (!(REGISTER(XOSC + 0x04) & 1u << 31)) {
    }
    REGISTER(CLOCKS + 0x30) = 2; /* CLK_REF from the crystal; CLK_SYS follows it */
    while (!(REGISTER(CLOCKS + 0x38) & 1u << 2)) {
    }
    REGISTER(CLOCKS + 0x3c) = 0;
    REGISTER(CLOCKS + 0x48) = 1u << 11 | 4u << 5; /* CLK_PERI: on, the crystal */
    REGISTER(CLOCKS + 0x60) = 1u << 11 | 3u << 5; /* CLK_ADC: on, the crystal */
}

static void wake_peripherals(void)
{
    uint32_t wanted = 1u << 0 | 1u << 3 | 1u << 5 | 1u << 8 | 1u << 21 | 1u << 22;
    CLEAR(RESETS) = wanted; /* ADC, I2C0, IO_BANK0, PADS_BANK0, TIMER, UART0 */
    while ((REGISTER(RESETS + 0x08) & wanted) != wanted) {
    }
}

static void start_pins(void)
{
    REGISTER(IO_CTRL(PIN_TX)) = AS_UART;
    REGISTER(IO_CTRL(PIN_RX)) = AS_UART;
    REGISTER(IO_CTRL(PIN_SDA)) = AS_I2C;
    REGISTER(IO_CTRL(PIN_SCL)) = AS_I2C;
    REGISTER(PADS(PIN_SDA)) = 0x4a; /* input, slow enough, pulled up */
    REGISTER(PADS(PIN_SCL)) = 0x4a;
    REGISTER(PADS(PIN_RX)) = 0x4a;
    REGISTER(PADS(PIN_HOLD)) = 0x4a;
    REGISTER(PADS(PIN_SOUND)) = 0x80; /* analog: no digital input, no pull */
    REGISTER(IO_CTRL(PIN_HOLD)) = AS_GPIO;
    REGISTER(IO_CTRL(PIN_LED)) = AS_GPIO;
    REGISTER(SIO + 0x24) = 1u << PIN_LED; /* GPIO_OE_SET */
}

static void start_uart(void)
{
    REGISTER(UART + 0x24) = 1; /* 12 MHz / 16 / 1.5: 500,000 baud, exactly */
    REGISTER(UART + 0x28) = 32;
    REGISTER(UART + 0x2c) = 3u << 5;                   /* 8 bits; no FIFO: each byte has its tick */
    REGISTER(UART + 0x30) = 1u << 9 | 1u << 8 | 1u;    /* receive, send, on */
    REGISTER(UART + 0x38) = 1u << 4;                   /* an interrupt for each byte */
    REGISTER(NVIC_ISER) = 1u << IRQ_UART0;
}

static void start_bus(void)
{
    REGISTER(I2C + 0x6c) = 0;
    REGISTER(I2C) = 1u << 8 | 1u << 6 | 1u << 5 | 1u << 1 | 1u; /* master, standard, restarts */
    REGISTER(I2C + 0x14) = CRYSTAL_HZ / BUS_HZ / 2;
    REGISTER(I2C + 0x18) = CRYSTAL_HZ / BUS_HZ / 2;
    REGISTER(I2C + 0xa0) = 1; /* spikes */
    REGISTER(I2C + 0x7c) = 4; /* holds SDA for 0.3 microseconds */
}

static void start_timer(void)
{
    REGISTER(WATCHDOG + 0x2c) = 1u << 9 | CRYSTAL_HZ / 1000000; /* a tick is a microsecond */
    REGISTER(TIMER + 0x38) = 1;
    REGISTER(NVIC_ISER) = 1u << IRQ_TIMER_0;
    REGISTER(TIMER + 0x10) = REGISTER(TIMER + 0x28) + 1000;
}

void board_start(struct hub_setup *setup)
{
    use_crystal();
    wake_peripherals();
    setup_read(setup, (const uint8_t *)SETUP_AT);
    start_pins();
    start_timer();
    start_uart();
    start_bus();
    REGISTER(ADC_CS) = 1;
    REGISTER(PSM_WDSEL) = 0x1fffc; /* a reset covers all but the oscillators */
    board_alive();
    SET(WATCHDOG) = 1u << 30;
}

void board_alive(void)
{
    REGISTER(WATCHDOG + 0x04) = 2 * WATCHDOG_US; /* the chip counts two a microsecond */
}

void board_led(bool on)
{
    REGISTER(SIO + (on ? 0x14 : 0x18)) = 1u << PIN_LED;
}

uint8_t board_lock(void)
{
    uint32_t before;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(before)::"memory");
    return (uint8_t)before;
}

void board_unlock(uint8_t before)
{
    __asm volatile("msr primask, %0" ::"r"((uint32_t)before) : "memory");
}

uint16_t board_sound_millivolts(void)
{
    REGISTER(ADC_CS) = 1u << 2 | 1u; /* GPIO 26, once */
    while (!(REGISTER(ADC_CS) & 1u << 8)) {
    }
    return (uint16_t)(REGISTER(ADC_RESULT) * 3300 / 4096);
}

/* ---- the counter ---------------------------------------------------------------------------- */

uint32_t board_ticks(void)
{
    uint32_t high, low;
    do {
        high = REGISTER(TIMER + 0x24);
        low = REGISTER(TIMER + 0x28);
    } while (high != REGISTER(TIMER + 0x24));
    return high << 30 | low >> 2;
}

void board_rest(void)
{
    __asm volatile("wfi");
}

/* ---- the line ------------------------------------------------------------------------------- */

static bool is_held(void)
{
    return !(REGISTER(SIO + 0x04) & 1u << PIN_HOLD);
}

/* The interrupt of an empty register is on only while there is something to put into it. */
static void send_bytes(void)
{
    uint8_t byte;
    bool has_more = true;
    while (has_more && !(REGISTER(UART + 0x18) & 1u << 5)) {
        has_more = !is_held() && hub_next_byte(&byte);
        if (has_more)
            REGISTER(UART) = byte;
    }
    REGISTER(UART + 0x38) = 1u << 4 | (has_more ? 1u << 5 : 0);
}

void board_line_start(void)
{
    uint8_t before = board_lock();
    send_bytes();
    board_unlock(before);
}

void on_uart(void)
{
    uint32_t tick = board_ticks();
    while (!(REGISTER(UART + 0x18) & 1u << 4)) {
        uint32_t data = REGISTER(UART);
        hub_receive(data & 0xf00 ? 1 : (uint8_t)data, tick); /* damaged: the CRC refuses it */
    }
    REGISTER(UART + 0x44) = 1u << 5;
    send_bytes();
}

/* Each millisecond: wakes the program, and what HOLD stopped is sent. */
void on_timer(void)
{
    REGISTER(TIMER + 0x34) = 1;
    REGISTER(TIMER + 0x10) = REGISTER(TIMER + 0x10) + 1000;
    send_bytes();
}

/* ---- the bus -------------------------------------------------------------------------------- */

enum {
    TX_ABORTED = 1 << 6,
    STOPPED = 1 << 9,
    READ = 1 << 8,
    STOP = 1 << 9,
    RESTART = 1 << 10,
};

static void rest_5_us(void)
{
    for (volatile uint8_t i = 0; i < 6; i++) {
    }
}

/* A device that was cut off in the middle of a byte holds SDA down until it has seen its clocks. */
static void free_bus(void)
{
    REGISTER(I2C + 0x6c) = 0;
    REGISTER(SIO + 0x18) = 1u << PIN_SCL;
    REGISTER(IO_CTRL(PIN_SCL)) = AS_GPIO;
    for (uint8_t i = 0; i < 9 && !(REGISTER(SIO + 0x04) & 1u << PIN_SDA); i++) {
        REGISTER(SIO + 0x24) = 1u << PIN_SCL;
        rest_5_us();
        REGISTER(SIO + 0x28) = 1u << PIN_SCL;
        rest_5_us();
    }
    REGISTER(IO_CTRL(PIN_SCL)) = AS_I2C;
    start_bus();
}

/* The FIFO holds 16 commands, more than any transfer of the hub. */
static void queue(const uint8_t *out, uint8_t n, uint8_t m)
{
    for (uint8_t i = 0; i < n; i++)
        REGISTER(I2C + 0x10) = out[i] | (m == 0 && i + 1 == n ? STOP : 0);
    for (uint8_t i = 0; i < m; i++)
        REGISTER(I2C + 0x10) =
            READ | (i == 0 && n > 0 ? RESTART : 0) | (i + 1 == m ? STOP : 0);
}

bool board_transfer(uint8_t address, const uint8_t *out, uint8_t n, uint8_t *in, uint8_t m)
{
    REGISTER(I2C + 0x6c) = 0;
    REGISTER(I2C + 0x04) = address;
    REGISTER(I2C + 0x6c) = 1;
    (void)REGISTER(I2C + 0x40); /* clears what the last transfer left */
    uint32_t since = board_ticks();
    queue(out, n, m);
    uint32_t seen;
    while (!((seen = REGISTER(I2C + 0x34)) & STOPPED)) {
        if (board_ticks() - since > BUS_TIMEOUT) {
            free_bus();
            return false;
        }
    }
    if (seen & TX_ABORTED)
        return false;
    for (uint8_t i = 0; i < m; i++)
        in[i] = (uint8_t)REGISTER(I2C + 0x10);
    return true;
}
