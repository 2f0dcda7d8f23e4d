create table t (id int primary key, doc json);
insert into t values (1, '{"a": 1, "b": {"c": "x"}}'), (2, '{"a": "1", "b": [1, 2]}'), (3, '{"a": true, "b": null}'), (4, null), (5, '{"a": 1.0, "b": {"c": "X"}}'), (6, '[1, {"a": 1}]');
