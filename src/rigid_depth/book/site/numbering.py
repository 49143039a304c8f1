"""One numbering: a chapter has its number in the thesis, and its figures, tables, equations follow.

The number of a chapter is the beginning of its file's name and of its title: `03c_maps_onto_so3.md`
is *3c Maps onto SO(3)*, `07_8_rotations.md` *7.8 Rotations*. What the chapter numbers itself has a
hyphen, *Figure 7.8-1*, which no number of the thesis has; the thesis's own are called *thesis
Figure 7.8*, *thesis eq. 3.10*, *thesis Algorithm 1*. Sections are numbered in the thesis alone.
Docstrings of the package call them so, too: they reach the pages of its API.
"""

from __future__ import annotations

from functools import lru_cache

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment

from rigid_depth.book.chapters import chapter_number

KEPT_PAGES = 4


def restore(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Gives Sphinx back its own numbers, so that it finds only pages changed where they changed.

    Returns no page: Sphinx asks every handler of this event which pages it changes, and finds them.
    """
    env.toc_fignumbers = getattr(env, "rigid_depth_fignumbers", env.toc_fignumbers)
    return []


def assign(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Puts `7.8-1`, `7.8-2`, ... in place of Sphinx's numbers; other pages count from 1.

    Returns no page, as `restore`.
    """
    env.rigid_depth_fignumbers = env.toc_fignumbers
    env.toc_fignumbers = {
        page: {
            kind: {name: (_own(page, place),) for place, name in enumerate(numbers, 1)}
            for kind, numbers in kinds.items()
        }
        for page, kinds in env.toc_fignumbers.items()
    }
    return []


def _own(page: str, place: int) -> str:
    number = chapter_number(page)
    return f"{number}-{place}" if number else str(place)


class _Remembering:
    """An environment that keeps the last pages it was asked for; nobody may change them."""

    def __init__(self, env: BuildEnvironment):
        self._env = env
        self.get_doctree = lru_cache(maxsize=KEPT_PAGES)(env.get_doctree)

    def __getattr__(self, name: str) -> object:
        return getattr(self._env, name)


class NumberedReferences(StandardDomain):
    """Sphinx's domain of labels; reads the page that a `{numref}` leads to once for many of them.

    Sphinx reads it for each of some 450, which was a quarter of the processor time of a build.
    """

    def __init__(self, env: BuildEnvironment):
        super().__init__(env)
        self._pages = _Remembering(env)

    def _resolve_numref_xref(self, _env: object, *reference: object) -> nodes.Element | None:
        return super()._resolve_numref_xref(self._pages, *reference)


def setup(app: Sphinx) -> None:
    """Numbers after Sphinx has numbered (its priority is 500)."""
    app.add_domain(NumberedReferences, override=True)
    app.connect("env-get-updated", restore, priority=400)
    app.connect("env-get-updated", assign, priority=600)
