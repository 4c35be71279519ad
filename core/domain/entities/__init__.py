"""What the mirror reads from each kind of Zid's entities: version, facts to compare, columns to list by."""
