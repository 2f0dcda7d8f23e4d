"""Commands of `rowcast`. `main` dispatches; every command is a module with add_arguments(parser) and execute(args)."""
