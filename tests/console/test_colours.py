"""The colours of the style sheet can be told apart by everybody: WCAG 2.2 AA, computed, in light and in dark."""

import re

import pytest

from oo.console.static import content

CSS = content("person.css")
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in CSS.split("@media", 2)[:2])
WORDS = [
    *[(text, ground) for text in ("ink", "soft") for ground in ("ground", "sheet", "tint", "press")],
    *[("on-accent", ground) for ground in ("accent", "accent-press")],
    *[("accent", ground) for ground in ("ground", "sheet", "tint")],
    *[("wrong", ground) for ground in ("ground", "sheet")],
]
"""Every pair of text and what it stands on: 4.5 to 1."""
SHAPES = [
    *[("edge", ground) for ground in ("ground", "sheet", "tint")],
    *[("accent", ground) for ground in ("ground", "sheet", "tint")],
    *[("wrong", ground) for ground in ("ground", "sheet")],
]
"""Every pair of a line that means something, such as a field's edge or the focus, and what is beside it: 3 to 1."""


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("colour", "ground", "least"), [*((*pair, 4.5) for pair in WORDS), *((*pair, 3.0) for pair in SHAPES)]
)
def test_what_is_to_be_read_or_found_stands_out(
    scheme: dict[str, str], colour: str, ground: str, least: float
) -> None:
    found = contrast(scheme[colour], scheme[ground])

    assert found >= least, f"{colour} on {ground}: {found:.2f}"


def test_each_colour_has_a_value_for_light_and_for_dark() -> None:
    assert LIGHT.keys() == DARK.keys()


def test_no_colour_is_named_outside_the_two_lists() -> None:
    rest = CSS.split("*, *::before", 1)[1]

    assert re.findall(r"#[0-9a-f]{3,8}\b|\brgb|\bhsl", rest) == []
