"""Reads line protocol by the rules of the format."""

from __future__ import annotations

__all__ = ["Point", "read_back"]

Point = tuple[str, dict[str, str], dict[str, object], int]
"""Measurement, tags, fields and time."""


class Reader:
    """Reads one line by the rules of the format; written from them, not from our writer."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def name(self, ends: str, escaped: str) -> str:
        """Up to one of `ends`; a backslash is one only where nothing that it escapes follows."""
        found = ""
        while self.at < len(self.text) and self.text[self.at] not in ends:
            if self.text[self.at] == "\\" and self.text[self.at + 1 : self.at + 2] in tuple(
                escaped
            ):
                self.at += 1
            found += self.text[self.at]
            self.at += 1
        return found

    def passed(self, character: str) -> bool:
        is_there = self.text.startswith(character, self.at)
        self.at += is_there
        return is_there

    def value(self) -> object:
        if self.passed('"'):
            found = ""
            while not self.passed('"'):
                if self.text[self.at : self.at + 2] in ('\\"', "\\\\"):
                    self.at += 1
                found += self.text[self.at]
                self.at += 1
            return found
        shown = self.name(", ", "")
        if shown in ("true", "false"):
            return shown == "true"
        return int(shown[:-1]) if shown.endswith("i") else float(shown)

    def point(self) -> Point:
        measurement = self.name(", ", ", ")
        tags, fields = {}, {}
        while self.passed(","):
            key = self.name("=", ",= ")
            assert self.passed("=")
            tags[key] = self.name(", ", ",= ")
        assert self.passed(" ")
        while True:
            key = self.name("=", ",= ")
            assert self.passed("=")
            fields[key] = self.value()
            if not self.passed(","):
                break
        assert self.passed(" ")
        return measurement, tags, fields, int(self.text[self.at :])


def read_back(text: str) -> Point:
    return Reader(text).point()
