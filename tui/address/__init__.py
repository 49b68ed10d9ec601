"""Addresses of endpoints: what a person typed, checked before anything connects."""

from __future__ import annotations

from tui.address.check import AddressVerdict, check_address, origin
from tui.address.hosts import forbidden_ip, is_loopback, is_public

__all__ = ["AddressVerdict", "check_address", "forbidden_ip", "is_loopback", "is_public", "origin"]
