-- What PostgreSQL does itself: rows are numbered, stamped and chained here, and never changed.
-- Every function names its schema, and looks nothing up elsewhere.

CREATE FUNCTION :schema.records_measure(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS
$$ SELECT coalesce(octet_length(convert_to(value, 'UTF8'))::text || ':' || value, '-') $$;

CREATE FUNCTION :schema.records_hash(r :schema.records) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := '';
    value text;
BEGIN
    FOREACH value IN ARRAY ARRAY[r.number::text, r.at, r.clock, r.who, r.what, r.unit, r.month,
        r.series, r.version, r.subject, r.old, r.new, r.reason, r.once, r.previous]
    LOOP
        said := said || :schema.records_measure(value);
    END LOOP;
    RETURN encode(sha256(convert_to(said, 'UTF8')), 'hex');
END $$;

CREATE FUNCTION :schema.records_now() RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS
$$ SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00' $$;

-- Whether this login owns the table, or is a member of who does: it may import, and is believed.
CREATE FUNCTION :schema.records_is_owner() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_has_role(session_user, relowner, 'MEMBER') FROM pg_class
    WHERE oid = ':schema.records'::regclass
$$;

CREATE FUNCTION :schema.records_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head :schema.records_head;
    last text;
BEGIN
    SELECT * INTO head FROM :schema.records_head FOR UPDATE;
    IF EXISTS (SELECT FROM :schema.records r WHERE r.once = NEW.once) THEN
        RAISE unique_violation USING MESSAGE = 'this is recorded already';
    END IF;
    IF NEW.hash <> '' AND :schema.records_is_owner() THEN  -- an import
        IF NEW.previous <> head.hash OR NEW.number <= head.number
            OR NEW.hash <> :schema.records_hash(NEW) THEN
            RAISE EXCEPTION 'record % does not follow record %', NEW.number, head.number;
        END IF;
    ELSE
        NEW.clock := '';
        IF NOT :schema.records_is_owner() THEN
            NEW.at := :schema.records_now();
        END IF;
        SELECT r.at INTO last FROM :schema.records r WHERE r.number = head.number;
        IF NEW.at < last THEN
            NEW.clock := NEW.at;
            NEW.at := last;
        END IF;
        NEW.number := head.number + 1;
        NEW.previous := head.hash;
        NEW.hash := :schema.records_hash(NEW);
    END IF;
    UPDATE :schema.records_head SET number = NEW.number, hash = NEW.hash;
    RETURN NEW;
END $$;

CREATE TRIGGER records_are_chained BEFORE INSERT ON :schema.records
FOR EACH ROW EXECUTE FUNCTION :schema.records_chain();

CREATE OR REPLACE FUNCTION :schema.refuse_records() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'records are only ever added'; END $$;

CREATE TRIGGER records_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON :schema.records
FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_records();
