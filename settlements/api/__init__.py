"""Settlements over HTTP: read the input, call one service or selector, answer."""

READ = "settlements:read"
WRITE = "settlements:write"
