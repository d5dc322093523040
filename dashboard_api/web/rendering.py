"""The templates and their filters."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dashboard_api.views.text import (
    joined_text,
    length_text,
    lively_text,
    marked_text,
    position_text,
    sensed_text,
)
from dashboard_api.web.style_sheets import StyleSheets
from dashboard_api.web.viewer import Viewer
from school.moments.dismissals import DISMISSAL_REASONS
from school.people.demo import is_demo
from school.sharing.policy import may_at_all

__all__ = ["STATIC", "STATIC_ADDRESS", "STYLES_ADDRESS", "page"]

FOLDER: Final = Path(__file__).parents[1]
STATIC: Final = FOLDER / "static"


def _fingerprint() -> str:
    """A hash that changes with any of the static files."""
    digest = sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(STATIC)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


STATIC_ADDRESS: Final = f"/static/{_fingerprint()}"
"""The address of the static files. It changes with them, so a browser may cache them for ever."""

STYLES_ADDRESS: Final = f"{STATIC_ADDRESS}/styles"
"""Below it are several style sheets as one: see `style_sheets.py`."""


@cache
def _scripts(*folders: str) -> list[str]:
    """The scripts of these folders. A page lists them, so that a browser can load them all at once."""
    found = (path for folder in folders for path in sorted((STATIC / folder).glob("*.js")))
    return [str(path.relative_to(STATIC)) for path in found]


_templates: Final = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["duration"] = length_text
_templates.filters["position"] = position_text
_templates.filters["joined"] = joined_text
_templates.filters["lively"] = lively_text
_templates.filters["marked"] = marked_text
_templates.filters["sensed"] = sensed_text
_templates.filters["hour"] = lambda iso: f"{datetime.fromisoformat(iso):%H:%M}"
_templates.filters["day"] = lambda iso: "{0:%A}, {0.day} {0:%B} {0:%Y}".format(
    datetime.fromisoformat(iso)
)
_templates.filters["date"] = lambda iso: "{0.day} {0:%B}".format(datetime.fromisoformat(iso))
_templates.globals["static"] = STATIC_ADDRESS
_templates.globals["scripts"] = _scripts
_templates.globals["styles"] = lambda *sheets: f"{STYLES_ADDRESS}/{StyleSheets.name_of(*sheets)}"
_templates.globals["dismissal_reasons"] = DISMISSAL_REASONS
_templates.globals["is_demo"] = is_demo
_templates.globals["may"] = lambda viewer, action: may_at_all(viewer.person.roles, action)


def page(
    template: str, *, viewer: Viewer | None = None, status_code: int = 200, **values: object
) -> HTMLResponse:
    """A rendered template, for a viewer or for anybody; a missing value is an error."""
    found = _templates.get_template(template)
    return HTMLResponse(found.render(viewer=viewer, **values), status_code)
