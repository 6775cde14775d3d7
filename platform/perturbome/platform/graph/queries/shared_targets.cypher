// Genes that two regulators are both inferred to regulate in one network, strongest pair first.
// regulator: gene -- one regulator
// other: gene -- the other regulator
// cell_type: string = null -- only this cell type; any where null
// time: number = null -- only this time, in the unit of the data set; any where null
// run: string = null -- only what this run inferred; any where null
// limit: integer = 100 -- most rows to return
MATCH (a:Gene {id: $regulator})-[r:REGULATES]->(t:Gene)<-[q:REGULATES]-(b:Gene {id: $other})
WHERE a.id <> b.id
  AND coalesce($cell_type, r.cell_type) = r.cell_type
  AND coalesce($run, r.run) = r.run
  AND abs(coalesce($time, r.time, 1000000000.0) - coalesce(r.time, 1000000000.0))
        <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  AND q.run = r.run AND q.cell_type = r.cell_type AND q.dataset = r.dataset
  AND coalesce(q.time, -1000000000.0) = coalesce(r.time, -1000000000.0)
RETURN t.id AS target, t.symbol AS symbol, r.weight AS weight, q.weight AS other_weight,
       r.sign * q.sign AS agreement, r.dataset AS dataset, r.cell_type AS cell_type, r.time AS time, r.run AS run
ORDER BY CASE WHEN abs(r.weight) < abs(q.weight) THEN abs(r.weight) ELSE abs(q.weight) END DESC,
         target, run, dataset, cell_type, coalesce(time, -1000000000.0)
LIMIT $limit
