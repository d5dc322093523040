"""The process that decodes. It gets bytes and sends bytes over one socket, and reaches no more.

Whatever it says is checked by its parent (`school/video/media/conversation.py`).
"""
