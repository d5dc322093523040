"""What is done to a store beside keeping: sealing, repair, salvage, purging."""
