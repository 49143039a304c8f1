"""How the kernels of notebooks are started: the same by make, by pytest and by hand."""

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
