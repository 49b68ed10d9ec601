"""Places of the person's own that speak OpenAI's chat completions: gateways, routers, servers."""
