"""Everything in one command: servers, sandbox and processes as one supervised group, for trying out."""
