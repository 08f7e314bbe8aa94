-- Roles in PostgreSQL: who sees and adds which rows, by the login of the connection.
-- session_user is that login, whatever SET ROLE says. Tables of roles belong to the owner alone.

CREATE TABLE IF NOT EXISTS :schema.records_roles (
    login text COLLATE "C", person text NOT NULL, unit text COLLATE "C", role text NOT NULL,
    PRIMARY KEY (login, unit, role)
);
CREATE TABLE IF NOT EXISTS :schema.records_permissions (
    kind text COLLATE "C", role text, PRIMARY KEY (kind, role)
);
REVOKE ALL ON :schema.records, :schema.records_head, :schema.records_roles,
    :schema.records_permissions FROM PUBLIC;

CREATE OR REPLACE FUNCTION :schema.records_may_see(of_unit text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM :schema.records_roles r WHERE r.login = session_user AND r.unit = of_unit
    )
$$;

-- The longest kind that fits counts, as in `access.fits`.
CREATE OR REPLACE FUNCTION :schema.records_may_add(of_unit text, of_kind text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM :schema.records_roles r
        WHERE r.login = session_user AND r.unit = of_unit AND (r.role = 'everyone' OR r.role IN (
            SELECT p.role FROM :schema.records_permissions p WHERE p.kind = (
                SELECT k.kind FROM :schema.records_permissions k
                WHERE of_kind = k.kind OR starts_with(of_kind, k.kind || '.')
                ORDER BY length(k.kind) DESC LIMIT 1
            )
        ))
    )
$$;

-- Runs before `records_are_chained` (triggers run in the order of their names).
CREATE OR REPLACE FUNCTION :schema.records_check() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    IF :schema.records_is_owner() THEN
        RETURN NEW;
    END IF;
    SELECT r.person INTO name FROM :schema.records_roles r
    WHERE r.login = session_user AND r.unit = NEW.unit LIMIT 1;
    IF name IS NULL OR NOT :schema.records_may_add(NEW.unit, NEW.what) THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            'the login %s may not record ''%s'' in ''%s''', session_user, NEW.what, NEW.unit);
    END IF;
    IF NEW.who IN (:programs) AND EXISTS (
        SELECT FROM unnest(ARRAY[:of_program]) kind
        WHERE NEW.what = kind OR starts_with(NEW.what, kind || '.')
    ) THEN
        NULL;  -- what the program records by itself is under its own name
    ELSE
        NEW.who := name;
    END IF;
    IF NEW.what = 'sign_off' AND EXISTS (
        SELECT FROM :schema.records r WHERE r.unit = NEW.unit AND r.month = NEW.month
        AND r.who = name AND r.what IN (:own)
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            '%s decided on numbers of %s in ''%s'' and does not sign it off',
            name, NEW.month, NEW.unit);
    END IF;
    NEW.number := 0;
    NEW.previous := '';
    NEW.hash := '';
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER records_allowed BEFORE INSERT ON :schema.records
FOR EACH ROW EXECUTE FUNCTION :schema.records_check();

ALTER TABLE :schema.records ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS records_seen ON :schema.records;
CREATE POLICY records_seen ON :schema.records FOR SELECT USING (:schema.records_may_see(unit));
DROP POLICY IF EXISTS records_added ON :schema.records;
CREATE POLICY records_added ON :schema.records FOR INSERT
    WITH CHECK (:schema.records_may_add(unit, what));
