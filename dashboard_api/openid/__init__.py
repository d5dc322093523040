"""Signing in with a school account: OpenID Connect."""
