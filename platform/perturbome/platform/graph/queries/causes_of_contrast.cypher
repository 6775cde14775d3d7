// Genes ranked as the causes of a change between two groups of cells, best first.
// contrast: string -- id of the contrast
// model: string = null -- only this model's ranking; every model's where null
// run: string = null -- only this run's ranking; any where null
// limit: integer = 100 -- most rows to return
MATCH (c:Contrast {id: $contrast})-[k:CAUSED_BY]->(g:Gene)
WHERE coalesce($model, k.model) = k.model
  AND coalesce($run, k.run) = k.run
RETURN k.rank AS rank, g.id AS gene, g.symbol AS symbol, k.score AS score, k.q AS q, k.model AS model, k.run AS run,
       c.dataset AS dataset, c.before AS before, c.after AS after, c.context AS context
ORDER BY rank, model, run, gene
LIMIT $limit
