#include "framing.h"

#include <string.h>

static uint16_t crc_step(uint16_t crc, uint8_t byte)
{
    crc = (uint16_t)((crc >> 8) | (crc << 8));
    crc ^= byte;
    crc ^= (uint8_t)crc >> 4;
    crc ^= (uint16_t)(crc << 12);
    crc ^= (uint16_t)((crc & 0xff) << 5);
    return crc;
}

/* COBS of less than 255 bytes: each zero becomes the distance to the next one. */
static void stuff_raw(struct stuffing *frame, uint8_t byte)
{
    if (byte != 0) {
        frame->bytes[frame->length] = byte;
    } else {
        frame->bytes[frame->code_at] = (uint8_t)(frame->length - frame->code_at);
        frame->code_at = (uint8_t)frame->length;
    }
    frame->length++;
}

void stuff_begin(struct stuffing *frame)
{
    frame->code_at = 0;
    frame->length = 1;
    frame->crc = 0xffff;
}

void stuff_u8(struct stuffing *frame, uint8_t value)
{
    frame->crc = crc_step(frame->crc, value);
    stuff_raw(frame, value);
}

void stuff_u16(struct stuffing *frame, uint16_t value)
{
    stuff_u8(frame, (uint8_t)value);
    stuff_u8(frame, (uint8_t)(value >> 8));
}

void stuff_u32(struct stuffing *frame, uint32_t value)
{
    stuff_u16(frame, (uint16_t)value);
    stuff_u16(frame, (uint16_t)(value >> 16));
}

void stuff_text(struct stuffing *frame, const char *text)
{
    stuff_u8(frame, (uint8_t)strlen(text));
    while (*text != 0)
        stuff_u8(frame, (uint8_t)*text++);
}

void stuff_end(struct stuffing *frame)
{
    uint16_t crc = frame->crc;
    stuff_raw(frame, (uint8_t)crc);
    stuff_raw(frame, (uint8_t)(crc >> 8));
    frame->bytes[frame->code_at] = (uint8_t)(frame->length - frame->code_at);
    frame->bytes[frame->length++] = 0;
}

uint8_t unstuff(uint8_t *bytes, uint8_t length)
{
    uint8_t from = 0, to = 0;
    while (from < length) {
        uint8_t code = bytes[from++];
        if (code == 0 || code - 1 > length - from)
            return 0;
        for (uint8_t i = 1; i < code; i++)
            bytes[to++] = bytes[from++];
        if (from < length)
            bytes[to++] = 0;
    }
    if (to < 4)
        return 0;
    uint16_t crc = 0xffff;
    for (uint8_t i = 0; i < to - 2; i++)
        crc = crc_step(crc, bytes[i]);
    if (bytes[to - 2] != (uint8_t)crc || bytes[to - 1] != (uint8_t)(crc >> 8))
        return 0;
    return to - 2;
}
