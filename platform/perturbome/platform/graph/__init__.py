"""Graph engines: a projection of the lake that answers Cypher."""
