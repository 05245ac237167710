"""HTTP: requests and responses of functions, the host's own routes, keys, and Event Grid's webhook."""
