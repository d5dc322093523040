/* What start.c and board.c share. */
#ifndef BOARD_H
#define BOARD_H

enum { IRQ_TIMER_0 = 0, IRQ_UART0 = 20 };

void on_timer(void);
void on_uart(void);

#endif
