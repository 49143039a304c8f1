"""The hash of code: what computes changes it, what is said, shown or renamed does not."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rigid_depth import PACKAGE
from rigid_depth.codehash.code import Code

MATHS = '''"""Mathematics."""
import math
from functools import cache

FACTOR = 2.0
_TABLE = {"a": 1}


def area(radius: float, *, scale=1.0) -> float:
    """The area."""
    square = _square(radius)  # twice
    if radius < 0:
        raise ValueError(f"radius is {radius}; allowed are numbers from 0")
    return FACTOR * math.pi * square * scale


def _square(x):
    return x * x


def unused(x):
    return x + 1


class Base:
    side = 1

    def _helper(self, a):
        self._kept = a
        return a

    def _other(self, a):
        return self._kept + a


class Shape(Base):
    def size(self, values):
        return self._helper(sum(v for v in values)) + len(values)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n > 0 and even(n - 1)
'''
LOOP = """from tqdm import tqdm

from package.maths import Shape, area, even


def speak(text, loud):
    if loud:
        tqdm.write(text)


def total(radii, loud=False):
    speak(f"{len(radii)} circles", loud)
    result = 0
    for radius in tqdm(radii, desc="circles", disable=not loud):
        result += area(radius)
    with tqdm(total=3, unit="m") as bar:
        bar.update(2)
        result = Shape().size([result])
    print("done")
    return result if even(2) else None
