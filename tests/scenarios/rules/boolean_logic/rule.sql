select id from t where (state in ('new', 'lost') xor price > 5) or not (gone is null and price <=> null) and gone < date'2024-02-01'
