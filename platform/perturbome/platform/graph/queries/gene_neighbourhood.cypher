// Genes one step from a gene: inferred regulation and prior interactions, both directions, strongest first.
// gene: gene -- the gene in the middle
// cell_type: string = null -- regulation of only this cell type; any where null
// time: number = null -- regulation at only this time, in the unit of the data set; any where null
// run: string = null -- only edges of this run; any where null
// limit: integer = 50 -- most rows to return
MATCH (g:Gene {id: $gene})
OPTIONAL MATCH (g)-[a:REGULATES]->(n:Gene)
WHERE coalesce($cell_type, a.cell_type) = a.cell_type
  AND coalesce($run, a.run) = a.run
  AND abs(coalesce($time, a.time, 1000000000.0) - coalesce(a.time, 1000000000.0))
        <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
WITH g, collect({gene: n.id, symbol: n.symbol, relation: 'regulates', strength: abs(a.weight), value: a.weight,
                 sign: a.sign, cell_type: a.cell_type, time: a.time, origin: a.dataset, run: a.run}) AS rows_a
OPTIONAL MATCH (g)<-[b:REGULATES]-(n:Gene)
WHERE coalesce($cell_type, b.cell_type) = b.cell_type
  AND coalesce($run, b.run) = b.run
  AND abs(coalesce($time, b.time, 1000000000.0) - coalesce(b.time, 1000000000.0))
        <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
WITH g, rows_a, collect({gene: n.id, symbol: n.symbol, relation: 'regulated by', strength: abs(b.weight),
                 value: b.weight, sign: b.sign, cell_type: b.cell_type, time: b.time, origin: b.dataset,
                 run: b.run}) AS rows_b
OPTIONAL MATCH (g)-[c:INTERACTS_WITH]->(n:Gene)
WHERE coalesce($run, c.run) = c.run
WITH g, rows_a, rows_b, collect({gene: n.id, symbol: n.symbol, relation: 'interacts with', strength: c.score,
                 value: c.score, sign: c.sign, cell_type: '', time: c.score, origin: c.prior, run: c.run}) AS rows_c
OPTIONAL MATCH (g)<-[d:INTERACTS_WITH]-(n:Gene)
WHERE coalesce($run, d.run) = d.run
WITH rows_a, rows_b, rows_c, collect({gene: n.id, symbol: n.symbol, relation: 'named by', strength: d.score,
                 value: d.score, sign: d.sign, cell_type: '', time: d.score, origin: d.prior, run: d.run}) AS rows_d
UNWIND rows_a + rows_b + rows_c + rows_d AS row
WITH row WHERE row.gene IS NOT NULL
RETURN row.gene AS gene, row.symbol AS symbol, row.relation AS relation, row.value AS value, row.sign AS sign,
       CASE WHEN row.cell_type = '' THEN NULL ELSE row.cell_type END AS cell_type,
       CASE WHEN row.cell_type = '' THEN NULL ELSE row.time END AS time,
       row.origin AS origin, row.run AS run
ORDER BY row.strength DESC, gene, relation, run, origin, coalesce(cell_type, ''), coalesce(time, -1000000000.0)
LIMIT $limit
