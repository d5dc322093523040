"""What pages load besides: static files from memory, style sheets and scripts as one, the words of scripts."""
