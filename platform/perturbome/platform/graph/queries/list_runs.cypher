// Runs in the graph, oldest first.
// kind: string = null -- ingest, infer, train, predict, rank or benchmark; every kind where null
MATCH (r:Run)
WHERE coalesce($kind, r.kind) = r.kind
RETURN r.id AS run, r.kind AS kind, r.name AS name, r.started AS started, r.finished AS finished,
       r.code_version AS code_version, r.metrics AS metrics
ORDER BY run
