"""What the end-to-end tests are made of: a gateway under test, a recording upstream, raw clients, signed tokens."""
