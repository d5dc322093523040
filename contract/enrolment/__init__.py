"""How a kit gets its certificate from the site's authority: the messages, their bytes, the proofs.

Both sides import this; docs/enrolment.md describes the protocol. The agent itself does not import it.
"""
