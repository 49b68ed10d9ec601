"""Values of any of our struct types for Hypothesis, read off their annotations."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import msgspec.inspect as mi
from hypothesis import strategies as st

from tui.events.codec import AnyEvent

TEXT = st.text(st.characters(), max_size=40)
"""Any text, halves of surrogate pairs too: bytes that were no UTF-8 are kept as such."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
EVENT_TYPES: tuple[type, ...] = AnyEvent.__args__
_UTC = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2999, 1, 1), timezones=st.just(dt.UTC))


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Every value that the annotation `kind` allows."""
    return _of(mi.type_info(kind))


def _of(info: mi.Type) -> st.SearchStrategy[Any]:
    match info:
        case mi.NoneType():
            return st.none()
        case mi.BoolType():
            return st.booleans()
        case mi.IntType():
            return st.integers(-(2**63), 2**63 - 1)
        case mi.FloatType():  # seconds, all of them
            return st.floats(0, 1e9)
        case mi.StrType():
            return TEXT
        case mi.BytesType():
            return st.binary(max_size=40)
        case mi.DecimalType():
            return st.decimals(allow_nan=False, allow_infinity=False, places=12)
        case mi.DateTimeType():
            return _UTC
        case mi.LiteralType(values=allowed):
            return st.sampled_from(allowed)
        case mi.AnyType():
            return JSON
        case mi.UnionType(types=types):
            return st.one_of([_of(one) for one in types])
        case mi.VarTupleType(item_type=item):
            return st.lists(_of(item), max_size=3).map(tuple)
        case mi.TupleType(item_types=items):
            return st.tuples(*(_of(item) for item in items))
        case mi.DictType(value_type=value):
            return st.dictionaries(TEXT, _of(value), max_size=3)
        case mi.StructType(cls=cls, fields=fields):
            return _struct(cls, fields)
        case _:
            raise NotImplementedError(info)


def _struct(cls: type, fields: tuple[mi.Field, ...]) -> st.SearchStrategy[msgspec.Struct]:
    given = {field.name: _of(field.type) for field in fields}
    return st.fixed_dictionaries(given).map(lambda kept: cls(**kept))
