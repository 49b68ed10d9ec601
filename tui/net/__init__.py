"""The one way to the network: a maker of HTTP clients, and short questions over them."""

from __future__ import annotations

from tui.net.client import CLOUD_SILENCE_S as CLOUD_SILENCE_S
from tui.net.client import ENVIRONMENT as ENVIRONMENT
from tui.net.client import MAX_BODY_BYTES as MAX_BODY_BYTES
from tui.net.client import Network as Network
from tui.net.questions import Answer as Answer
from tui.net.questions import get_json as get_json
from tui.net.questions import get_page as get_page
from tui.net.questions import post_json as post_json
