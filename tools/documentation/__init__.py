"""What `mkdocs build` makes of the code and of measurements, beside the pages."""
