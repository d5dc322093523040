"""The account page's button downloads all that is held about a person."""

from __future__ import annotations

import zipfile


def test_a_click_downloads_the_archive(page, school) -> None:
    page.goto("/account")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it").click()
    assert download.value.suggested_filename.startswith("roomtone-20")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert b"All that Roomtone holds about the-teacher" in archive.read("README.txt")
    assert any(name.endswith(f"-{school.lesson.id}/readings.json") for name in names)
    assert page.url.endswith("/account")
