"""The search's index: its table, the functions that fold and split text, and the triggers that keep it (docs: `SearchEntry`).

Nothing is rewritten and nothing is locked for longer than it takes to create a trigger; what exists already is filled in by 0003.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGinExtension
from django.db import migrations, models

# Parts a host name, an address, a path and an error code into words that follow each other, so that each is found whole (as a phrase) and
# by its parts. PostgreSQL's own parser would keep some of them whole (a path, an e-mail address), split others, and read "-12" as a number.
PUNCTUATION = r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""" + "\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2022\u00b7\u2026\u2190\u2192"

FUNCTIONS = [
    # Text as it is searched: without accents, capitals and punctuation. unaccent() is STABLE for it might find another dictionary by name;
    # here the dictionary is bound when the function is made, so the answer never changes, which a stored column and a constant need.
    """
    CREATE FUNCTION flowpilot_fold(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(lower(unaccent('unaccent'::regdictionary, t){collate}), $p${punctuation}$p$, repeat(' ', {spaces}));
    """,
    """
    CREATE FUNCTION flowpilot_line(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(regexp_replace(flowpilot_fold(t), '\\s+', ' ', 'g'));
    """,
    # A tsvector holds 1 MB at most: of a very long text its first 80,000 and its last 20,000 characters are searched.
    """
    CREATE FUNCTION flowpilot_clip(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN length(t) <= 100000 THEN t ELSE left(t, 80000) || chr(10) || right(t, 20000) END;
    """,
    # Every word as it stands (phrases, exact things, beginnings of words), and after them the English stems. These keep places of their own:
    # a phrase that ends in a half-typed word finds nothing where any word with that beginning has none.
    """
    CREATE FUNCTION flowpilot_words(t text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT to_tsvector('simple'::regconfig, folded) || to_tsvector('english'::regconfig, folded)
        FROM (SELECT left(flowpilot_fold(t), 250000) AS folded) AS text
    );
    """,
    # The rows of the index for the columns of one session.
    """
    CREATE FUNCTION flowpilot_search_places(title text, client text, ticket text, domain text, summary text, notes text)
    RETURNS TABLE (place smallint, headline text, words tsvector) LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT 0::smallint, concat_ws(chr(10), flowpilot_line(title), flowpilot_line(client), flowpilot_line(ticket), flowpilot_line(domain)),
            flowpilot_words(concat_ws(chr(10), title, client, ticket, domain))
        UNION ALL SELECT 1::smallint, '', flowpilot_words(flowpilot_clip(summary))
        UNION ALL SELECT 2::smallint, '', flowpilot_words(flowpilot_clip(notes));
    END;
    """,
    """
    CREATE FUNCTION flowpilot_step_words(who text, asked text, command text, text text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN flowpilot_words(concat_ws(chr(10), who, left(asked, 2000), left(command, 10000), flowpilot_clip(text)));
    """,
]

