"""Who asks and by which way: certificates, reverse proxies, host names and origins."""
