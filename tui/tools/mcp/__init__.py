"""MCP servers: who they are, what they offer, and one way to call it."""
