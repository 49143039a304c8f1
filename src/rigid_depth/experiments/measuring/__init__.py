"""How a run is measured: `measure` goes over a split, `metrics` says what an error is, `alignment`
how near two branches came.
"""
