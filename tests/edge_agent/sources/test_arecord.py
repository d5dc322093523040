"""The command of the settings, by ALSA's own program, with a recording at the place of a card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_agent.settings import EdgeSettings
from edge_agent.sound_command import listen
from edge_agent.sources.sound_settings import SoundSettings

pytestmark = pytest.mark.alsa


def test_arecord_writes_what_the_microphone_reads(tmp_path: Path) -> None:
    at = np.arange(48_000 * 20) / 48_000
    tone = np.rint(2**30 * np.sin(2 * np.pi * 1000 * at)).astype("<i4")
    (tmp_path / "tone").write_bytes(tone.tobytes())
    (tmp_path / "asound.conf").write_text(
        'pcm.!default { type file slave.pcm "null" file "/dev/null" format "raw" '
        f'infile "{tmp_path}/tone" }}\n',
        encoding="utf-8",
    )
    config = f"ALSA_CONFIG_PATH=/usr/share/alsa/alsa.conf:{tmp_path}/asound.conf"
    settings = EdgeSettings.checked(
        {
            "site": "s", "room": "r", "node": "n",
            "hub": [{"name": "h", "port": "/nonexistent", "seats": [1]}],
            "outbox": {"dir": str(tmp_path / "outbox")},
            "sound": {"source": "microphone", "command": ["env", config, *SoundSettings().command]},
        },
        where="test",
    )  # fmt: skip
    heard = listen(settings, seconds=3)
    # Half of full scale is 6.02 dB down, and a sine's RMS 3.01 dB under its peak.
    assert np.abs(heard.laeq[4:24] - (123.0 - 9.03)).max() < 0.1
