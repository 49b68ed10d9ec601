"""The only place that picks implementations."""

from tui.runtime.root import Runtime as Runtime
