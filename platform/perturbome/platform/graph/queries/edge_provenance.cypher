// Where an inferred edge comes from: its run with the configuration, and each run and data set that this run read.
// regulator: gene -- tail of the edge
// target: gene -- head of the edge
// run: string = null -- only what this run inferred; any where null
MATCH (s:Gene {id: $regulator})-[r:REGULATES]->(t:Gene {id: $target})
WHERE coalesce($run, r.run) = r.run
MATCH (made:Run)
WHERE made.id = r.run
OPTIONAL MATCH (made)-[:READ]->(parent:Run)
WITH r, made, collect({kind: parent.kind, name: parent.id, what: parent.name}) AS parents
OPTIONAL MATCH (made)-[:READ]->(data:Dataset)
WITH r, made, parents, collect({kind: 'data set', name: data.name, what: data.description}) AS datasets
UNWIND parents + datasets + [{kind: 'run', name: made.id, what: made.name}] AS source
WITH r, made, source
WHERE source.name IS NOT NULL
RETURN made.id AS run, made.kind AS run_kind, made.name AS run_name, made.started AS started,
       made.code_version AS code_version, made.configuration AS configuration,
       r.dataset AS dataset, r.cell_type AS cell_type, r.time AS time, r.weight AS weight, r.stability AS stability,
       CASE WHEN source.kind = 'run' THEN 'itself' ELSE source.kind END AS input_kind,
       source.name AS input, source.what AS input_name
ORDER BY run, dataset, cell_type, coalesce(time, -1000000000.0), weight, input_kind, input
