"""Configuration: host.json, app settings, and the connections that they name."""
