#include "string.h"

void *memcpy(void *to, const void *from, size_t n)
{
    return memmove(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
    char *out = to;
    const char *in = from;
    if (out < in)
        for (size_t i = 0; i < n; i++)
            out[i] = in[i];
    else
        while (n-- > 0)
            out[n] = in[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    for (char *out = to; n-- > 0; out++)
        *out = (char)value;
    return to;
}

size_t strlen(const char *text)
{
    size_t n = 0;
    while (text[n] != 0)
        n++;
    return n;
}

char *strcpy(char *to, const char *from)
{
    memmove(to, from, strlen(from) + 1);
    return to;
}
