// Genes whose symbol, alias or id begins with some letters, whatever their case; the shortest symbols first.
// text: string -- the first letters
// organism: string = null -- only this organism; any where null
// limit: integer = 20 -- most rows to return
MATCH (g:Gene)
WHERE coalesce($organism, g.organism) = g.organism
UNWIND coalesce(g.aliases, [g.id]) + [g.symbol, g.id] AS name
WITH g, name
WHERE toUpper(name) STARTS WITH toUpper($text)
WITH DISTINCT g
RETURN g.id AS gene, g.symbol AS symbol, g.organism AS organism, g.aliases AS aliases, g.regulator AS regulator
ORDER BY CASE WHEN toUpper(g.symbol) STARTS WITH toUpper($text) THEN 0 ELSE 1 END, size(symbol), symbol, gene
LIMIT $limit