TRIGGERS = [
    """
    CREATE FUNCTION flowpilot_search_session() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
    BEGIN
        INSERT INTO flowpilot_searchentry (session_id, account_id, place, number, headline, words)
        SELECT NEW.id, NEW.account_id, p.place, 0, p.headline, p.words
        FROM flowpilot_search_places(NEW.title, NEW.client, NEW.ticket, NEW.domain, NEW.problem_summary, NEW.ticket_notes) AS p
        ON CONFLICT (session_id, place, number) DO UPDATE SET headline = EXCLUDED.headline, words = EXCLUDED.words;
        RETURN NULL;
    END $f$;
    """,
    # Writing a step updates its session too (numbers, times): the columns named here are what spares it this trigger.
    """
    CREATE TRIGGER flowpilot_search_session_new AFTER INSERT ON flowpilot_aisession
    FOR EACH ROW EXECUTE FUNCTION flowpilot_search_session();
    """,
    """
    CREATE TRIGGER flowpilot_search_session_changed
    AFTER UPDATE OF title, client, ticket, domain, problem_summary, ticket_notes ON flowpilot_aisession FOR EACH ROW
    WHEN ((OLD.title, OLD.client, OLD.ticket, OLD.domain, OLD.problem_summary, OLD.ticket_notes)
        IS DISTINCT FROM (NEW.title, NEW.client, NEW.ticket, NEW.domain, NEW.problem_summary, NEW.ticket_notes))
    EXECUTE FUNCTION flowpilot_search_session();
    """,
    """
    CREATE FUNCTION flowpilot_search_session_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
    BEGIN
        DELETE FROM flowpilot_searchentry AS e USING gone WHERE e.session_id = gone.id;
        RETURN NULL;
    END $f$;
    """,
    """
    CREATE TRIGGER flowpilot_search_session_gone AFTER DELETE ON flowpilot_aisession REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION flowpilot_search_session_gone();
    """,
    # Steps and facts: once for each statement, however many rows it brings.
    """
    CREATE FUNCTION flowpilot_search_steps() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
    BEGIN
        INSERT INTO flowpilot_searchentry (session_id, account_id, place, number, headline, words)
        SELECT n.session_id, s.account_id, 4, n.number, '', flowpilot_step_words(n.author_label, n.asked, n.command, n.text)
        FROM fresh AS n JOIN flowpilot_aisession AS s ON s.id = n.session_id
        ON CONFLICT (session_id, place, number) DO UPDATE SET words = EXCLUDED.words;
        RETURN NULL;
    END $f$;
    """,
    """
    CREATE FUNCTION flowpilot_search_facts() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
    BEGIN
        INSERT INTO flowpilot_searchentry (session_id, account_id, place, number, headline, words)
        SELECT n.session_id, s.account_id, 3, n.number, '', flowpilot_words(flowpilot_clip(n.text))
        FROM fresh AS n JOIN flowpilot_aisession AS s ON s.id = n.session_id
        ON CONFLICT (session_id, place, number) DO UPDATE SET words = EXCLUDED.words;
        RETURN NULL;
    END $f$;
    """,
    """
    CREATE FUNCTION flowpilot_search_numbered_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
    BEGIN
        DELETE FROM flowpilot_searchentry AS e USING gone
        WHERE e.session_id = gone.session_id AND e.place = TG_ARGV[0]::smallint AND e.number = gone.number;
        RETURN NULL;
    END $f$;
    """,
    *(
        f"""
        CREATE TRIGGER flowpilot_search_{what}_{when} AFTER {event} ON {table} REFERENCING {rows}
        FOR EACH STATEMENT EXECUTE FUNCTION {function};
        """
        for what, table, place in (("steps", "flowpilot_sessionstep", 4), ("facts", "flowpilot_fact", 3))
        for when, event, rows, function in (
            ("new", "INSERT", "NEW TABLE AS fresh", f"flowpilot_search_{what}()"),
            ("changed", "UPDATE", "NEW TABLE AS fresh", f"flowpilot_search_{what}()"),
            ("gone", "DELETE", "OLD TABLE AS gone", f"flowpilot_search_numbered_gone({place})"),
        )
    ),
    # Fills in what is missing of some sessions. What a trigger writes meanwhile is newer, and wins.
    """
    CREATE FUNCTION flowpilot_search_fill(sessions uuid[]) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $f$
        INSERT INTO flowpilot_searchentry (session_id, account_id, place, number, headline, words)
        SELECT s.id, s.account_id, p.place, 0, p.headline, p.words FROM flowpilot_aisession AS s
        CROSS JOIN LATERAL flowpilot_search_places(s.title, s.client, s.ticket, s.domain, s.problem_summary, s.ticket_notes) AS p
        WHERE s.id = ANY (sessions)
        UNION ALL
        SELECT s.id, s.account_id, 4, n.number, '', flowpilot_step_words(n.author_label, n.asked, n.command, n.text)
        FROM flowpilot_sessionstep AS n JOIN flowpilot_aisession AS s ON s.id = n.session_id WHERE s.id = ANY (sessions)
        UNION ALL
        SELECT s.id, s.account_id, 3, n.number, '', flowpilot_words(flowpilot_clip(n.text))
        FROM flowpilot_fact AS n JOIN flowpilot_aisession AS s ON s.id = n.session_id WHERE s.id = ANY (sessions)
        ON CONFLICT (session_id, place, number) DO NOTHING;
    $f$;
    """,
]

TAKE_BACK = """
    DROP FUNCTION flowpilot_search_fill(uuid[]);
    DROP FUNCTION flowpilot_search_session() CASCADE;
    DROP FUNCTION flowpilot_search_session_gone() CASCADE;
    DROP FUNCTION flowpilot_search_steps() CASCADE;
    DROP FUNCTION flowpilot_search_facts() CASCADE;
    DROP FUNCTION flowpilot_search_numbered_gone() CASCADE;
"""
TAKE_BACK_FUNCTIONS = """
    DROP FUNCTION flowpilot_step_words(text, text, text, text);
    DROP FUNCTION flowpilot_search_places(text, text, text, text, text, text);
    DROP FUNCTION flowpilot_words(text);
    DROP FUNCTION flowpilot_clip(text);
    DROP FUNCTION flowpilot_line(text);
    DROP FUNCTION flowpilot_fold(text);
"""


def make_functions(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        # In a database of the C locale lower() knows ASCII only; PostgreSQL 17 has a collation that knows all of Unicode everywhere.
        cursor.execute(
            "SELECT 1 FROM pg_collation WHERE collname = 'pg_c_utf8' AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))"
        )
        collate = ' COLLATE "pg_catalog"."pg_c_utf8"' if cursor.fetchone() else ""
    for function in FUNCTIONS:
        sql = function.replace("{collate}", collate).replace("{punctuation}", PUNCTUATION).replace("{spaces}", str(len(PUNCTUATION)))
        schema_editor.execute(sql, params=None)


def drop_functions(apps, schema_editor):
    schema_editor.execute(TAKE_BACK_FUNCTIONS, params=None)


def make_triggers(apps, schema_editor):
    for sql in TRIGGERS:
        schema_editor.execute(sql, params=None)


def drop_triggers(apps, schema_editor):
    schema_editor.execute(TAKE_BACK, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("flowpilot", "0001_initial"),
    ]

    operations = [
        BtreeGinExtension(),
        migrations.RunPython(make_functions, drop_functions),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "session_id", "place", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "place",
                    models.SmallIntegerField(
                        choices=[(0, "Title, client, ticket, domain"), (1, "Summary"), (2, "Ticket notes"), (3, "Fact"), (4, "Step")]
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("headline", models.TextField()),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="flowpilot.aisession",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "search entries",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["account", "words"], name="search_words"),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("place", 0)),
                        fields=["account", "headline"],
                        name="search_headline_trgm",
                        opclasses=["int8_ops", "gin_trgm_ops"],
                    ),
                ],
            },
        ),
        migrations.RunPython(make_triggers, drop_triggers),
        # No query could use it (a search without regard to capitals compares UPPER(title)), and every new session paid for it.
        migrations.RemoveIndex(model_name="aisession", name="session_title_trgm"),
    ]
