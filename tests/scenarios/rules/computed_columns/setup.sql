create table t (id bigint unsigned primary key, price decimal(10, 2), quantity int, name varchar(20) character set utf8mb4, born date);
insert into t values (1, 9.99, 3, 'Ärger', '1999-12-31'), (2, null, 1, 'b', '2024-02-29'), (3, 0.01, 0, null, null), (4, -5.50, -2, '', '2000-01-01');
