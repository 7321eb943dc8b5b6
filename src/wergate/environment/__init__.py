"""Machine, versions, variables and code: all besides its inputs that a result depends on."""
