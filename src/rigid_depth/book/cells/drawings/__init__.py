"""What the chapters draw: functions of data that return figures, a module for each notebook."""
