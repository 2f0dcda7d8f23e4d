select id, length(a) as la, char_length(a) as ca, left(c, 2) as lc from t where a = 'strasse' or b like 'stra_e' or c = 'E' or (a = 'a' and b = 'a') or c like '%|%%' escape '|'
