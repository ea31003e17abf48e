"""The command line: one module a command group; each parses arguments, calls one function of `registry/` and prints."""
