"""The ledger of time and money: hours before and since, what kits cost, and what classes gained."""
