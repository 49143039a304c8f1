"""What a run leaves: `report` fills its `record`; `weights` and `pictures` lie beside it, in a
`folder` that one call at a time works in.
"""
