/* ATmega328P at 16 MHz: an Arduino Uno or Nano, or the bare chip. Pins: docs/firmware.md. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <string.h>
#include <util/delay.h>

#include "hardware.h"
#include "setup.h"

enum {
    BAUD = 500000,
    BUS_HZ = 100000, /* forgives a cable of some metres; all seats still take 9 of 20 ms */
    MILLISECOND = TICK_HZ / 1000,
    BUS_TIMEOUT = 3 * MILLISECOND,
    LED = PB5,  /* Arduino's D13 */
    HOLD = PD2, /* D2: pulled to ground, the hub sends nothing */
    SDA = PC4,
    SCL = PC5,
    SOUND = 0, /* A0 */
    SETUP_AT = 0x7000, /* flash, below any boot loader */
};

const char board_firmware[] = "roomtone-atmega328p";

/* A watchdog's reset leaves the watchdog on, at its shortest time: end that before main. */
__attribute__((naked, used, section(".init3"))) void stop_watchdog(void)
{
    MCUSR = 0;
    wdt_disable();
}

static void start_bus(void);

void board_start(struct hub_setup *setup)
{
    uint8_t kept[SETUP_SIZE];
    memcpy_P(kept, (const void *)SETUP_AT, sizeof kept);
    setup_read(setup, kept);
    DDRB |= _BV(LED);
    PORTD |= _BV(HOLD);
    TCCR1B = _BV(CS11) | _BV(CS10); /* 16 MHz / 64 */
    OCR1A = MILLISECOND;
    TIMSK1 = _BV(TOIE1) | _BV(OCIE1A);
    UBRR0 = F_CPU / 16 / BAUD - 1;
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    ADMUX = SOUND | _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    start_bus();
    wdt_enable(WDTO_250MS);
    sei();
}

void board_alive(void)
{
    wdt_reset();
}

void board_led(bool on)
{
    if (on)
        PORTB |= _BV(LED);
    else
        PORTB &= (uint8_t)~_BV(LED);
}

uint8_t board_lock(void)
{
    uint8_t before = SREG;
    cli();
    return before;
}

void board_unlock(uint8_t before)
{
    SREG = before;
}

uint16_t board_sound_millivolts(void)
{
    ADCSRA |= _BV(ADSC);
    while (ADCSRA & _BV(ADSC)) {
    }
    return (uint16_t)((2UL * ADC + 1) * 2500 / 1024); /* the middle of its step */
}

/* ---- the counter ---------------------------------------------------------------------------- */

static volatile uint16_t overflows;

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

/* Wakes the program each millisecond, and what HOLD stopped is sent again. */
ISR(TIMER1_COMPA_vect)
{
    OCR1A += MILLISECOND;
    UCSR0B |= _BV(UDRIE0);
}

/* With interrupts off. */
static uint32_t ticks_now(void)
{
    uint16_t low = TCNT1, high = overflows;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) /* wrapped, and not yet counted */
        high++;
    return (uint32_t)high << 16 | low;
}

uint32_t board_ticks(void)
{
    uint8_t before = board_lock();
    uint32_t ticks = ticks_now();
    board_unlock(before);
    return ticks;
}

void board_rest(void)
{
    set_sleep_mode(SLEEP_MODE_IDLE);
    sleep_mode();
}

/* ---- the line ------------------------------------------------------------------------------- */

ISR(USART_RX_vect)
{
    uint32_t tick = ticks_now();
    bool is_damaged = UCSR0A & (_BV(FE0) | _BV(DOR0));
    uint8_t byte = UDR0;
    hub_receive(is_damaged ? 1 : byte, tick); /* the CRC refuses the frame */
}

ISR(USART_UDRE_vect)
{
    uint8_t byte;
    if ((PIND & _BV(HOLD)) && hub_next_byte(&byte))
        UDR0 = byte;
    else
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
}

void board_line_start(void)
{
    uint8_t before = board_lock();
    UCSR0B |= _BV(UDRIE0);
    board_unlock(before);
}

/* ---- the bus -------------------------------------------------------------------------------- */

static struct {
    uint8_t address, n, m;
    const uint8_t *out;
    uint8_t *in;
    volatile bool is_over, is_good;
} bus;

enum {
    GO = _BV(TWINT) | _BV(TWEN) | _BV(TWIE),
};

static void start_bus(void)
{
    TWSR = 0;
    TWBR = (F_CPU / BUS_HZ - 16) / 2;
    TWCR = _BV(TWEN);
}

static void end_transfer(bool is_good)
{
    TWCR = _BV(TWINT) | _BV(TWEN) | _BV(TWSTO);
    bus.is_good = is_good;
    bus.is_over = true;
}

ISR(TWI_vect)
{
    switch (TWSR & 0xf8) {
    case 0x08: /* start, or repeated start */
    case 0x10:
        TWDR = (uint8_t)(bus.address << 1 | (bus.n == 0 ? 1 : 0));
        TWCR = GO;
        break;
    case 0x18: /* the device took its address, or a byte */
    case 0x28:
        if (bus.n > 0) {
            bus.n--;
            TWDR = *bus.out++;
            TWCR = GO;
        } else if (bus.m > 0) {
            TWCR = GO | _BV(TWSTA);
        } else {
            end_transfer(true);
        }
        break;
    case 0x50: /* a byte from the device */
        *bus.in++ = TWDR;
        bus.m--;
        /* fall through */
    case 0x40:
        TWCR = bus.m > 1 ? GO | _BV(TWEA) : GO;
        break;
    case 0x58: /* the last byte */
        *bus.in++ = TWDR;
        end_transfer(true);
        break;
    default:
        end_transfer(false);
    }
}

/* A device that was cut off in the middle of a byte holds SDA down until it has seen its clocks. */
static void free_bus(void)
{
    TWCR = 0;
    for (uint8_t i = 0; i < 9 && !(PINC & _BV(SDA)); i++) {
        DDRC |= _BV(SCL);
        _delay_us(5);
        DDRC &= (uint8_t)~_BV(SCL);
        _delay_us(5);
    }
    start_bus();
}

bool board_transfer(uint8_t address, const uint8_t *out, uint8_t n, uint8_t *in, uint8_t m)
{
    bus.address = address;
    bus.out = out;
    bus.n = n;
    bus.in = in;
    bus.m = m;
    bus.is_over = bus.is_good = false;
    uint32_t since = board_ticks();
    TWCR = GO | _BV(TWSTA);
    while (!bus.is_over) {
        if (board_ticks() - since > BUS_TIMEOUT) {
            free_bus();
            return false;
        }
    }
    return bus.is_good;
}
