/* The second stage: the chip copies these 252 bytes and their CRC-32 from the start of flash into its
 * memory and runs them. They switch the flash to plain serial reads (command 03h), which every flash
 * chip on a Pico knows, and start the program behind them.
 */
.syntax unified
.cpu cortex-m0plus
.thumb
.section .boot2, "ax"

.thumb_func
.global boot2
boot2:
    ldr r3, =0x18000000         /* XIP_SSI */
    movs r1, #0
    str r1, [r3, #0x08]         /* SSIENR: off while it is set up */
    movs r1, #4
    str r1, [r3, #0x14]         /* BAUDR: a quarter of the system's clock */
    ldr r1, =0x001f0300         /* CTRLR0: 32-bit frames, read after command and address */
    str r1, [r3, #0x00]
    movs r1, #0
    str r1, [r3, #0x04]         /* CTRLR1: one frame at a time */
    ldr r1, =0x03000218         /* SPI_CTRLR0: command 03h of 8 bits, 24 bits of address */
    movs r2, #0xf4
    str r1, [r3, r2]
    movs r1, #1
    str r1, [r3, #0x08]         /* SSIENR: on */
    ldr r0, =0x10000100         /* the program's vectors */
    ldr r1, =0xe000ed08         /* VTOR */
    str r0, [r1]
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
.ltorg
