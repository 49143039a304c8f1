"""What a run leaves: `report` fills its `record`; `weights` and `pictures` lie beside it."""
