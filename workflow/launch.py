"""Write the executed notebooks, with buttons for Colab and Binder, over those of a checkout.

    python workflow/launch.py OWNER/NAME BRANCH [FOLDER]

The workflow that publishes the book commits the result to that branch (pages.yml).
"""

import argparse
from pathlib import Path

from rigid_depth.book.executed.copies import shown, texts
from rigid_depth.book.publishing.launching import write_copies

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Reads the command line, writes the copies and says so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="OWNER/NAME")
    parser.add_argument("branch")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="of the checkout")
    given = parser.parse_args()
    found = [shown(text) for text in texts(ROOT)]
    write_copies(found, given.folder, given.repository, given.branch)
    print(f"{len(found)} notebooks for the branch {given.branch}")


if __name__ == "__main__":
    main()
