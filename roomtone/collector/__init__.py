"""Holds the signed figures of many sites, and shows them: it asks no site for anything."""
