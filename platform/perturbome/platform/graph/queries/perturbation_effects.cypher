// What a perturbation changes, measured and predicted, largest change first.
// perturbation: string -- id of the perturbation, as in knockout:STAT1
// context: string = null -- only this cell type; any where null
// run: string = null -- only effects of this run; any where null
// observed: boolean = null -- true: measured only, false: predicted only; both where null
// limit: integer = 100 -- most rows to return
MATCH (p:Perturbation {id: $perturbation})-[c:CHANGES]->(g:Gene)
WHERE coalesce($context, c.context) = c.context
  AND coalesce($run, c.run) = c.run
  AND coalesce($observed, c.observed) = c.observed
RETURN g.id AS gene, g.symbol AS symbol, c.delta AS delta, c.lower AS lower, c.upper AS upper, c.baseline AS baseline,
       c.observed AS observed, c.model AS model, c.dataset AS dataset, c.context AS context, c.run AS run
ORDER BY abs(delta) DESC, gene, run, dataset, context, observed, coalesce(model, '')
LIMIT $limit
