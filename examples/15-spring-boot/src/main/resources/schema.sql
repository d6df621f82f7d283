create table product (id int primary key, name varchar(40), price decimal(8, 2), stock int);
create table shop_order (id bigint auto_increment primary key, product int, payment varchar(40));
insert into product select x, 'seed mix ' || x, 4.99 + 1.5 * x, 1000000 from system_range(0, 19);
