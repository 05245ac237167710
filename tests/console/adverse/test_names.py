"""Names that readers could mistake for others, or that leave no room for anything else."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.console.adverse.conftest import Served
from tests.console.browser import NARROW, ConsolePage

FAMILY = "\U0001f469\u200d\U0001f467"
FLAG = "\U0001f3f3\ufe0f\u200d\U0001f308"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u202egpj.txt", "[U+202E]gpj.txt"),
        ("soft\u00adhyphen.txt", "soft[U+00AD]hyphen.txt"),
        ("filler\u3164.txt", "filler[U+3164].txt"),
        ("jo\u200diner.txt", "jo[U+200D]iner.txt"),
        (f"{FAMILY}{FLAG}.txt", f"{FAMILY}{FLAG}.txt"),
        ("\u05d0\u05d1 \u0645\u0631.txt", "\u05d0\u05d1 \u0645\u0631.txt"),
    ],
)
def test_what_is_not_seen_in_a_name_is_written_out(reader: ConsolePage, served: Served, name: str, shown: str) -> None:
    served.classify(name)
    page = reader.open(f"documents?{urlencode({'name': name})}")
    expect(page.get_by_label("List of documents").get_by_role("link")).to_have_text(shown)


def test_a_name_of_a_thousand_characters_leaves_room_for_its_classes(reader: ConsolePage, served: Served) -> None:
    name = f"{'a' * 1000}.txt"
    served.classify(name)
    reader.page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    page = reader.open("documents?prefix=aaa")
    page.get_by_label("List of documents").get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Classes")).to_be_in_viewport()
    expect(page.get_by_role("region", name="Facts")).to_contain_text(name)
