"""What of others is shipped with the page is what was published; and nothing is loaded from elsewhere."""

import re
import tomllib
from hashlib import sha256

import httpx

from outcomes.service.pages.assets import FOLDER
from tests.support.service import Service

VENDORED = tomllib.loads((FOLDER / "vendored.toml").read_text())["file"]
OURS = {"page.css", "page.js", "mark.svg", "vendored.toml"}


def test_each_file_of_others_is_named_with_its_version_and_licence() -> None:
    """By its digest: no byte of it was changed; and nothing else lies there but what is ours."""
    for told in VENDORED:
        assert sha256((FOLDER / told["file"]).read_bytes()).hexdigest() == told["sha256"]
        assert told["version"]
        assert told["integrity"].startswith("sha512-")
        assert (FOLDER / told["licence_file"]).stat().st_size > 500
    named = {told[key] for told in VENDORED for key in ("file", "licence_file")}
    assert {path.name for path in FOLDER.iterdir()} == named | OURS


def test_style_and_script_name_no_other_place() -> None:
    """No address of another host stands in what is ours, and no style or script stands in a template."""
    ours = "".join((FOLDER / name).read_text() for name in ("page.css", "page.js"))
    assert not re.search(r"https?://(?!www\.w3\.org)", ours)
    for template in (FOLDER.parent / "templates").iterdir():
        text = template.read_text()
        assert not re.search(r"\sstyle=|<style|<[^>{]*\son[a-z]+=|hx-on|<script>|javascript:", text), template.name
        assert not re.search(r"https?://(?!YOUR)", text), template.name


def test_assets_are_kept_for_ever_and_are_small(school: Service) -> None:
    """Their address changes with them. All that a first visit loads, page and fonts, is below 130 kB."""
    page = school.get("//tree/Account:1").text
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert len(addresses) >= 5
    size = 0
    for address in addresses:
        found = httpx.get(f"{school.url}{address}", timeout=30)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
        size += len(found.content)
    assert size < 130_000
    assert httpx.get(f"{school.url}/assets/000000000000/page.css", timeout=30).status_code == 404
