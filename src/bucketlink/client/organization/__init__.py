"""What belongs to an organization: its users, keys and integrations."""
