"""Tokens made and read."""

from __future__ import annotations

import json
import unittest
from typing import Any

from support import LibraryTest, burrow

SHARED = json.dumps(
    {"alg": "HS256", "kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "kid": "test-key"}
)
#: Made by another program with the key above.
KNOWN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InRlc3Qta2V5In0."
    "eyJyb290Ijoicm9vbS8xMjMiLCJwdXQiOlsiYWxpY2UiXSwiZ2V0IjpbIiJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMH0."
    "owBAFL7rSy93DnAkRV8VBIP9Q2mh4morYRt417tMbhA"
)
FIELDS = ("room/123", ("alice",), ("",), 4102444800, 1767225600)


class TokenTest(LibraryTest):
    def claims(self, *fields: Any) -> Any:
        return burrow.TokenClaims(*(fields or FIELDS))

    def test_a_token_made_elsewhere(self) -> None:
        self.assertEqual(burrow.sign_token(self.claims(), SHARED), KNOWN)
        self.assertEqual(burrow.verify_token(KNOWN, SHARED), self.claims())
        self.assertEqual(burrow.verify_token(KNOWN, json.dumps({"keys": [json.loads(SHARED)]})), self.claims())

    def test_many_paths(self) -> None:
        claims = burrow.TokenClaims("", tuple(f"a/{n}" for n in range(100)), tuple("bcdef"))
        self.assertEqual(burrow.verify_token(burrow.sign_token(claims, SHARED), SHARED), claims)

    def test_what_is_not_believed(self) -> None:
        other = SHARED.replace("AAEC", "BBEC")
        with self.assertRaises(burrow.UnauthorizedError):
            burrow.verify_token(KNOWN, other)
        with self.assertRaises(burrow.TokenExpiredError):
            burrow.verify_token(burrow.sign_token(burrow.TokenClaims(publish=("a",), expires=1), SHARED), SHARED)
        for wrong in ("", "a.b", KNOWN + "!", KNOWN.replace(".", "")):
            with self.assertRaises(burrow.TokenError):
                burrow.verify_token(wrong, SHARED)
        with self.assertRaises(burrow.TokenError):
            burrow.sign_token(burrow.TokenClaims("room"), SHARED)
        with self.assertRaises(burrow.TokenKeyError):
            burrow.sign_token(self.claims(), "{}")
        with self.assertRaises(burrow.InvalidArgumentError):
            burrow.sign_token(burrow.TokenClaims("room", ("a",), expires=-1), SHARED)


if __name__ == "__main__":
    unittest.main()
