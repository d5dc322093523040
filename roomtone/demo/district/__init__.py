"""`roomtone demo --district`: a made-up district of three schools over two terms, in the real stores."""
