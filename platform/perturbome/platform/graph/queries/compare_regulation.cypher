// What changes in the regulation between two runs, times or cell types: gained, lost, sign flipped, kept; largest change first.
// before_run: string = null -- run of the network before; any where null
// after_run: string = null -- run of the network after; any where null
// before_cell_type: string = null -- cell type before; any where null
// after_cell_type: string = null -- cell type after; any where null
// before_time: number = null -- time before; any where null
// after_time: number = null -- time after; any where null
// gene: gene = null -- only edges from or to this gene; all where null
// limit: integer = 200 -- most rows to return
// Where several edges of one side join the same genes, the strongest speaks for them.
MATCH (s:Gene)-[r:REGULATES]->(t:Gene)
WHERE coalesce($gene, s.id) IN [s.id, t.id]
WITH s, t, r.weight AS weight,
     CASE WHEN coalesce($before_run, r.run) = r.run
         AND coalesce($before_cell_type, r.cell_type) = r.cell_type
         AND abs(coalesce($before_time, r.time, 1000000000.0) - coalesce(r.time, 1000000000.0))
             <= 0.000001 * (1.0 + abs(coalesce($before_time, 0.0)))
          THEN TRUE ELSE FALSE END AS is_before,
     CASE WHEN coalesce($after_run, r.run) = r.run
         AND coalesce($after_cell_type, r.cell_type) = r.cell_type
         AND abs(coalesce($after_time, r.time, 1000000000.0) - coalesce(r.time, 1000000000.0))
             <= 0.000001 * (1.0 + abs(coalesce($after_time, 0.0)))
          THEN TRUE ELSE FALSE END AS is_after
WHERE is_before OR is_after
WITH s, t,
     max(CASE WHEN is_before THEN weight ELSE NULL END) AS before_high,
     min(CASE WHEN is_before THEN weight ELSE NULL END) AS before_low,
     max(CASE WHEN is_after THEN weight ELSE NULL END) AS after_high,
     min(CASE WHEN is_after THEN weight ELSE NULL END) AS after_low
WITH s, t,
     CASE WHEN abs(before_low) > abs(before_high) THEN before_low ELSE before_high END AS before,
     CASE WHEN abs(after_low) > abs(after_high) THEN after_low ELSE after_high END AS after
RETURN s.id AS regulator, s.symbol AS regulator_symbol, t.id AS target, t.symbol AS target_symbol,
       CASE WHEN before IS NULL THEN 'gained' WHEN after IS NULL THEN 'lost'
            WHEN before * after < 0.0 THEN 'sign flipped' ELSE 'kept' END AS change,
       before AS weight_before, after AS weight_after,
       coalesce(after, 0.0) - coalesce(before, 0.0) AS difference
ORDER BY abs(difference) DESC, regulator, target
LIMIT $limit
