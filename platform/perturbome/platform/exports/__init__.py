"""Out of the store: networks, data sets and tables in the formats other tools read."""
