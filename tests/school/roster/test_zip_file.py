"""Archives that are none, or that were made to hurt: a sentence each, and bounded memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import school.roster.zip_file
from contract.errors import UsageError
from school.roster.zip_file import ZipRoster
from tests.school.roster.archives import FILES_11, FILES_12, archive, manifest


def write(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "/") + ".csv", data)
    return path


def orgs_of(path: Path) -> list[str]:
    with ZipRoster(path) as source:
        return [row["name"] for row in source.rows("orgs")]


def sentence_of(path: Path) -> str:
    with pytest.raises(UsageError) as error:
        orgs_of(path)
    return str(error.value)


def test_the_manifest_says_version_and_modes(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "r.zip", FILES_12, "1.2", modes={"classes": "delta", "orgs": "absent"}
    )
    with ZipRoster(path) as source:
        assert source.version == "1.2"
        assert [source.mode(each) for each in ("users", "classes", "orgs")] == [
            "bulk", "delta", "absent",
        ]  # fmt: skip


@pytest.mark.parametrize("mark", ("", "\ufeff"))
@pytest.mark.parametrize("end", ("\n", "\r\n"))
def test_line_ends_and_a_byte_order_mark_are_as_they_are(
    mark: str, end: str, tmp_path: Path
) -> None:
    orgs = mark + FILES_11["orgs"].replace("\n", end)
    path = archive(tmp_path / "r.zip", FILES_11, orgs=orgs)
    assert orgs_of(path) == ["Lake District", "Ash School", "Birch, the School"]


def test_columns_may_stand_in_another_order_and_be_more(tmp_path: Path) -> None:
    orgs = "Type,metadata.x,NAME,sourcedId,status\nschool,9,Ash,s1,\n"
    assert orgs_of(archive(tmp_path / "r.zip", FILES_11, orgs=orgs)) == ["Ash"]


@pytest.mark.parametrize(
    ("orgs", "sentence"),
    (
        ("", "orgs.csv is empty"),
        ("sourcedId,status,name\ns1,,Ash\n", "orgs.csv: the first line has no type, which OneRoster 1.1"),
        ("sourcedId,name,Name,type\n", "orgs.csv: the first line names the column name twice."),
        ("sourcedId,name,type\ns1,Ash,school,more\n", "orgs.csv, line 2: more values than columns"),
        ('sourcedId,name,type\ns1,"Ash,school\n', "orgs.csv, line 2: not CSV"),
        (b"sourcedId,name,type\ns1,\xff\xfe,school\n", "orgs.csv, line 2: not UTF-8 (byte 4 of the line)"),
        ("sourcedId,name,type\n".encode("utf-16"), "orgs.csv is UTF-16"),
        ("sourcedId,name,type\ns1,A\0sh,school\n", "orgs.csv, line 2: a NUL character"),
        (f"sourcedId,name,type\ns1,{'A' * 70_000},school\n", "orgs.csv, line 2: longer than 64 KiB."),
        ('sourcedId,name,type\ns1,"' + "A\n" * 70_000 + '",school\n', "not CSV (field larger than field limit"),
        (",".join(f"c{i}" for i in range(201)), "orgs.csv: 201 columns; at most 200"),
    ),
)  # fmt: skip
def test_a_file_that_is_none_is_a_sentence(
    orgs: str | bytes, sentence: str, tmp_path: Path
) -> None:
    members = {**FILES_11, "manifest": manifest("1.1", FILES_11), "orgs": orgs}
    assert sentence in sentence_of(write(tmp_path / "r.zip", **members))


@pytest.mark.parametrize(
    ("text", "sentence"),
    (
        ("oneroster.version,2.0\n", "oneroster.version is “2.0”; this reads 1.1 and 1.2."),
        ("propertyName,value\n", "oneroster.version is “”"),
        ("oneroster.version,1.1\nfile.orgs,some\n", "file.orgs is “some”, expected bulk, delta or absent."),
        ("oneroster.version,1.1\nfile.orgs,bulk\n", "names orgs.csv, and the archive has no such file."),
        ("oneroster.version,1.1\noneroster.version,1.2\n", "line 2: oneroster.version stands there twice."),
        ("oneroster.version\n", "line 1: a line has a name and a value."),
        ("oneroster.version,1.2\nfile.users,absent\nfile.roles,bulk\n", "the archive has no such file"),
    ),
)  # fmt: skip
def test_a_manifest_that_is_wrong_is_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in sentence_of(write(tmp_path / "r.zip", manifest=text))


def test_users_and_roles_come_in_one_way(tmp_path: Path) -> None:
    path = archive(tmp_path / "r.zip", FILES_12, "1.2", modes={"roles": "delta"})
    assert "users are bulk and roles delta" in sentence_of(path)


def test_what_is_no_archive_is_a_sentence(tmp_path: Path) -> None:
    assert "There is no file" in sentence_of(tmp_path / "none.zip")
    text = tmp_path / "text.zip"
    text.write_text("sourcedId,name\n")
    assert "is no zip archive that can be read" in sentence_of(text)
    folder = write(tmp_path / "folder.zip", export__manifest=manifest("1.1", {}))
    assert "the files are in the folder export, not at the top" in sentence_of(folder)


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = archive(tmp_path / "r.zip", FILES_11)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as made:
        info = made.getinfo("orgs.csv")
    start = info.header_offset + 30 + len("orgs.csv")
    data[start : start + info.compress_size] = bytes(info.compress_size)
    path.write_bytes(data)
    assert "orgs.csv can't be read" in sentence_of(path)


def test_a_file_that_is_damaged_in_another_packing_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("manifest.csv", manifest("1.1", {}))
        info = made.getinfo("manifest.csv")
    data = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len("manifest.csv")
    data[start + 4 : start + 9] = b"\xff" * 5
    path.write_bytes(data)
    assert "manifest.csv can't be read" in sentence_of(path)


def test_a_name_in_an_archive_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("ä.csv", "")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xff"))
    assert "is no zip archive that can be read" in sentence_of(path)


def test_an_encrypted_file_is_a_sentence(tmp_path: Path) -> None:
    path = archive(tmp_path / "r.zip", FILES_11)
    data = path.read_bytes()
    # Bit 0 of the flags, in the directory and before each file.
    for sign, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        parts = data.split(sign)
        data = parts[0] + b"".join(
            sign + part[: at - 4] + bytes([part[at - 4] | 1]) + part[at - 3 :] for part in parts[1:]
        )
    path.write_bytes(data)
    assert "encrypted" in sentence_of(path)


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school.roster.zip_file, "_MAX_MEMBER_BYTES", 1 << 20)
    orgs = "sourcedId,name,type\n" + "s1,Ash,school\n" * 100_000
    path = archive(tmp_path / "r.zip", FILES_11, orgs=orgs)
    assert path.stat().st_size < 20_000
    assert "orgs.csv has 1 MiB when unpacked; at most 1 are read." in sentence_of(path)


def test_a_file_that_stands_there_twice_is_a_sentence(tmp_path: Path) -> None:
    path = archive(tmp_path / "r.zip", FILES_11)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as made,
    ):
        made.writestr("orgs.csv", "other")
    assert "holds orgs.csv twice" in sentence_of(path)


def test_an_archive_of_many_files_is_refused(tmp_path: Path) -> None:
    assert "holds 101 files" in sentence_of(
        write(tmp_path / "r.zip", **{f"f{i}": "" for i in range(101)})
    )
