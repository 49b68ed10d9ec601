"""Addresses of endpoints: what a person typed, checked before anything connects."""

from __future__ import annotations

from tui.address.check import AddressVerdict, check_address, origin
from tui.address.hosts import forbidden_ip, is_loopback, is_public
from tui.address.pasted import holds_key, is_secret_name

__all__ = [
    "AddressVerdict", "check_address", "forbidden_ip", "holds_key", "is_loopback", "is_public",
    "is_secret_name", "origin",
]  # fmt: skip
