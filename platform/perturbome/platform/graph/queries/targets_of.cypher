// Genes that a gene is inferred to regulate, strongest first.
// gene: gene -- the gene asked about
// cell_type: string = null -- only this cell type; any where null
// time: number = null -- only this time, in the unit of the data set; any where null
// run: string = null -- only what this run inferred; any where null
// limit: integer = 100 -- most rows to return
MATCH (g:Gene {id: $gene})-[r:REGULATES]->(n:Gene)
WHERE coalesce($cell_type, r.cell_type) = r.cell_type
  AND coalesce($run, r.run) = r.run
  AND abs(coalesce($time, r.time, 1000000000.0) - coalesce(r.time, 1000000000.0))
        <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
RETURN n.id AS target, n.symbol AS symbol, r.weight AS weight, r.sign AS sign, r.p AS p,
       r.stability AS stability, r.dataset AS dataset, r.cell_type AS cell_type, r.time AS time, r.run AS run
ORDER BY abs(weight) DESC, target, run, dataset, cell_type, coalesce(time, -1000000000.0)
LIMIT $limit