"""


@pytest.fixture
def package(tmp_path):
    """Writes a package of two modules, with texts replaced, and hashes `loop.total` of it."""

    def made(*edits: tuple[str, str], **files: str) -> str:
        folder = tmp_path / "package"
        texts = {"maths": MATHS, "loop": LOOP, "__init__": ""} | files
        for old, new in edits:
            assert any(old in text for text in texts.values()), old
            texts = {name: text.replace(old, new) for name, text in texts.items()}
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.py").write_text(text)
        code = Code(Path(folder))
        return code.hash([code.definition("package.loop:total")])

    return made


SAME = {
    "docstring": [('"""The area."""', '"""How big."""')],
    "comment": [("# twice", "# two times")],
    "quotes round an annotation": [("radius: float", 'radius: "float"')],
    "no annotation": [("radius: float, *, scale=1.0) -> float", "radius, *, scale=1.0)")],
    "wording of an error": [("radius is {radius}; allowed", "{radius} is no radius; allowed")],
    "text of a bar": [('desc="circles"', 'desc="disks", leave=False')],
    "text of another bar": [('total=3, unit="m"', "total=3")],
    "no bar": [('tqdm(radii, desc="circles", disable=not loud)', "radii")],
    "what is printed": [('print("done")', 'print("finished", result)')],
    "what a helper that prints says": [("circles", "disks"), ("tqdm.write(text)", "print(text)")],
    "private helper": [("_square", "_times_itself")],
    "public function": [("area", "size_of_disk")],
    "constant": [("FACTOR", "_TWO")],
    "private method": [("_helper", "_keep")],
    "private attribute": [("_kept", "_last")],
    "local variable": [("square = ", "squared = "), ("* square *", "* squared *")],
    "variable of a comprehension": [("v for v in values", "one for one in values")],
    "alias of an import": [("import math", "import math as m"), ("math.pi", "m.pi")],
    "other import": [("import math", "from math import pi"), ("math.pi", "pi")],
    "unused function": [("return x + 1", "return x + 2")],
    "unused constant": [("_TABLE", "_OTHER")],
    "bar by keyword": [("tqdm(radii, desc", "tqdm(iterable=radii, desc")],
    "loop that only prints": [
        ("result = 0\n", "result = 0\n    for r in (1, 2):\n        print(r)\n")
    ],
    "empty branch": [("result = 0\n", "result = 0\n    if loud:\n        pass\n")],
}
OTHER = {
    "factor": [("FACTOR = 2.0", "FACTOR = 2.1")],
    "operation": [("return x * x", "return x + x")],
    "default": [("scale=1.0", "scale=2.0")],
    "integer for float": [("FACTOR = 2.0", "FACTOR = 2")],
    "condition of an error": [("radius < 0", "radius < 1")],
    "what a bar counts": [("tqdm(radii,", "tqdm(radii[1:],")],
    "exchanged variables": [("result += area(radius)", "radius += area(result)")],
    "another private method": [("self._helper(sum", "self._other(sum")],
    "attribute of a class": [("side = 1", "side = 2")],
    "in a circle of two": [("return n > 0 and", "return n > 1 and")],
    "an operator deep below": [("math.pi", "math.tau")],
    "a loop over what may be a generator": [
        ("result = 0\n", "result = 0\n    for r in radii:\n        print(r)\n")
    ],
    "the other of two that are both reached": [
        ("Shape, area, even", "Shape, area, odd"),
        ("even(2)", "odd(2)"),
    ],
    "a decorator": [("def _square", "@cache\ndef _square")],
    "what a table is given": [("_TABLE = ", "FACTOR = FACTOR + 1\n_TABLE = ")],
    "public attribute": [("def size(", "def extent("), ("Shape().size", "Shape().extent")],
}


@pytest.mark.parametrize("edits", SAME.values(), ids=SAME)
def test_what_does_not_compute_does_not_count(package, edits):
    assert package(*edits) == package()


@pytest.mark.parametrize("edits", OTHER.values(), ids=OTHER)
def test_what_computes_counts(package, edits):
    assert package(*edits) != package()


def test_a_definition_may_move_to_another_file(package):
    start = MATHS.index("def _square")
    end = MATHS.index("def unused")
    moved = {
        "maths": "from package.powers import _square\n" + MATHS[:start] + MATHS[end:],
        "powers": MATHS[start:end],
    }
    assert package(**moved) == package()
    assert package(("return x * x", "return x ** 2"), **moved) != package()


def test_a_name_may_come_through_a_package_that_loads_it_lazily(package):
    shown = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.maths import area\n"
    )
    through = LOOP.replace("Shape, area, even", "Shape, even") + "from package import area\n"
    assert package(loop=through, __init__=shown) == package()
    reached = through + "import package\n"
    reached = reached.replace("+= area", "+= package.area")
    assert package(loop=reached, __init__=shown) == package()


def test_a_local_name_hides_a_global_one(package):
    hidden = ("result = 0\n", "result = 0\n    area = float\n")
    assert package(hidden) != package()
    both = (hidden, ("FACTOR = 2.0", "FACTOR = 3.0"))
    assert package(*both) == package(hidden), "area is not reached any more"


def test_what_is_settled_does_not_count(package, tmp_path):
    def hashed(*edits):
        package(*edits)
        plain = Code(tmp_path / "package")
        settled = [plain.definition("package.maths:area"), plain.definition("package.maths:even")]
        code = Code(tmp_path / "package", settled)
        return code.hash([code.definition("package.loop:total")])

    first = hashed()
    assert hashed(("FACTOR = 2.0", "FACTOR = 3.0")) == first
    assert hashed(("return x * x", "return x"), ("return n == 0", "return n == 1")) == first
    assert hashed(("side = 1", "side = 2")) != first


def test_a_statement_that_adds_to_an_object_belongs_to_it(package):
    registered = ("result += area(radius)", "result += TABLE[0]")
    module = LOOP + "TABLE = [1, 2]\nTABLE[0] = 5\n"
    assert package(registered, loop=module) != package(registered, ("= 5", "= 6"), loop=module)


def test_a_name_that_is_nowhere_is_named(package):
    with pytest.raises(ValueError, match=r"package\.maths has no name 'volume'"):
        package(("import Shape, area, even", "import Shape, area, even, volume"),
                ("+= area", "+= volume"))  # fmt: skip


def test_threads_that_hash_at_once_do_not_disturb_each_other():
    """Python 3.11 fails where a collection lets another thread parse while one does."""
    files = sorted(PACKAGE.glob("experiments/*/*.py"))
    parts = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in files]
    modules = [".".join(part) for part in parts if part[-1] != "__init__"]
    threshold = gc.get_threshold()

    def give_way(*_):
        time.sleep(0)

    gc.callbacks.append(give_way)
    gc.set_threshold(100)
    try:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda _: [*map(Code().bindings, modules)], range(6)))
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(give_way)
    names = [[list(bindings) for bindings in of_one] for of_one in found]
    assert len(modules) > 20
    assert names == names[:1] * 6
