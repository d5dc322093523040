"""The one wrapper of the MQTT client, and what it needs to trust a broker and be trusted."""
