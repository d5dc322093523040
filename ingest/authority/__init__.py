"""The site's authority: codes for kits, their certificates, and who is locked out.

`authority.py` decides and `signing.py` signs, in the process of `roomtone authority`, which alone
reads the key; the others ask it through a Unix socket (`client.py`).
"""
