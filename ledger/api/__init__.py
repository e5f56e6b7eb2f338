"""The ledger over HTTP: read the input, call one service or selector, answer."""

READ = "ledger:read"
WRITE = "ledger:write"
