// What prior networks say of an inferred edge: each prior edge between the two genes, and whether its sign agrees.
// regulator: gene -- tail of the inferred edge
// target: gene -- head of the inferred edge
// cell_type: string = null -- only this cell type; any where null
// time: number = null -- only this time, in the unit of the data set; any where null
// run: string = null -- only what this run inferred; any where null
// Agreement is 1 where a signed prior edge says what the strongest inferred weight says, -1 where it says the opposite,
// 0 where the prior has no sign, null where nothing was inferred.
MATCH (s:Gene {id: $regulator})
OPTIONAL MATCH (s)-[r:REGULATES]->(t:Gene {id: $target})
WHERE coalesce($cell_type, r.cell_type) = r.cell_type
  AND coalesce($run, r.run) = r.run
  AND abs(coalesce($time, r.time, 1000000000.0) - coalesce(r.time, 1000000000.0))
        <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
WITH max(r.weight) AS high, min(r.weight) AS low
WITH CASE WHEN abs(low) > abs(high) THEN low ELSE high END AS weight
MATCH (a:Gene)-[i:INTERACTS_WITH]->(b:Gene)
WHERE a.id IN [$regulator, $target] AND b.id IN [$regulator, $target]
  AND (a.id <> b.id OR $regulator = $target)
RETURN i.prior AS prior, a.id AS source, a.symbol AS source_symbol, b.id AS target, b.symbol AS target_symbol,
       i.directed AS directed, i.sign AS sign, i.score AS score, weight AS inferred_weight,
       CASE WHEN weight > 0.0 THEN i.sign WHEN weight < 0.0 THEN 0 - i.sign ELSE NULL END AS agreement, i.run AS run
ORDER BY score DESC, prior, source, target, run, sign
