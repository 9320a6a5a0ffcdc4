"""Signs and verifies tokens with PyJWT, as commands say."""

from __future__ import annotations

import json
from typing import Any

import jwt
from token_common import serve, trusted


def sign(claims: dict[str, Any], key: str) -> str:
    parsed = jwt.PyJWK.from_json(key)
    headers = {"kid": parsed.key_id} if parsed.key_id else None
    return jwt.encode(claims, parsed.key, json.loads(key)["alg"], headers=headers)


serve("tokens of PyJWT", sign, trusted)
