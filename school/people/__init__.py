"""The people of a school: who may come in, how, and with which roles."""
