"""The whole chain on one machine: `roomtone demo` and `roomtone replay`."""
