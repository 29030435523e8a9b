"""`python -m convene` is the same as `convene`."""

from convene.cli import main

if __name__ == "__main__":
    main()
