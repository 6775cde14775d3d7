// Shortest ways from a regulator to a target, up to four steps in one network, with the sign of each step; strongest first.
// regulator: gene -- where the path starts
// target: gene -- where it ends
// cell_type: string = null -- only this cell type; any where null
// time: number = null -- only this time, in the unit of the data set; any where null
// run: string = null -- only what this run inferred; any where null
// limit: integer = 10 -- most rows to return
// All steps of a path come from one network: the same run, cell type and time. The sign of a path is the product of
// its steps' signs, its strength the product of their absolute weights. A longer way is told only if no shorter exists.
MATCH (a:Gene {id: $regulator})-[r1:REGULATES]->(b:Gene {id: $target})
WHERE coalesce($cell_type, r1.cell_type) = r1.cell_type
  AND coalesce($run, r1.run) = r1.run
  AND abs(coalesce($time, r1.time, 1000000000.0) - coalesce(r1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
RETURN 1 AS hops, [a.id, b.id] AS path, [a.symbol, b.symbol] AS symbols,
       [r1.weight] AS weights, [r1.sign] AS signs,
       r1.sign AS sign, abs(r1.weight) AS strength,
       r1.cell_type AS cell_type, r1.time AS time, r1.run AS run
ORDER BY strength DESC, run, cell_type, coalesce(time, -1000000000.0)
LIMIT $limit
UNION ALL
MATCH (a:Gene {id: $regulator})-[r1:REGULATES]->(x1:Gene)-[r2:REGULATES]->(b:Gene {id: $target})
WHERE coalesce($cell_type, r1.cell_type) = r1.cell_type
  AND coalesce($run, r1.run) = r1.run
  AND abs(coalesce($time, r1.time, 1000000000.0) - coalesce(r1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  AND r2.run = r1.run AND r2.cell_type = r1.cell_type AND coalesce(r2.time, -1000000000.0) = coalesce(r1.time, -1000000000.0)
  AND NOT EXISTS {
    MATCH (:Gene {id: $regulator})-[q1:REGULATES]->(:Gene {id: $target})
    WHERE coalesce($cell_type, q1.cell_type) = q1.cell_type
      AND coalesce($run, q1.run) = q1.run
      AND abs(coalesce($time, q1.time, 1000000000.0) - coalesce(q1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  }
RETURN 2 AS hops, [a.id, x1.id, b.id] AS path, [a.symbol, x1.symbol, b.symbol] AS symbols,
       [r1.weight, r2.weight] AS weights, [r1.sign, r2.sign] AS signs,
       r1.sign * r2.sign AS sign, abs(r1.weight) * abs(r2.weight) AS strength,
       r1.cell_type AS cell_type, r1.time AS time, r1.run AS run
ORDER BY strength DESC, x1.id, run, cell_type, coalesce(time, -1000000000.0)
LIMIT $limit
UNION ALL
MATCH (a:Gene {id: $regulator})-[r1:REGULATES]->(x1:Gene)-[r2:REGULATES]->(x2:Gene)-[r3:REGULATES]->(b:Gene {id: $target})
WHERE coalesce($cell_type, r1.cell_type) = r1.cell_type
  AND coalesce($run, r1.run) = r1.run
  AND abs(coalesce($time, r1.time, 1000000000.0) - coalesce(r1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  AND r2.run = r1.run AND r2.cell_type = r1.cell_type AND coalesce(r2.time, -1000000000.0) = coalesce(r1.time, -1000000000.0)
  AND r3.run = r1.run AND r3.cell_type = r1.cell_type AND coalesce(r3.time, -1000000000.0) = coalesce(r1.time, -1000000000.0)
  AND NOT EXISTS {
    MATCH (:Gene {id: $regulator})-[q1:REGULATES]->(:Gene {id: $target})
    WHERE coalesce($cell_type, q1.cell_type) = q1.cell_type
      AND coalesce($run, q1.run) = q1.run
      AND abs(coalesce($time, q1.time, 1000000000.0) - coalesce(q1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  }
  AND NOT EXISTS {
    MATCH (:Gene {id: $regulator})-[q1:REGULATES]->(y1:Gene)-[q2:REGULATES]->(:Gene {id: $target})
    WHERE coalesce($cell_type, q1.cell_type) = q1.cell_type
      AND coalesce($run, q1.run) = q1.run
      AND abs(coalesce($time, q1.time, 1000000000.0) - coalesce(q1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
      AND q2.run = q1.run AND q2.cell_type = q1.cell_type AND coalesce(q2.time, -1000000000.0) = coalesce(q1.time, -1000000000.0)
  }
RETURN 3 AS hops, [a.id, x1.id, x2.id, b.id] AS path, [a.symbol, x1.symbol, x2.symbol, b.symbol] AS symbols,
       [r1.weight, r2.weight, r3.weight] AS weights, [r1.sign, r2.sign, r3.sign] AS signs,
       r1.sign * r2.sign * r3.sign AS sign, abs(r1.weight) * abs(r2.weight) * abs(r3.weight) AS strength,
       r1.cell_type AS cell_type, r1.time AS time, r1.run AS run
ORDER BY strength DESC, x1.id, x2.id, run, cell_type, coalesce(time, -1000000000.0)
LIMIT $limit
UNION ALL
MATCH (a:Gene {id: $regulator})-[r1:REGULATES]->(x1:Gene)-[r2:REGULATES]->(x2:Gene)-[r3:REGULATES]->(x3:Gene)-[r4:REGULATES]->(b:Gene {id: $target})
WHERE coalesce($cell_type, r1.cell_type) = r1.cell_type
  AND coalesce($run, r1.run) = r1.run
  AND abs(coalesce($time, r1.time, 1000000000.0) - coalesce(r1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  AND r2.run = r1.run AND r2.cell_type = r1.cell_type AND coalesce(r2.time, -1000000000.0) = coalesce(r1.time, -1000000000.0)
  AND r3.run = r1.run AND r3.cell_type = r1.cell_type AND coalesce(r3.time, -1000000000.0) = coalesce(r1.time, -1000000000.0)
  AND r4.run = r1.run AND r4.cell_type = r1.cell_type AND coalesce(r4.time, -1000000000.0) = coalesce(r1.time, -1000000000.0)
  AND NOT EXISTS {
    MATCH (:Gene {id: $regulator})-[q1:REGULATES]->(:Gene {id: $target})
    WHERE coalesce($cell_type, q1.cell_type) = q1.cell_type
      AND coalesce($run, q1.run) = q1.run
      AND abs(coalesce($time, q1.time, 1000000000.0) - coalesce(q1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
  }
  AND NOT EXISTS {
    MATCH (:Gene {id: $regulator})-[q1:REGULATES]->(y1:Gene)-[q2:REGULATES]->(:Gene {id: $target})
    WHERE coalesce($cell_type, q1.cell_type) = q1.cell_type
      AND coalesce($run, q1.run) = q1.run
      AND abs(coalesce($time, q1.time, 1000000000.0) - coalesce(q1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
      AND q2.run = q1.run AND q2.cell_type = q1.cell_type AND coalesce(q2.time, -1000000000.0) = coalesce(q1.time, -1000000000.0)
  }
  AND NOT EXISTS {
    MATCH (:Gene {id: $regulator})-[q1:REGULATES]->(y1:Gene)-[q2:REGULATES]->(y2:Gene)-[q3:REGULATES]->(:Gene {id: $target})
    WHERE coalesce($cell_type, q1.cell_type) = q1.cell_type
      AND coalesce($run, q1.run) = q1.run
      AND abs(coalesce($time, q1.time, 1000000000.0) - coalesce(q1.time, 1000000000.0)) <= 0.000001 * (1.0 + abs(coalesce($time, 0.0)))
      AND q2.run = q1.run AND q2.cell_type = q1.cell_type AND coalesce(q2.time, -1000000000.0) = coalesce(q1.time, -1000000000.0)
      AND q3.run = q1.run AND q3.cell_type = q1.cell_type AND coalesce(q3.time, -1000000000.0) = coalesce(q1.time, -1000000000.0)
  }
RETURN 4 AS hops, [a.id, x1.id, x2.id, x3.id, b.id] AS path, [a.symbol, x1.symbol, x2.symbol, x3.symbol, b.symbol] AS symbols,
       [r1.weight, r2.weight, r3.weight, r4.weight] AS weights, [r1.sign, r2.sign, r3.sign, r4.sign] AS signs,
       r1.sign * r2.sign * r3.sign * r4.sign AS sign, abs(r1.weight) * abs(r2.weight) * abs(r3.weight) * abs(r4.weight) AS strength,
       r1.cell_type AS cell_type, r1.time AS time, r1.run AS run
ORDER BY strength DESC, x1.id, x2.id, x3.id, run, cell_type, coalesce(time, -1000000000.0)
LIMIT $limit
