-- A journal of layout 1, as the first version of Serin wrote it. Never edit: a new layout gets a file of its own.
CREATE TABLE services (
    name   TEXT PRIMARY KEY NOT NULL,
    seq    INTEGER NOT NULL,
    format INTEGER NOT NULL,
    state  TEXT NOT NULL
  ) STRICT;
CREATE TABLE records (
    service TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    record  TEXT NOT NULL,
    PRIMARY KEY (service, seq, idx)
  ) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1397901646;
PRAGMA user_version = 1;
INSERT INTO services VALUES ('checkout', 3, 1, '{"placeholder":true,"step":2}');
INSERT INTO services VALUES ('cart', 1, 1, '{"placeholder":true,"step":0}');
INSERT INTO records VALUES ('cart', 1, 0, '{"at":1700000000000,"what":"begun"}');
INSERT INTO records VALUES ('checkout', 1, 0, '{"at":1700000000000,"what":"begun"}');
INSERT INTO records VALUES ('checkout', 3, 0, '{"at":1700000060000,"what":"routed"}');
INSERT INTO records VALUES ('checkout', 3, 1, '{"at":1700000060000,"what":"judged ☕"}');
