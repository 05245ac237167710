"""What every dialect is built from, without state: requests, routes, responses, errors, the length of a text."""
