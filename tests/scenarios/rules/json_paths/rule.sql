select id, doc->>'$.b.c' as c, doc->'$.b' as b from t where doc->'$.a' = 1 or doc->>'$.b.c' like 'X%' or doc->'$[1].a' <=> 1 or doc is null
