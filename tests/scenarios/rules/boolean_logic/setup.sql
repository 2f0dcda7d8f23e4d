create table t (id int primary key, state enum('new', 'paid', 'lost') not null, price decimal(10, 2), gone datetime null);
insert into t values (1, 'new', 9.99, null), (2, 'paid', null, null), (3, 'lost', 0.00, '2024-01-31 12:00:00'), (4, 'new', 20.00, '2024-02-29 00:00:00'), (5, 'paid', -1.00, null);
