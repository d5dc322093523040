"""What the description of the interface promises, asked with made-up requests as each role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboard_api.settings import DashboardSettings
from school.people.records import ROLES, Role
from tests.dashboard_api.people.test_rights import Rights, add_moments
from tests.dashboard_api.server import Server, serving
from tests.signed_in import header

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 10
"""For each operation, role and kind of request."""
ENDLESS = "/rooms/{room}/live/events"
"""A stream of a room that exists does not end."""


@pytest.fixture(scope="module")
def rights(tmp_path_factory: pytest.TempPathFactory) -> Rights:
    return Rights(tmp_path_factory.mktemp("rights"))


@pytest.fixture(scope="module")
def server(rights: Rights) -> Iterator[Server]:
    with serving(rights.app, DashboardSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def description(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")


def ask(operation: Any, mode: GenerationMode, ids: st.SearchStrategy[Any], sent: Any) -> set[int]:
    """Make requests of one kind; the statuses of the answers."""
    seen = set()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), real=ids)
    def run(case: Any, real: dict[str, str] | None) -> None:
        if real is not None and operation.path != ENDLESS:
            for name in set(case.path_parameters or {}) & set(real):
                case.path_parameters[name] = real[name]
        for name in list(case.headers or {}):
            # The first two are made up for the schemes; `sent` has the real one.
            if name.lower() in {"authorization", "cookie", "host"}:
                case.headers.pop(name)
        case.cookies = {}
        answer = case.call(headers=sent)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    run()
    return seen


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_description_has(
    rights: Rights, description: Any, role: Role
) -> None:
    sent = header(rights.cookie(role)) | {"Sec-Fetch-Site": "same-origin"}
    lesson = f"own-{role}"
    real = {
        "lesson_id": lesson, "room": lesson, "moment_id": f"{lesson}-m", "reply_id": f"{lesson}-r",
    }  # fmt: skip
    add_moments(rights, lesson, by=f"only-{role}")
    ids = st.sampled_from((real, None))
    seen: set[int] = set()
    operations = [each.ok() for each in description.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        for mode in GenerationMode:
            seen |= ask(operation, mode, ids, sent)
    assert ({200, 204, 404, 422} if role == "teacher" else {200, 404}) <= seen
    assert 401 not in seen


def test_nobody_gets_anything_without_signing_in(description: Any) -> None:
    for operation in (each.ok() for each in description.get_all_operations()):
        seen = ask(operation, GenerationMode.POSITIVE, st.none(), {"Sec-Fetch-Site": "none"})
        assert 401 in seen, operation.label
        assert max(seen) < 500, operation.label
        assert min(seen) >= 400, operation.label
