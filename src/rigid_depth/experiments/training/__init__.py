"""How a run is trained: by `loop`, on the batches of `feed`, towards the `objective`."""
