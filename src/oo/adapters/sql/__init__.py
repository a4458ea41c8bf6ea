"""The store in SQL: tables and statements in SQLAlchemy Core, migrated by Alembic."""
