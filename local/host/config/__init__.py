"""What the host reads as it starts: host.json, app settings and the connections that they name."""
