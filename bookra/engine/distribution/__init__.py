"""Scale-out by tenant: what turns the tables into Citus' distributed ones, and its doing."""
