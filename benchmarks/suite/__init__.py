"""The benchmark suite: cases, how they are measured, what is kept of them; see `benchmarks/README.md`."""
