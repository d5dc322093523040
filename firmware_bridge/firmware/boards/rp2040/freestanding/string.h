/* What the hub's logic uses of the C library, which a bare compiler for this chip has not. */
#ifndef STRING_H
#define STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
size_t strlen(const char *text);
char *strcpy(char *to, const char *from);

#endif
