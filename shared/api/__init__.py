"""The HTTP API: the table of routes, requests, views, schemas and the OpenAPI document."""
