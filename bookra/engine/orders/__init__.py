"""What is sold without a visit: goods, gift cards, packages, memberships."""
