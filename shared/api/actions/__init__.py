"""The actions of the HTTP API, one for each route."""
