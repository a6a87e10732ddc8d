"""Rules of thumb, the historical path, and ladders side by side."""
