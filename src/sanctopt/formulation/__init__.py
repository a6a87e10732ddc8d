"""The Pyomo program, one module per player or idea; `build.build_program` puts it together."""
