"""Training: a configuration resolved once, a model folder written whole, and predictions from it."""
