"""What the cells of a notebook call that needs no published run: set-up, exercises, drawings."""
