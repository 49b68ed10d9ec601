from __future__ import annotations

from decimal import Decimal

import pytest

from tui.settings.schema import BY_ID, SECTIONS, SETTINGS
from tui.settings.values import Refused, from_text, show, validate

CONTRACT = {
    "model.default": None,
    "credits.fallback": False,
    "credits.fallback_limit_usd": "0.50",
    "budget.request_usd": None,
    "budget.turn_usd": None,
    "budget.session_usd": None,
    "budget.day_usd": None,
    "budget.month_usd": None,
    "approvals.mode": "ask",
    "cache.warn_usd": "0.05",
    "payer.ask_on_change": True,
    "appearance.glyphs": "auto",
    "account.plan": "personal",
    "account.org_size": 1,
    "account.platform_rate": None,
}


@pytest.mark.parametrize(("name", "default"), CONTRACT.items())
def test_every_setting_of_the_contract_has_its_default(name, default):
    assert BY_ID[name].default == default


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.id)
def test_every_default_is_a_valid_value(setting):
    assert validate(setting, setting.default) == setting.default


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.id)
def test_every_value_that_is_shown_can_be_typed_back(setting):
    assert from_text(setting, show(setting.default)) == setting.default


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.id)
def test_every_setting_stands_in_a_section_of_the_sidebar(setting):
    assert setting.section in SECTIONS


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("credits.fallback", "true", True),
        ("credits.fallback", "off", False),
        ("credits.fallback", "Yes", True),
        ("budget.day_usd", "5", "5"),
        ("budget.day_usd", '"0.50"', "0.50"),
        ("budget.day_usd", "$2.50", "2.50"),
        ("budget.day_usd", "0", "0"),
        ("budget.day_usd", "1e-9", "0.000000001"),
        ("budget.day_usd", "1e3", "1000"),
        ("budget.day_usd", "null", None),
        ("budget.day_usd", "none", None),
        ("model.default", "anthropic/claude-opus-4-7", "anthropic/claude-opus-4-7"),
        ("model.default", '"my-gateway/vendor/m:free"', "my-gateway/vendor/m:free"),
        ("model.default", "own-best", "own-best"),
        ("account.org_size", "12", 12),
        ("account.platform_rate", "2.5", Decimal("2.5")),
        ("account.platform_rate", "3.0", 3),
        ("approvals.mode", "edit", "edit"),
        ("appearance.theme", "tokyo-night", "tokyo-night"),
    ],
)
def test_what_a_person_types_becomes_the_value(name, typed, kept):
    assert from_text(BY_ID[name], typed) == kept


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("credits.fallback", "maybe"),
        ("credits.fallback", "2"),
        ("credits.fallback", "null"),
        ("budget.day_usd", "-1"),
        ("budget.day_usd", "-0"),
        ("budget.day_usd", "NaN"),
        ("budget.day_usd", "Infinity"),
        ("budget.day_usd", "much"),
        ("budget.day_usd", "0.0000000001"),
        ("budget.day_usd", "1e-999999"),
        ("budget.day_usd", "1e999999"),
        ("budget.day_usd", "true"),
        ("budget.day_usd", "[1]"),
        ("cache.warn_usd", "null"),
        ("model.default", "nomodel"),
        ("model.default", "a b/c"),
        ("model.default", "/c"),
        ("model.default", "a/"),
        ("model.default", "a/\x1b[31m"),
        ("model.default", "a/" + "b" * 300),
        ("account.org_size", "0"),
        ("account.org_size", "1.5"),
        ("account.org_size", "9" * 40),
        ("account.plan", "gold"),
        ("account.platform_rate", "-2"),
        ("approvals.mode", "yolo"),
        ("appearance.theme", "../x"),
        ("appearance.theme", ""),
        ("appearance.theme", '"unclosed'),
    ],
)
def test_a_wrong_value_is_refused_with_the_settings_name(name, typed):
    with pytest.raises(Refused, match=name if '"' not in typed else "."):
        from_text(BY_ID[name], typed)


@pytest.mark.parametrize("value", [1.5, [1], {"a": 1}, b"x", float("nan")])
@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.id)
def test_no_setting_takes_a_float_a_list_or_an_object(setting, value):
    if setting.kind == "amounts" and isinstance(value, dict):
        value = {"a": [1]}
    with pytest.raises(Refused):
        validate(setting, value)
