/* From reset to main: the vectors, and memory as C wants it. */
#include <stdint.h>

#include "board.h"

extern uint32_t stack_top, data_start, data_end, data_from, bss_start, bss_end;

int main(void);
void reset(void);

static void stop(void)
{
    for (;;) { /* the watchdog ends it */
    }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16 + 26])(void) = {
    [0] = (void (*)(void)) & stack_top,
    [1] = reset,
    [2] = stop,
    [3] = stop,
    [11] = stop,
    [14] = stop,
    [15] = stop,
    [16 + IRQ_TIMER_0] = on_timer,
    [16 + IRQ_UART0] = on_uart,
};

void reset(void)
{
    const uint32_t *from = &data_from;
    for (uint32_t *to = &data_start; to < &data_end; to++)
        *to = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end; to++)
        *to = 0;
    main();
    stop();
}
