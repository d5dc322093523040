"""Reads labelled recordings from files, and refuses or mends what is wrong with them."""
