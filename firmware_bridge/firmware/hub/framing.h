/* Frames as bytes: CRC-16/CCITT-FALSE, COBS and the delimiter. No hardware, no state. */
#ifndef FRAMING_H
#define FRAMING_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_PAYLOAD = 252,              /* type, sequence and body */
    MAX_STUFFED = MAX_PAYLOAD + 4,  /* with CRC, the byte of COBS and the delimiter */
};

/* A frame in the making, stuffed byte by byte. */
struct stuffing {
    uint8_t bytes[MAX_STUFFED];
    uint16_t length;
    uint8_t code_at;
    uint16_t crc;
};

void stuff_begin(struct stuffing *frame);
void stuff_u8(struct stuffing *frame, uint8_t value);
void stuff_u16(struct stuffing *frame, uint16_t value);
void stuff_u32(struct stuffing *frame, uint32_t value);
void stuff_text(struct stuffing *frame, const char *text); /* its length, then its characters */
void stuff_end(struct stuffing *frame);                    /* CRC and delimiter */

/* Undoes COBS in place and checks the CRC. The length of type, sequence and body; 0: refused. */
uint8_t unstuff(uint8_t *bytes, uint8_t length);

#endif
