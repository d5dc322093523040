"""The program on a room's Pi: quantities each second, the outbox, the publisher."""
