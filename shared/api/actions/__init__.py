"""The actions of the HTTP API: what each route does."""
