"""Which values of a Secret anyone may read."""

from __future__ import annotations

import base64

import pytest

from pytest_gitops.checks.policy._secrets import is_plaintext

OPEN = [
    ("AWS_REGION", "eu-west-1"),
    ("DB_HOST", "database.example.com"),
    ("clientId", "grafana"),
    ("GF_AUTH_GENERIC_OAUTH_SCOPES", "openid profile"),
    ("TIMEOUT", "15m"),
    ("WORKERS", "8"),
    ("dns", "10.0.0.53"),
    ("valkey-url", "redis://cache:6379"),
    ("TOKEN_URL", "https://id.example.com/api/oidc/token"),
    ("RESTIC_REPOSITORY", "s3:http://192.168.1.63:9000/volsync/web"),
    ("url", "ssh://git@github.com/example-org/fleet-infra"),
    ("url", "git@github.com:example-org/fleet-infra"),
    ("password", "${PASSWORD}"),
    ("password", "op://vault/item/password"),
    ("token", "secret://op_connect_token"),
    ("password", "CHANGE_ME"),
    ("tls.crt", "-----BEGIN CERTIFICATE-----\nMIIB"),
]
CLOSED = [
    ("password", "hunter2"),
    ("pin", "1234"),
    ("API_KEY", "d41d8cd98f00b204"),
    ("access-key-id", "AKIAIOSFODNN7EXAMPLE"),
    ("secretName", "postgres://web:hunter2@database/web"),
    ("DATABASE_HOST", "postgres://web:hunter2@database/web"),
    ("url", "https://user:hunter2@git.example.com/fleet-infra"),
    ("address", "https://hooks.slack.com/services/T00000000/B00000000/XXXX"),
    ("url", "https://discord.com/api/webhooks/123456/abcdef"),
    ("callback", "https://example.com/in/8f14e45fceea167a5a36dedd4bea2543"),
    ("config", "token: hunter2"),
]


@pytest.mark.parametrize("encoded", [False, True], ids=["stringData", "data"])
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [*((key, value, False) for key, value in OPEN), *((key, value, True) for key, value in CLOSED)],
)
def test_a_value_is_secret_or_not(key: str, value: str, expected: bool, encoded: bool) -> None:
    text = base64.b64encode(value.encode()).decode() if encoded else value
    assert is_plaintext(key, text, encoded=encoded) is expected
