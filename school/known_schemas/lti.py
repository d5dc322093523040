"""What later versions of school.db have more for learning platforms: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["LTI"]

LTI: Final = """;
CREATE TABLE lti_platforms (
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    auth_url TEXT NOT NULL,
    jwks_url TEXT NOT NULL,
    added_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX lti_platforms_client ON lti_platforms (issuer, client_id);
CREATE TABLE lti_deployments (
    platform TEXT NOT NULL,
    deployment TEXT NOT NULL,
    PRIMARY KEY (platform, deployment),
    CONSTRAINT lti_deployments_platform_fkey
        FOREIGN KEY(platform) REFERENCES lti_platforms (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE lti_accounts (
    platform TEXT NOT NULL,
    deployment TEXT NOT NULL,
    subject TEXT NOT NULL,
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (platform, deployment, subject),
    CONSTRAINT lti_accounts_deployment_fkey
        FOREIGN KEY(platform, deployment)
        REFERENCES lti_deployments (platform, deployment) ON DELETE CASCADE,
    CONSTRAINT lti_accounts_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX lti_accounts_person ON lti_accounts (person)
"""
