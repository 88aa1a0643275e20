-- Before-images of every row that is written, so that a whole database can be brought back to an earlier
-- moment in place: between two histories, and where a history restores its database from a dump.
CREATE SCHEMA undo;

CREATE UNLOGGED TABLE undo.log (
    seq bigserial PRIMARY KEY,
    tab oid NOT NULL,
    key text NOT NULL,
    is_new boolean NOT NULL,
    row_before jsonb
);

-- keys: the columns of the primary key
CREATE TABLE undo.tables (tab oid PRIMARY KEY, name text NOT NULL, keys text[] NOT NULL);

-- A row by its key; TG_ARGV are the columns of the primary key.
CREATE FUNCTION undo.note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
    present jsonb := CASE WHEN TG_OP = 'INSERT' THEN to_jsonb(NEW) ELSE before END;
BEGIN
    INSERT INTO undo.log (tab, key, is_new, row_before)
    VALUES (TG_RELID,
            CASE TG_NARGS WHEN 1 THEN present ->> TG_ARGV[0]
                          ELSE (present ->> TG_ARGV[0]) || ' ' || (present ->> TG_ARGV[1]) END,
            TG_OP = 'INSERT', before);
    RETURN NULL;
END $$;

CREATE FUNCTION undo.install() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    INSERT INTO undo.tables
    SELECT c.oid, c.relname, array_agg(a.attname ORDER BY a.attnum)
      FROM pg_class c
      JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
     GROUP BY c.oid, c.relname;
    FOR t IN SELECT * FROM undo.tables LOOP
        EXECUTE format('CREATE TRIGGER undo_note AFTER INSERT OR UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION undo.note(%s)',
                       t.name, (SELECT string_agg(quote_literal(c), ', ') FROM unnest(t.keys) c));
    END LOOP;
END $$;

-- Bring all rows back to what they were at the mark; return the tables that were written since.
CREATE FUNCTION undo.back(mark bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    t record;
    touched text[] := '{}';
    own text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR t IN SELECT * FROM undo.tables WHERE tab IN (SELECT DISTINCT tab FROM undo.log WHERE seq > mark) LOOP
        touched := touched || t.name;
        own := (SELECT string_agg(format('%I::text', c), ' || '' '' || ') FROM unnest(t.keys) c);
        IF array_length(t.keys, 1) = 1 THEN
            EXECUTE format('DELETE FROM %I WHERE %I IN'
                           ' (SELECT key::int FROM undo.log WHERE seq > $1 AND tab = $2)', t.name, t.keys[1])
              USING mark, t.tab;
        ELSE
            EXECUTE format('DELETE FROM %I WHERE (%I, %I) IN (SELECT split_part(key, '' '', 1)::int,'
                           ' split_part(key, '' '', 2)::int FROM undo.log WHERE seq > $1 AND tab = $2)',
                           t.name, t.keys[1], t.keys[2])
              USING mark, t.tab;
        END IF;
        EXECUTE format('INSERT INTO %1$I SELECT r.* FROM (SELECT DISTINCT ON (key) is_new, row_before'
                       ' FROM undo.log WHERE seq > $1 AND tab = $2 ORDER BY key, seq) f,'
                       ' LATERAL jsonb_populate_record(NULL::%1$I, f.row_before) r WHERE NOT is_new', t.name)
          USING mark, t.tab;
    END LOOP;
    DELETE FROM undo.log WHERE seq > mark;
    RETURN touched;
END $$;

-- Let time pass: every moment that the addon has stored lies so much further back.
CREATE TABLE undo.moments AS
    SELECT table_name AS name, string_agg(format('%1$I = %1$I - $1', column_name), ', ') AS moves
      FROM information_schema.columns
     WHERE table_schema = 'public' AND starts_with(table_name, 'fapiao') AND data_type LIKE 'timestamp%'
       AND table_name NOT IN ('fapiao_tax_code', 'fapiao_ticket_category')
     GROUP BY table_name;

CREATE FUNCTION undo.age(span interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM undo.moments LOOP
        EXECUTE format('UPDATE %I SET %s', t.name, t.moves) USING span;
    END LOOP;
END $$;
