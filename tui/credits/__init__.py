"""Credit services: gateways where a person has a prepaid balance. No screen, no session."""
