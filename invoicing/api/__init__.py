"""Invoicing over HTTP: read the input, call one service or selector, answer."""

READ = "invoicing:read"
WRITE = "invoicing:write"
