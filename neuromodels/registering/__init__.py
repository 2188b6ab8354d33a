"""How the registry is filled: plugins are loaded one by one, and each of their items is checked."""
