from django.db import migrations


def add_xid(apps, schema_editor):
    # SQLite has one writer at a time: there, seq alone is the order of commits.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE SEQUENCE catalog_change_seq")
        schema_editor.execute("ALTER TABLE catalog_catalogchange ADD COLUMN xid bigint NOT NULL")
        schema_editor.execute("CREATE INDEX catalog_change_order ON catalog_catalogchange (xid, seq)")


def drop_xid(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX catalog_change_order")
        schema_editor.execute("ALTER TABLE catalog_catalogchange DROP COLUMN xid")
        schema_editor.execute("DROP SEQUENCE catalog_change_seq")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(add_xid, drop_xid, elidable=False)]
