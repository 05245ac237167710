"""What every dialect is made of, without state: requests, routes, responses, errors, lengths of texts."""
