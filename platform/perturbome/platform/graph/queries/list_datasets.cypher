// Data sets in the graph with their size and the number of their perturbations.
MATCH (d:Dataset)
OPTIONAL MATCH (d)-[:CONTAINS]->(p:Perturbation)
WITH d, count(DISTINCT p.id) AS n_perturbations
RETURN d.name AS dataset, d.organism AS organism, d.n_cells AS n_cells, d.n_genes AS n_genes,
       n_perturbations AS n_perturbations, d.expression_unit AS expression_unit, d.time_unit AS time_unit,
       d.description AS description
ORDER BY dataset
