"""`roomtone oversight`: what a privacy committee asks for, written from the running system."""
