"""Reports: one HTML page, complete in itself, about one run or several side by side."""
