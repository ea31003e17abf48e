"""`python -m trialist`: the command line."""

from trialist.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
