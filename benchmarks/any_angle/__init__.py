"""Which group suits digits at any angle, cells and photographs."""
