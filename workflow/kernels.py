"""How the kernels of notebooks are started: the same by make, by pytest and by hand."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Options = ParamSpec("Options")
Started = TypeVar("Started")

ENVIRONMENT = {
    "RIGID_DEPTH_TYPECHECK": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
QUIET = ["--IPKernelApp.log_level=50"]
"""Options of the kernel: no note on its transport, none when it is told to end."""
STARTS = 3
DEAD_AT_START = "Kernel died before replying to kernel_info"


def persistent(start: Callable[Options, Started]) -> Callable[Options, Started]:
    """Returns `start` with up to three tries, where a kernel dies before it says a word.

    Jupyter looks for five free ports and hands them to the kernel, which takes them a second later.
    A kernel dies where another process, a browser for instance, has taken one of them by then.
    """

    @wraps(start)
    def started(*arguments: Options.args, **options: Options.kwargs) -> Started:
        for _ in range(STARTS - 1):
            try:
                return start(*arguments, **options)
            except RuntimeError as error:
                if DEAD_AT_START not in str(error):
                    raise
        return start(*arguments, **options)

    return started
