-- What do we expect of the coming three months by region, beside the same months last year?
SELECT u.unit, c.label AS month, r.region, sum(f.forecast) AS forecast, sum(a.actual) AS last_year
FROM fact_forecast AS f
JOIN dim_vintage AS v ON v.vintage_key = f.vintage_key AND v.is_latest
JOIN dim_series AS s ON s.series_key = f.series_key AND s.is_bottom
JOIN dim_unit AS u ON u.unit_key = s.unit_key
JOIN dim_region AS r ON r.region_key = s.region_key
JOIN dim_calendar AS c ON c.month_key = f.month_key
LEFT JOIN fact_actual AS a ON a.series_key = f.series_key AND a.month_key = f.month_key - 100
WHERE f.is_published AND f.lag <= 3
GROUP BY u.unit, c.label, r.region
ORDER BY u.unit, c.label, r.region;

-- How good was what was published for the last twelve months, one and three months ahead?
SELECT u.unit, f.lag, count(*) AS n,
       sum(abs(f.forecast - a.actual)) / sum(abs(a.actual)) AS wape,
       sum(abs(b.forecast - a.actual)) / sum(abs(a.actual)) AS wape_of_last_year,
       sum(f.forecast - a.actual) / sum(a.actual) AS bias
FROM fact_forecast AS f
JOIN fact_forecast AS b ON b.vintage_key = f.vintage_key AND b.series_key = f.series_key
  AND b.month_key = f.month_key AND b.stage = 'baseline'
JOIN fact_actual AS a ON a.series_key = f.series_key AND a.month_key = f.month_key
JOIN dim_series AS s ON s.series_key = f.series_key AND s.is_bottom
JOIN dim_unit AS u ON u.unit_key = s.unit_key
JOIN dim_vintage AS known ON known.vintage_key = a.vintage_key
JOIN dim_calendar AS c ON c.month_key = f.month_key
WHERE f.is_published AND f.lag IN (1, 3) AND a.actual IS NOT NULL
  AND c.month > known.made_in - INTERVAL '12' MONTH AND c.month <= known.made_in
GROUP BY u.unit, f.lag
ORDER BY u.unit, f.lag;

-- Whose changes brought forecasts closer to what was sold, and by how much in all?
SELECT u.unit, o.author, count(*) AS changes,
       sum(abs(o.old - a.actual) - abs(o.final - a.actual)) AS closer_by
FROM fact_override AS o
JOIN fact_actual AS a ON a.series_key = o.series_key AND a.month_key = o.month_key
JOIN dim_series AS s ON s.series_key = o.series_key
JOIN dim_unit AS u ON u.unit_key = s.unit_key
WHERE o.state = 'applied' AND a.actual IS NOT NULL
GROUP BY u.unit, o.author
ORDER BY u.unit, closer_by DESC;
