"""The templates and their filters."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from contract.language import _, language, pgettext
from dashboard_api.language.catalogue import FOLDER as CATALOGUES
from dashboard_api.language.dates import day_month_text, weekday_date_text
from dashboard_api.language.shipped import shipped_text
from dashboard_api.views.text import (
    joined_text,
    length_text,
    lively_text,
    marked_text,
    position_text,
    sensed_text,
)
from dashboard_api.web.assets.bundles import bundle_of
from dashboard_api.web.assets.style_sheets import StyleSheets
from dashboard_api.web.assets.words import script_of
from dashboard_api.web.viewer import Viewer
from school.audit.entries import name_words
from school.moments.dismissals import DISMISSAL_REASONS
from school.people.demo import is_demo
from school.sharing.policy import may_at_all

__all__ = ["STATIC", "STATIC_ADDRESS", "STYLES_ADDRESS", "WORDS_ADDRESS", "page"]

FOLDER: Final = Path(__file__).parents[1]
STATIC: Final = FOLDER / "static"


def _fingerprint() -> str:
    """A hash that changes with any of the static files."""
    digest = sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(STATIC)}\0".encode())
        digest.update(path.read_bytes())
    for path in sorted(CATALOGUES.glob("*.po")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


STATIC_ADDRESS: Final = f"/static/{_fingerprint()}"
"""The address of the static files. It changes with them, so a browser may cache them for ever."""

STYLES_ADDRESS: Final = f"{STATIC_ADDRESS}/styles"
"""Below it are several style sheets as one: see `style_sheets.py`."""

WORDS_ADDRESS: Final = f"{STATIC_ADDRESS}/words"
"""Below it is what scripts say in each language: see `words.py`."""


@cache
def _scripts(*folders: str) -> list[str]:
    """The scripts of these folders. A page lists them, so that a browser can load them all at once."""
    found = (path for folder in folders for path in sorted((STATIC / folder).glob("*.js")))
    return [str(path.relative_to(STATIC)) for path in found]


def _ngettext(one: str, many: str, n: int) -> str:
    return language().translations.ngettext(one, many, n)


_templates: Final = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=("jinja2.ext.i18n",),
)
_templates.policies["ext.i18n.trimmed"] = True
_templates.install_gettext_callables(  # type: ignore[attr-defined]  # the extension has it
    _, _ngettext, newstyle=True, pgettext=pgettext
)
_templates.filters["duration"] = length_text
_templates.filters["position"] = position_text
_templates.filters["joined"] = joined_text
_templates.filters["lively"] = lively_text
_templates.filters["marked"] = marked_text
_templates.filters["sensed"] = sensed_text
_templates.filters["shipped"] = shipped_text
_templates.filters["hour"] = lambda iso: f"{datetime.fromisoformat(iso):%H:%M}"
_templates.filters["day"] = lambda iso: weekday_date_text(datetime.fromisoformat(iso))
_templates.filters["date"] = lambda iso: day_month_text(datetime.fromisoformat(iso))
_templates.filters["named"] = name_words
_templates.globals["static"] = STATIC_ADDRESS
_templates.globals["scripts"] = _scripts
_templates.globals["bundle"] = lambda script: bundle_of(STATIC, script)
_templates.globals["styles"] = lambda *sheets: f"{STYLES_ADDRESS}/{StyleSheets.name_of(*sheets)}"
_templates.globals["language"] = language
_templates.globals["words_script"] = lambda: script_of(WORDS_ADDRESS)
_templates.globals["dismissal_reasons"] = DISMISSAL_REASONS
_templates.globals["is_demo"] = is_demo
_templates.globals["may"] = lambda viewer, action: may_at_all(viewer.person.roles, action)


def page(
    template: str, *, viewer: Viewer | None = None, status_code: int = 200, **values: object
) -> HTMLResponse:
    """A rendered template, for a viewer or for anybody; a missing value is an error."""
    found = _templates.get_template(template)
    return HTMLResponse(found.render(viewer=viewer, **values), status_code)
