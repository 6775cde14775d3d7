"""Models judged side by side: every model, split and seed, with baselines and the replicate ceiling in one table."""
