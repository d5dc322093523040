"""Videos and their keys are apart from each other, and from what backups hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from ingest.settings import ServerSettings


def load(folder: Path, videos: str, keys: str, more: str = "") -> ServerSettings:
    path = folder / "server.toml"
    path.write_text(
        f'site = "school"\ndata_dir = "{folder}/data"\n[video]\ndirectory = "{videos}"\n'
        f'key_directory = "{keys}"\n{more}'
    )
    return ServerSettings.load(path)


def test_two_directories_elsewhere_switch_videos_on(tmp_path: Path) -> None:
    assert load(tmp_path, f"{tmp_path}/videos", f"{tmp_path}/keys").video.is_on
    assert not ServerSettings(site="school").video.is_on


@pytest.mark.parametrize(
    ("videos", "keys", "said"),
    (
        ("data", "keys", "video.directory is .*outside of .*data"),
        ("data/videos", "keys", "video.directory is .*outside of .*data"),
        ("videos", "data/keys", "video.key_directory is .*outside of .*data"),
        ("videos", "videos/keys", "video.key_directory is .*outside of .*videos"),
        ("keys/videos", "keys", "video.directory is .*outside of .*keys"),
        ("both", "both", "video.directory is .*outside of .*both"),
        ("videos/../data/x", "keys", "video.directory is .*outside of .*data"),
    ),
)
def test_any_other_place_is_refused_with_one_sentence(
    tmp_path: Path, videos: str, keys: str, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, f"{tmp_path}/{videos}", f"{tmp_path}/{keys}")


def test_a_link_into_the_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    with pytest.raises(ConfigurationError, match=r"video\.directory"):
        load(tmp_path, f"{tmp_path}/link/videos", f"{tmp_path}/keys")


def test_one_directory_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(f'site = "school"\n[video]\ndirectory = "{tmp_path}/videos"\n')
    with pytest.raises(ConfigurationError, match=r"video\.key_directory is None"):
        ServerSettings.load(path)
