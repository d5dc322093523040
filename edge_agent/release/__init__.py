"""Releases on a kit: several lie side by side, one runs, and a new one that does not report is taken back.

Only the standard library is imported here: the package runs from a wheel before anything is installed.
"""
