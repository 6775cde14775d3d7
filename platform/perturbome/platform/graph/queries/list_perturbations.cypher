// Perturbations of a data set, or of all, with their cells and the genes they hit; one row per gene.
// dataset: string = null -- only this data set; all where null
MATCH (d:Dataset)-[c:CONTAINS]->(p:Perturbation)
WHERE coalesce($dataset, d.name) = d.name
OPTIONAL MATCH (p)-[:PERTURBS]->(g:Gene)
WITH DISTINCT d.name AS dataset, p.id AS perturbation, p.label AS label, p.mode AS mode, p.dose AS dose,
     c.n_cells AS n_cells, g.id AS gene, g.symbol AS symbol
RETURN dataset, perturbation, label, mode, dose, n_cells, gene, symbol
ORDER BY dataset, perturbation, coalesce(gene, ''), n_cells
