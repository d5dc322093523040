"""The discovery message of Home Assistant: one device a kit, with what its health counts.

Device discovery, which Home Assistant has since 2024.11: one retained message on
`{discovery_prefix}/device/{id}/config`.
"""

from __future__ import annotations

import json
from typing import Final

from contract.topics import Topic

__all__ = ["SENSORS", "discovery"]

SENSORS: Final[dict[str, dict[str, object]]] = {
    "sampled": {"name": "Sampled", "state_class": "total_increasing"},
    "acked": {"name": "Kept", "state_class": "total_increasing"},
    "waiting": {"name": "Waiting", "state_class": "measurement"},
    "gap": {"name": "Lost with a gap", "state_class": "total_increasing"},
    "unsampled": {"name": "Not delivered by hubs", "state_class": "total_increasing"},
    "outbox_bytes": {
        "name": "Outbox", "state_class": "measurement", "device_class": "data_size",
        "unit_of_measurement": "B",
    },
    "ack_age_ms": {
        "name": "Since the last acknowledgement", "state_class": "measurement",
        "device_class": "duration", "unit_of_measurement": "ms",
    },
}  # fmt: skip
"""Field of the JSON → how it is shown. What has no unit is in seat-seconds."""
_SEAT_SECONDS: Final = "seat-s"
_EXPIRES_S: Final = 180
"""A kit says its health each minute."""


def discovery(name: Topic, *, base: str, prefix: str, software: str) -> tuple[str, bytes]:
    """The topic and the payload for a kit whose health is published below `base`."""
    kit = f"roomtone-{name.site}-{name.node}"
    components: dict[str, dict[str, object]] = {
        field: {
            "platform": "sensor",
            "unique_id": f"{kit}-{field}",
            "value_template": f"{{{{ value_json.{field} | default(none) }}}}",
            "unit_of_measurement": _SEAT_SECONDS,
            "entity_category": "diagnostic",
            "expire_after": _EXPIRES_S,
            **shown,
        }
        for field, shown in SENSORS.items()
    }
    components["is_sampling"] = {
        "platform": "binary_sensor",
        "unique_id": f"{kit}-is_sampling",
        "name": "Sampling",
        "device_class": "running",
        "value_template": "{{ value_json.is_sampling }}",
        "payload_on": "1",
        "payload_off": "0",
        "entity_category": "diagnostic",
        "expire_after": _EXPIRES_S,
    }
    config = {
        "device": {
            "identifiers": [kit],
            "name": f"Kit {name.node}",
            "manufacturer": "Roomtone",
            "model": "Classroom kit",
            "sw_version": software,
            "suggested_area": name.room,
        },
        "origin": {"name": "Roomtone", "sw_version": software},
        "components": components,
        "state_topic": f"{base}/health",
        "availability_topic": f"{base}/state",
        "qos": 0,
    }
    return f"{prefix}/device/{kit}/config", json.dumps(config, separators=(",", ":")).encode()
