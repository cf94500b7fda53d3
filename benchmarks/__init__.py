"""What lineage costs: generated inputs, rivals and the benchmarks that hold them side by side."""
