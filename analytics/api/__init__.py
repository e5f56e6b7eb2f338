"""Analytics over HTTP: read the input, call one service or selector, answer."""

READ = "analytics:read"
WRITE = "analytics:write"
