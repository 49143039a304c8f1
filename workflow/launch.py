"""Write the executed notebooks, with buttons for Colab and Binder, over those of a checkout.

    python workflow/launch.py OWNER/NAME BRANCH [FOLDER]

The workflow that publishes the book commits the result to that branch (pages.yml).
"""

import sys
from pathlib import Path

from rigid_depth.book.executed.copies import shown, texts
from rigid_depth.book.publishing.launching import write_copies

ROOT = Path(__file__).resolve().parents[1]


def main(repository: str, branch: str, folder: str = str(ROOT)) -> None:
    """Writes the copies and says so."""
    found = [shown(text) for text in texts(ROOT)]
    write_copies(found, Path(folder), repository, branch)
    print(f"{len(found)} notebooks for the branch {branch}")


if __name__ == "__main__":
    main(*sys.argv[1:])
