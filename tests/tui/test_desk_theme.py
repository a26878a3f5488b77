"""Whatever an owner picks as a brand colour, everything on the desk can be read."""

from __future__ import annotations

from random import Random

import pytest
from colour_vision import VISIONS, seen
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.theme import Theme

from bookra.tui.contrast import AA, AA_GRAPHIC, contrast, legible, luminance, mix
from bookra.tui.desk import Brand
from bookra.tui.theme import HUES, hues, ink, tenant_theme, tone

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def brand(primary: str, accent: str | None) -> Brand:
    return Brand("Luna", "Luna", primary, accent, "Europe/London", "GBP")


def text_pairs(theme: Theme) -> list[tuple[str, str]]:
    """Return every (text, ground) that the desk shows under a theme."""
    named = theme.variables
    grounds = [str(theme.background), str(theme.surface), str(theme.panel)]
    signals = ["success", "warning", "error"]
    texts = [str(theme.foreground), named["text"], named["text-muted"], named["text-accent"]]
    texts += [named[f"text-{signal}"] for signal in signals]
    pairs = [(text, ground) for text in texts for ground in grounds]
    pairs += [(named["on-primary"], theme.primary), (named["on-accent"], str(theme.accent))]
    paint = ink(theme)
    pairs += [(paint.soft, paint.ground), (paint.soft, paint.band), (paint.text, paint.ground)]
    return [*pairs, (paint.on_accent, paint.accent), (paint.now, paint.ground)]


@given(colours, st.none() | colours, st.booleans())
@settings(max_examples=50, deadline=None)
def test_all_text_reaches_aa_under_any_brand(primary: str, accent: str | None, light: bool) -> None:
    theme = tenant_theme(brand(primary, accent), light=light)
    worst = min(text_pairs(theme), key=lambda pair: contrast(*pair))
    assert contrast(*worst) >= AA, worst


@given(
    colours, colours, st.sampled_from(HUES), st.booleans(), st.booleans(), st.booleans(),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_every_part_of_a_block_can_be_read(
    primary: str, accent: str, hue: str, light: bool, head: bool, chosen: bool, done: bool
) -> None:
    paint = ink(tenant_theme(brand(primary, accent), light=light))
    part = tone(paint, hue, head=head, chosen=chosen, done=done)
    assert contrast(part.text, part.ground) >= AA
    assert contrast(part.soft, part.ground) >= AA
    assert contrast(part.texture, part.ground) >= AA_GRAPHIC
    assert contrast(paint.dots, paint.band) >= AA_GRAPHIC


@pytest.mark.parametrize("light", [False, True])
def test_a_done_block_steps_back_and_a_first_line_stands_out(light: bool) -> None:
    paint = ink(tenant_theme(brand("#c265a5", None), light=light))
    for hue in HUES:
        open_head = tone(paint, hue, head=True, chosen=False, done=False)
        body = tone(paint, hue, head=False, chosen=False, done=False)
        done_head = tone(paint, hue, head=True, chosen=False, done=True)
        assert contrast(open_head.ground, paint.ground) > contrast(body.ground, paint.ground)
        assert contrast(done_head.text, done_head.ground) < contrast(
            open_head.text, open_head.ground
        )


@pytest.mark.parametrize("nonsense", ["", "no colour", "#12", "ansi_red", "\x1b[31m"])
def test_a_brand_colour_that_is_none_falls_back(nonsense: str) -> None:
    assert tenant_theme(brand(nonsense, nonsense)).primary.startswith("#")


@given(colours, colours)
@settings(max_examples=50, deadline=None)
def test_legible_leaves_a_readable_colour_alone(text: str, ground: str) -> None:
    found = legible(text, ground)
    assert contrast(found, ground) >= AA
    assert found == text or contrast(text, ground) < AA


def test_mixing_ends_at_both_colours() -> None:
    assert mix("#102030", "#ffffff", 0) == "#102030"
    assert mix("#102030", "#ffffff", 1) == "#ffffff"


def test_black_on_white_is_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@given(st.lists(st.text(min_size=1), max_size=len(HUES), unique=True))
def test_categories_share_no_hue_while_there_are_enough(categories: list[str]) -> None:
    given_hues = hues(categories, {})
    assert len(set(given_hues.values())) == len(categories)


def test_a_category_keeps_its_hue_when_another_appears() -> None:
    before = hues(["Nails"], {})
    assert hues(["Brow", "Cut", "Nails", "Spa"], before)["Nails"] == before["Nails"]


@pytest.mark.parametrize("light", [False, True])
def test_thousands_of_brands_can_all_be_read(light: bool) -> None:
    """A fixed sample beside the drawn ones: the same brands at every run, in every corner."""
    random = Random(1976)
    worst = (21.0, "")
    for _ in range(2000):
        primary, accent = (f"#{random.randrange(0x1000000):06x}" for _ in range(2))
        theme = tenant_theme(brand(primary, accent), light=light)
        reached = min(contrast(*pair) for pair in text_pairs(theme))
        worst = min(worst, (reached, f"{primary} {accent}"))
    assert worst[0] >= AA, worst


@pytest.mark.parametrize("light", [False, True])
def test_categories_differ_in_brightness_where_their_colours_fall_together(light: bool) -> None:
    """Hues that look alike without red or green cones are told apart by luminance."""
    paint = ink(tenant_theme(brand("#c265a5", None), light=light))
    bars = [tone(paint, hue, head=True, chosen=False, done=False).ground for hue in HUES]
    assert len({round(luminance(bar), 3) for bar in bars}) == len(bars)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("light", [False, True])
def test_the_desk_can_be_read_without_one_kind_of_cones(light: bool, vision: str) -> None:
    """Words on blocks keep AA; brand and signal colours reach what WCAG asks of signs."""
    random = Random(2009)
    for _ in range(60):
        primary, accent = (f"#{random.randrange(0x1000000):06x}" for _ in range(2))
        theme = tenant_theme(brand(primary, accent), light=light)
        worst = min(contrast(seen(a, vision), seen(b, vision)) for a, b in text_pairs(theme))
        assert worst >= AA_GRAPHIC, (primary, accent)
        paint = ink(theme)
        for hue in HUES:
            part = tone(paint, hue, head=True, chosen=False, done=False)
            assert contrast(seen(part.text, vision), seen(part.ground, vision)) >= AA, hue
    assert contrast(seen(paint.text, vision), seen(paint.ground, vision)) >= AA
