from __future__ import annotations

import ast

from tests.source_tree import ROOT, Module, broken, planted

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_SHEET = 300


def long_module(module: Module):
    lines = len(module.text.splitlines())
    if lines > MOST_LINES:
        yield f"{module.path} {lines} lines"


def long_functions(module: Module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                yield module.place(node, f"{node.name} {lines} lines")


def test_modules_stay_small():
    assert broken(long_module) == []
    assert planted(long_module, "x = 1\n" * (MOST_LINES + 1))


def test_functions_stay_small():
    assert broken(long_functions) == []
    assert planted(long_functions, "async def f():\n" + "    x = 1\n" * MOST_LINES_OF_A_FUNCTION)


def test_style_sheets_stay_small():
    lengths = {
        sheet.name: len(sheet.read_text("utf-8").splitlines())
        for sheet in (ROOT / "styles").glob("*.tcss")
    }
    assert lengths
    assert {n: lines for n, lines in lengths.items() if lines > MOST_LINES_OF_A_SHEET} == {}
